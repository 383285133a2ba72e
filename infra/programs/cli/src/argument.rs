//! The arguments of a call, as people type them.
//!
//! A word that is JSON stays JSON. `name=value` words in a row are one object.
//! Any other word is a text. A word that only begins like JSON is an error: the
//! shell took quotes away.

use serde_json::value::RawValue;

/// A word that is no argument.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the argument {word} begins like JSON and is none ({why}); mind the shell's quotes")]
pub(crate) struct ArgumentError {
    /// The word.
    word: String,
    /// Why the word is no JSON.
    why: String,
}

/// Reads words as a JSON array. A word that is JSON stays the same, byte for byte.
///
/// # Errors
/// When a word begins like JSON and is none.
pub(crate) fn arguments(words: &[String]) -> Result<String, ArgumentError> {
    let mut arguments: Vec<String> = Vec::new();
    let mut object: Vec<String> = Vec::new();
    for word in words {
        if let Some((name, text)) = pair(word) {
            object.push(format!("{}:{}", quoted(name), value(text)?));
            continue;
        }
        end(&mut object, &mut arguments);
        arguments.push(value(word)?);
    }
    end(&mut object, &mut arguments);
    Ok(format!("[{}]", arguments.join(",")))
}

/// Ends an object, if one was begun.
fn end(object: &mut Vec<String>, arguments: &mut Vec<String>) {
    if !object.is_empty() {
        arguments.push(format!("{{{}}}", object.join(",")));
        object.clear();
    }
}

/// The two halves of `name=value`, where the name looks like a name in any language.
fn pair(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let starts = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let is_name = starts && name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
    is_name.then_some((name, value))
}

fn value(word: &str) -> Result<String, ArgumentError> {
    match serde_json::from_str::<&RawValue>(word) {
        Ok(json) => Ok(json.get().to_owned()),
        Err(err) if word.trim_start().starts_with(['{', '[', '"']) => {
            Err(ArgumentError { word: word.to_owned(), why: err.to_string() })
        }
        Err(_) => Ok(quoted(word)),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<String, ArgumentError> {
        arguments(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn json_passes_byte_for_byte() {
        let json = ["1e2", "{\"a\": [ 1.0 ]}", "null", "\"x\"", "12345678901234567890123"];
        let expected = "[1e2,{\"a\": [ 1.0 ]},null,\"x\",12345678901234567890123]";
        assert_eq!(read(&json).unwrap(), expected);
        assert_eq!(read(&[]).unwrap(), "[]");
    }

    #[test]
    fn pairs_in_a_row_are_one_object() {
        let words = ["role=admin", "level=3", "now", "a.b-c={\"d\":1}", "empty="];
        let expected = r#"[{"role":"admin","level":3},"now",{"a.b-c":{"d":1},"empty":""}]"#;
        assert_eq!(read(&words).unwrap(), expected);
    }

    #[test]
    fn other_words_are_texts() {
        let words = ["hello", "a \"b\"", "https://x/?a=b", "=", "-"];
        let expected = r#"["hello","a \"b\"","https://x/?a=b","=","-"]"#;
        assert_eq!(read(&words).unwrap(), expected);
    }

    #[test]
    fn what_begins_like_json_and_is_none_is_told() {
        for word in ["{role:admin}", "[1,", "\"open", "x={y}"] {
            let err = read(&[word]).unwrap_err().to_string();
            assert!(err.contains("mind the shell's quotes"), "{err}");
        }
    }
}
