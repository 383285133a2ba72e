//! The byte order mark that some programs write before a text.
//!
//! Editors and shells of Windows write it, and so do .NET's `StreamWriter` and
//! PowerShell. RFC 8259 section 8.1 lets a reader of JSON ignore it.

/// A text without its byte order mark.
pub fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// The same for a text that is still bytes.
pub fn bytes_without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mark_at_the_beginning_is_left_out() {
        for (text, expected) in
            [("\u{feff}{}", "{}"), ("{}", "{}"), ("\u{feff}\u{feff}x", "\u{feff}x"), ("", "")]
        {
            assert_eq!(without_mark(text), expected);
            assert_eq!(bytes_without_mark(text.as_bytes()), expected.as_bytes());
        }
        assert_eq!(without_mark("x\u{feff}"), "x\u{feff}");
    }
}
