//! Names with several values each, such as claims and queries have them.

use std::collections::BTreeMap;

/// Names with their values, in the order in which the values came.
pub type Values = BTreeMap<String, Vec<String>>;
