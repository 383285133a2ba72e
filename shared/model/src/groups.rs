//! Which groups clients may join by themselves.
//!
//! A client may join the groups that its token names and those that match the
//! patterns of `CLIENT_JOINABLE_GROUPS`: `*` stands for any text, `{claim}` for
//! the value of a claim. Patterns are expanded once, when the client is
//! authorised, so that later events need not carry all claims.
//!
//! A name must be read in one way only, or the group of one tenant would also
//! fit the pattern of another: with `org-{org}-*`, is `org-a-b-c` of `a` or of
//! `a-b`? So in a pattern with a claim a `*` holds no separator, which is the
//! character between a claim and what else may vary. Where several claims
//! stand, their values hold none either.

mod joinable;

use std::collections::{BTreeMap, BTreeSet};

pub use joinable::Joinable;
use joinable::Piece;

/// One part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Claim(String),
    Any,
}

/// A pattern, and the separators of its claims.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    parts: Vec<Part>,
    separators: String,
}

/// The configured patterns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupPolicy {
    patterns: Vec<Pattern>,
}

/// Why a pattern is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// An opening brace has no closing one.
    #[error("the pattern '{0}' has a brace that is not closed")]
    OpenBrace(String),
    /// Where the value of a claim ends could not be told.
    #[error("the pattern '{0}' has a claim next to * or to another claim: put a separator between")]
    NoSeparator(String),
}

impl GroupPolicy {
    /// Reads patterns that commas separate; an empty text allows nothing.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let patterns = text.split(',').map(str::trim).filter(|pattern| !pattern.is_empty());
        Ok(Self { patterns: patterns.map(Pattern::parse).collect::<Result<_, _>>()? })
    }

    /// Those of these claims that a pattern names.
    pub fn named(&self, claims: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let names = self.patterns.iter().flat_map(Pattern::claims);
        names.filter_map(|name| Some((name.to_owned(), claims.get(name)?.clone()))).collect()
    }

    /// The patterns for someone with these claims; those whose claim is absent, empty or could be
    /// mistaken for more than one drop out.
    pub fn expand(&self, claims: &BTreeMap<String, String>) -> Joinable {
        Joinable::of(self.patterns.iter().filter_map(|pattern| pattern.expanded(claims)).collect())
    }
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, PatternError> {
        let parts = parts(text)?;
        let separators = separators(&parts);
        let separators = separators.ok_or_else(|| PatternError::NoSeparator(text.to_owned()))?;
        Ok(Self { parts, separators })
    }

    fn claims(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Claim(name) => Some(name.as_str()),
            Part::Literal(_) | Part::Any => None,
        })
    }

    fn expanded(&self, claims: &BTreeMap<String, String>) -> Option<Vec<Piece>> {
        let is_only = self.claims().count() == 1;
        let fits = |value: &&String| {
            !value.trim().is_empty() && (is_only || !value.contains(|c| self.separates(c)))
        };
        let one = |part: &Part| match part {
            Part::Any if self.separators.is_empty() => Some(Piece::Any(())),
            Part::Any => Some(Piece::Within { without: self.separators.clone() }),
            Part::Literal(text) => Some(Piece::Literal(text.clone())),
            // A `*` in a claim stays a star.
            Part::Claim(name) => claims.get(name).filter(fits).cloned().map(Piece::Literal),
        };
        self.parts.iter().map(one).collect()
    }

    fn separates(&self, c: char) -> bool {
        self.separators.contains(c)
    }
}

fn parts(pattern: &str) -> Result<Vec<Part>, PatternError> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(['*', '{']) {
        let (literal, special) = rest.split_at(at);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal.to_owned()));
        }
        if let Some(after) = special.strip_prefix('*') {
            parts.push(Part::Any);
            rest = after;
        } else {
            let claim = special.strip_prefix('{').and_then(|claim| claim.split_once('}'));
            let (claim, after) =
                claim.ok_or_else(|| PatternError::OpenBrace(pattern.to_owned()))?;
            parts.push(Part::Claim(claim.to_owned()));
            rest = after;
        }
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest.to_owned()));
    }
    Ok(parts)
}

/// The separators of a pattern's claims: the character before each and the one behind it, where
/// something else of the pattern varies on that side. `None` when there is no such character.
fn separators(parts: &[Part]) -> Option<String> {
    let varies = |parts: &[Part]| parts.iter().any(|part| !matches!(part, Part::Literal(_)));
    let mut found = BTreeSet::new();
    for (at, part) in parts.iter().enumerate() {
        let (before, behind) = (parts.get(..at)?, parts.get(at + 1..)?);
        if !matches!(part, Part::Claim(_)) {
            continue;
        }
        if varies(before) {
            found.insert(literal(before.last())?.chars().next_back()?);
        }
        if varies(behind) {
            found.insert(literal(behind.first())?.chars().next()?);
        }
    }
    Some(found.into_iter().collect())
}

