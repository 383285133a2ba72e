//! Which groups clients may join by themselves.
//!
//! A client may join the groups that its token names and those that match the
//! patterns of `CLIENT_JOINABLE_GROUPS`: `*` stands for any text, `{claim}` for
//! the value of a claim. Patterns are expanded once, when the client is
//! authorised, so that later events need not carry all claims.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::GroupName;

/// One part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Claim(String),
    Any,
}

/// The configured patterns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupPolicy {
    patterns: Vec<Vec<Part>>,
}

/// A pattern has an opening brace without a closing one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the pattern '{0}' has a brace that is not closed")]
pub struct PatternError(String);

impl GroupPolicy {
    /// Reads patterns that commas separate; an empty text allows nothing.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let patterns = text.split(',').map(str::trim).filter(|pattern| !pattern.is_empty());
        Ok(Self { patterns: patterns.map(parts).collect::<Result<_, _>>()? })
    }

    /// Those of these claims that a pattern names.
    pub fn named(&self, claims: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let parts = self.patterns.iter().flatten();
        let names = parts.filter_map(|part| match part {
            Part::Claim(name) => Some(name),
            Part::Literal(_) | Part::Any => None,
        });
        names.filter_map(|name| Some((name.clone(), claims.get(name)?.clone()))).collect()
    }

    /// The patterns for someone with these claims; those that name an absent claim drop out.
    pub fn expand(&self, claims: &BTreeMap<String, String>) -> Joinable {
        Joinable(self.patterns.iter().filter_map(|pattern| expanded(pattern, claims)).collect())
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
            let (claim, after) = claim.ok_or_else(|| PatternError(pattern.to_owned()))?;
            parts.push(Part::Claim(claim.to_owned()));
            rest = after;
        }
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest.to_owned()));
    }
    Ok(parts)
}

/// `None` between literals stands for any text. A `*` in a claim stays a star.
fn expanded(pattern: &[Part], claims: &BTreeMap<String, String>) -> Option<Vec<Option<String>>> {
    let one = |part: &Part| match part {
        Part::Any => Some(None),
        Part::Literal(text) => Some(Some(text.clone())),
        Part::Claim(name) => claims.get(name).map(|value| Some(value.clone())),
    };
    pattern.iter().map(one).collect()
}

/// The patterns of one client.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Joinable(Vec<Vec<Option<String>>>);

impl Joinable {
    /// Whether the client may join `group` by a pattern.
    pub fn allows(&self, group: &GroupName) -> bool {
        self.0.iter().any(|pattern| matches(pattern, group.as_str()))
    }

    /// Whether there is no pattern at all.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Each literal is looked for once, leftmost first, so no pattern can take long.
fn matches(pattern: &[Option<String>], name: &str) -> bool {
    let mut rest = name;
    let mut anchored = true;
    for (at, part) in pattern.iter().enumerate() {
        let Some(literal) = part else {
            anchored = false;
            continue;
        };
        let is_last = at + 1 == pattern.len();
        if is_last && !anchored {
            return rest.ends_with(literal.as_str());
        }
        let found = if anchored {
            rest.starts_with(literal.as_str()).then_some(0)
        } else {
            rest.find(literal.as_str())
        };
        let Some(start) = found else { return false };
        rest = rest.get(start + literal.len()..).unwrap_or_default();
        anchored = true;
    }
    !anchored || rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn claims_fill_in_and_absent_ones_drop_the_pattern() {
        assert!(allows("tenant-{tid}-*", "tenant-t1-x") && !allows("tenant-{tid}", "tenant-t2"));
        assert!(!allows("x{none}*", "x") && !allows("{none}", "{none}"));
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
