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

/// The same for the name or word that a text of JSON should not hold. The error itself lists the
/// known ones, in backquotes.
pub fn json_hint(err: &serde_json::Error) -> String {
    let text = err.to_string();
    if !["unknown field ", "unknown variant "].iter().any(|start| text.starts_with(start)) {
        return String::new();
    }
    let mut quoted = text.split('`').skip(1).step_by(2);
    quoted.next().map_or_else(String::new, |name| hint(name, quoted))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

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

    #[test]
    fn a_misspelt_name_of_json_is_compared_with_those_that_its_reader_knows() {
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        #[expect(dead_code, reason = "only the names count")]
        struct Known {
            user_claim: String,
            audience: Word,
        }
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "camelCase")]
        enum Word {
            Session,
            Once,
        }
        let hint = |json| json_hint(&serde_json::from_str::<Known>(json).unwrap_err());
        assert_eq!(hint(r#"{"userClaims":"oid"}"#), "; did you mean 'userClaim'?");
        assert_eq!(hint(r#"{"audience":"onse"}"#), "; did you mean 'once'?");
        for other in [r#"{"unlike":1}"#, r#"{"userClaim":1}"#, "{", r#"{"`audience`":1}"#] {
            assert_eq!(hint(other), "", "{other}");
        }
    }
}
