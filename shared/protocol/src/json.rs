//! JSON objects, read as nothing else.

use serde::Deserialize;

use crate::depth::is_too_deep;

/// Reads a JSON object.
///
/// A derived `Deserialize` alone would also take an array of the values in
/// order, which is no record of this protocol. Nobody reads an object that nests
/// deeper than the reader of .NET follows.
pub(crate) fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    if !text.trim_start().starts_with('{') || is_too_deep(text, 0) {
        return None;
    }
    serde_json::from_str(text).ok()
}
