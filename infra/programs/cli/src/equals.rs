//! Flags whose value is optional take the value after an equals sign only.
//!
//! Without a check, `--local http://host` would take the URL for the word that comes next, such as
//! the method of `send`, and talk to another stack.

/// The question that a command line deserves which has a value without its equals sign.
pub(crate) fn question(arguments: &[String]) -> Option<String> {
    // What comes after `--` is no flag.
    let flags = arguments.split(|word| word == "--").next().unwrap_or_default();
    flags.windows(2).find_map(|pair| {
        let [flag, word] = pair else { return None };
        let is_value = match flag.as_str() {
            "--local" => is_place(word),
            // No other word may stand beside this flag.
            "--lines" => !word.starts_with('-'),
            _ => false,
        };
        is_value.then(|| {
            format!("{flag} takes its value after an equals sign; did you mean {flag}={word}?")
        })
    })
}

/// Whether a word is a URL, or a host with a port.
pub(crate) fn is_place(word: &str) -> bool {
    let host_and_port = || {
        let (host, port) = word.rsplit_once(':')?;
        let is_host = host.chars().all(|c| c.is_ascii_alphanumeric() || ".-[]:".contains(c));
        Some(!host.is_empty() && is_host && port.parse::<u16>().is_ok())
    };
    word.starts_with("http://") || word.starts_with("https://") || host_and_port() == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(line: &str) -> Option<String> {
        question(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_place_without_its_equals_sign_is_asked_about() {
        for place in ["http://127.0.0.1:8081", "https://x.test", "localhost:8081", "[::1]:80"] {
            let question = asked(&format!("hubcast send --local {place} --user alice toast"));
            assert!(question.unwrap().ends_with(&format!("did you mean --local={place}?")));
        }
        let lines = asked("hubcast send --local --lines notifications.jsonl").unwrap();
        assert!(lines.ends_with("did you mean --lines=notifications.jsonl?"), "{lines}");
    }

    #[test]
    fn other_words_after_the_flags_stay() {
        for line in [
            "hubcast users count --local alice",
            "hubcast users count --local user:alice",
            "hubcast send --local --lines --keep-going",
            "hubcast send --local=http://127.0.0.1:8081 --user a toast",
            "hubcast send --all toast -- --local http://127.0.0.1:8081",
            "hubcast listen --local",
        ] {
            assert_eq!(asked(line), None, "{line}");
        }
    }
}
