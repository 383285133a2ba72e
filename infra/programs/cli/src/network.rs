//! Errors of the network in words: people need to know what to look at, and not which layer of a
//! library saw the error.

use std::error::Error;
use std::io::ErrorKind;

use hubcast_model::report::chain;

/// What happened, without the layers that libraries put around an error.
pub(crate) fn in_words(err: &(dyn Error + 'static)) -> String {
    let mut causes = std::iter::successors(Some(err), |&err| err.source());
    let known = causes.find_map(|cause| cause.downcast_ref::<std::io::Error>().and_then(of_io));
    known.map_or_else(|| by_text(&chain(err)), str::to_owned)
}

fn of_io(err: &std::io::Error) -> Option<&'static str> {
    match err.kind() {
        ErrorKind::ConnectionRefused => Some("nothing listens there"),
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            Some("the connection was cut")
        }
        ErrorKind::TimedOut => Some("no answer came in time"),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            Some("there is no way to that host")
        }
        _ => None,
    }
}

/// Some libraries keep the text of a cause, and not the cause.
fn by_text(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let known = [
        ("connection refused", "nothing listens there"),
        ("dns error", "no host has this name"),
        ("failed to lookup address", "no host has this name"),
        ("certificate", "the certificate of the host is not trusted"),
        ("timed out", "no answer came in time"),
        ("timeout", "no answer came in time"),
    ];
    let found = known.iter().find(|(mark, _)| lower.contains(mark));
    // Whatever comes first names the operation; the last cause is what happened.
    let last = || text.rsplit(": ").next().unwrap_or(text).to_owned();
    found.map_or_else(last, |(_, words)| (*words).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("error sending request: client error (Connect)")]
    struct Layer(#[source] std::io::Error);

    #[test]
    fn layers_go_and_words_stay() {
        for (kind, words) in [
            (ErrorKind::ConnectionRefused, "nothing listens there"),
            (ErrorKind::ConnectionReset, "the connection was cut"),
            (ErrorKind::TimedOut, "no answer came in time"),
        ] {
            assert_eq!(in_words(&Layer(kind.into())), words);
        }
    }

    #[test]
    fn texts_of_libraries_are_read_where_the_cause_is_gone() {
        for (text, words) in [
            (
                "dispatch failure: io error: dns error: Name or service not known",
                "no host has this name",
            ),
            (
                "client error: invalid peer certificate: UnknownIssuer",
                "the certificate of the host is not trusted",
            ),
            ("operation timed out", "no answer came in time"),
            ("a: b: what happened", "what happened"),
        ] {
            assert_eq!(by_text(text), words);
        }
    }
}
