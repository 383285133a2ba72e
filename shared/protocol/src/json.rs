//! JSON objects, read as nothing else.

use serde::Deserialize;

/// Reads a JSON object.
///
/// A derived `Deserialize` alone would also take an array of the values in
/// order, which is no record of this protocol.
pub(crate) fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    serde_json::from_str(text).ok()
}
