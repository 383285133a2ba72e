//! What a name was meant to be that nobody knows.

/// A name with more wrong characters than this is not taken for a misspelt one.
const MISSPELT_MAX: usize = 2;

/// The known name that a misspelt name is nearest to; `None` when none is near.
pub fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let name = name.to_ascii_lowercase();
    let distance = |known: &str| strsim::damerau_levenshtein(&name, &known.to_ascii_lowercase());
    let (distance, known) = known.into_iter().map(|known| (distance(known), known)).min()?;
    (distance <= MISSPELT_MAX && distance < known.len().div_ceil(2)).then_some(known)
}

/// The question at the end of a message about an unknown name; empty when no known name is near.
pub fn hint<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    nearest(name, known).map_or_else(String::new, |name| format!("; did you mean '{name}'?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_or_two_are_seen_and_other_words_are_not() {
        let known = ["userId", "add", "removeAll", "excluded"];
        for (name, meant) in [
            ("userld", "userId"),
            ("ad", "add"),
            ("remove_all", "removeAll"),
            ("EXCLUDE", "excluded"),
        ] {
            assert_eq!(nearest(name, known), Some(meant), "{name}");
        }
        for name in ["", "x", "explode", "everybody", "d"] {
            assert_eq!(nearest(name, known), None, "{name}");
        }
        assert_eq!(hint("usrid", known), "; did you mean 'userId'?");
        assert_eq!(hint("other", known), "");
    }
}
