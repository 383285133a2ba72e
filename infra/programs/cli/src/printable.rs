//! Texts of others, without characters that a terminal acts on.
//!
//! A reason, an argument or the body of an error may hold such characters:
//! escapes that colour, erase or rename, line breaks that forge a line, and
//! marks that turn the direction of the following text.

use std::fmt::Write;

/// The same text, with the characters spelled out that a terminal acts on.
pub(crate) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if acts(c) => printable.extend(c.escape_default()),
            c => printable.push(c),
        }
    }
    printable
}

/// The same JSON on one line, with these characters spelled out as JSON escapes.
pub(crate) fn printable_json(json: &str) -> String {
    let mut printable = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            // A text in JSON holds none of these, so the character stands between two tokens.
            '\n' | '\r' | '\t' => printable.push(' '),
            c if acts(c) => {
                let mut halves = [0; 2];
                for half in c.encode_utf16(&mut halves) {
                    // Writing to a String cannot fail.
                    let _ = write!(printable, "\\u{half:04x}");
                }
            }
            c => printable.push(c),
        }
    }
    printable
}

/// Whether a terminal acts on a character: control characters (C0, DEL and C1), line separators,
/// and marks that turn the direction of writing.
fn acts(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns || matches!(c, '\u{2028}'..='\u{202e}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_acts_on_is_spelled_out_and_the_rest_stays() {
        let odd = "a\u{1b}[31m\u{9b}2J\r\n\t\u{7f}\u{202e}\u{2066}\u{200f}";
        let expected = r"a\u{1b}[31m\u{9b}2J\r\n\t\u{7f}\u{202e}\u{2066}\u{200f}";
        assert_eq!(printable(odd), expected);
        let plain = "Zoë, 例え, 👩‍👩‍👧 and ‘quotes’ \\ {}";
        assert_eq!(printable(plain), plain);
    }

    #[test]
    fn json_stays_the_same_json() {
        let json = "[\n\t\"\u{9b}\u{202e}é\",\r\n1e2 ]";
        let printable = printable_json(json);
        assert_eq!(printable, "[  \"\\u009b\\u202eé\",  1e2 ]");
        let read = |text| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(&printable), read(json));
    }
}