fn literal(part: Option<&Part>) -> Option<&str> {
    match part? {
        Part::Literal(text) => Some(text),
        Part::Claim(_) | Part::Any => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::GroupName;

    fn allows(patterns: &str, group: &str) -> bool {
        let claims = [("tid", "t1"), ("odd", "a*b")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let joinable = GroupPolicy::parse(patterns).unwrap().expand(&claims.into());
        joinable.allows(&GroupName::parse(group).unwrap())
    }

    #[test]
    fn nothing_is_joinable_by_default() {
        assert!(!allows("", "room"));
    }

    #[test]
    fn stars_stand_for_any_text() {
        assert!(allows("room-*", "room-7") && allows("room-*", "room-"));
        assert!(allows("*", "anything") && allows("a, *-b", "x-b") && allows("a*b*c", "a1b2b3c"));
        assert!(!allows("room-*", "xroom-7") && !allows("*-b", "x-bc") && !allows("ab*ba", "aba"));
        assert!(!allows("room", "room7") && allows("room", "room"));
    }

    /// Which of these values of `{a}` let their bearer into the group.
    fn who(patterns: &str, group: &str, values: &[&str]) -> Vec<String> {
        let policy = GroupPolicy::parse(patterns).unwrap();
        let group = GroupName::parse(group).unwrap();
        let lets = |value: &&&str| {
            let claims = [("a", **value), ("b", "z")].map(|(k, v)| (k.to_owned(), v.to_owned()));
            policy.expand(&claims.into()).allows(&group)
        };
        values.iter().filter(lets).map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn a_group_is_of_one_value_of_a_claim_only() {
        let orgs = ["a", "a-b", "b", "a-b-secret", "secret", "", " "];
        for (patterns, group, lets) in [
            ("org-{a}-*", "org-a-b-secret", &["a-b"][..]),
            ("org-{a}-*", "org-a-b", &["a"]),
            ("org-{a}-*", "org-a-", &["a"]),
            ("org-{a}-*", "org--b", &[]),
            ("org-{a}-*-*", "org-a-b-secret-x", &["a-b"]),
            ("org-{a}/*", "org-a-b/secret", &["a-b"]),
            ("org-{a}/*", "org-a/b-secret", &["a"]),
            ("org-{a}/*", "org-a/b/secret", &[]),
            ("*-{a}", "x-a-b", &["a-b"]),
            ("{a}-room-*", "a-room-7", &["a"]),
            ("{a}-{b}", "a-b-z", &[]),
            ("{a}-{b}", "b-z", &["b"]),
            ("{a}", "a-b", &["a-b"]),
            ("org-{a}", "org-", &[]),
        ] {
            assert_eq!(who(patterns, group, &orgs), lets, "{patterns} {group}");
        }
    }

    #[test]
    fn a_claim_needs_a_separator_from_what_else_varies() {
        for bad in ["{dept}*", "*{dept}", "{a}{b}", "x-{a}*-y", "x,{a}*"] {
            assert!(matches!(GroupPolicy::parse(bad), Err(PatternError::NoSeparator(_))), "{bad}");
        }
        for good in ["{dept}", "x{dept}y", "{dept}x*", "*/{a}/*", "*", "a**b"] {
            assert!(GroupPolicy::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn what_a_context_holds_reads_back_also_as_it_was_written_before() {
        let claims = BTreeMap::from([("a".to_owned(), "x".to_owned())]);
        let joinable = GroupPolicy::parse("org-{a}-*, room-*").unwrap().expand(&claims);
        let text = serde_json::to_string(&joinable).unwrap();
        assert_eq!(text, r#"[["org-","x","-",{"without":"-"}],["room-",null]]"#);
        assert_eq!(serde_json::from_str::<Joinable>(&text).unwrap(), joinable);
    }

    #[test]
    fn claims_fill_in_and_absent_ones_drop_the_pattern() {
        assert!(allows("tenant-{tid}-*", "tenant-t1-x") && !allows("tenant-{tid}", "tenant-t2"));
        assert!(!allows("x{none}-*", "x") && !allows("{none}", "{none}"));
    }

    #[test]
    fn a_policy_knows_which_claims_it_needs() {
        let claims = [("tid", "t1"), ("email", "a@b.c")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let policy = GroupPolicy::parse("a-{tid}-*, {none}, *").unwrap();
        let named = policy.named(&claims.into());
        assert_eq!(named, BTreeMap::from([("tid".to_owned(), "t1".to_owned())]));
    }

    #[test]
    fn a_star_in_a_claim_is_only_a_star() {
        assert!(allows("{odd}", "a*b") && !allows("{odd}", "axb"));
    }

    #[test]
    fn an_open_brace_is_a_fault() {
        assert!(GroupPolicy::parse("a{tid").is_err());
    }
}
