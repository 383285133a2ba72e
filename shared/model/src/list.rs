//! Lists of settings that narrow something.

use serde::de::{Deserialize, Deserializer, Error};

/// A list that names somebody or something.
///
/// Such a list is left out when there is nothing to narrow. An empty one could mean all or nothing,
/// and who takes the last entry out of a list does not mean all.
///
/// # Errors
/// When the list is empty.
pub(crate) fn filled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let list = Vec::deserialize(deserializer)?;
    if list.is_empty() {
        return Err(D::Error::custom("an empty list; leave the property out when it means all"));
    }
    Ok(list)
}
