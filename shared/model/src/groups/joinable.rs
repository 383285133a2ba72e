//! The patterns of one client, with its claims filled in.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::{GroupName, KeyedName};

/// One part of an expanded pattern, as the context of a socket carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Piece {
    /// This text.
    Literal(String),
    /// Any text: `null`.
    Any(()),
    /// Any text without these characters.
    Within { without: String },
}

/// The patterns of one client.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Joinable(Vec<Vec<Piece>>);

/// What a pattern says about a name of which only the beginning is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// No such name matches.
    No,
    /// Some do.
    Perhaps,
    /// All do.
    Yes,
}

impl Joinable {
    pub(super) const fn of(patterns: Vec<Vec<Piece>>) -> Self {
        Self(patterns)
    }

    /// Whether the client may join `group` by a pattern.
    pub fn allows(&self, group: &GroupName) -> bool {
        self.0.iter().any(|pattern| matches(pattern, group.as_str()))
    }

    /// Whether there is no pattern at all.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// For the group of a key. The key of a long name holds only the beginning of the name, so what a
/// pattern says may be in doubt.
impl Joinable {
    /// Whether the client may join the group by a pattern, for certain.
    pub fn allows_keyed(&self, group: &KeyedName) -> bool {
        self.0.iter().any(|pattern| judge(pattern, group) == Verdict::Yes)
    }

    /// The patterns by which the client may perhaps join the group.
    #[must_use]
    pub fn that_may_allow(&self, group: &KeyedName) -> Self {
        let mut patterns = self.0.clone();
        patterns.retain(|pattern| judge(pattern, group) != Verdict::No);
        Self(patterns)
    }

    /// Whether all patterns of another client are patterns of this one.
    pub fn holds_all_of(&self, other: &Self) -> bool {
        other.0.iter().all(|pattern| self.0.contains(pattern))
    }
}

fn judge(pattern: &[Piece], group: &KeyedName) -> Verdict {
    match group.name() {
        Some(name) if matches(pattern, name.as_str()) => Verdict::Yes,
        Some(_) => Verdict::No,
        None => judge_beginning(pattern, group.beginning()),
    }
}

/// The verdict on all names that begin so and go on.
fn judge_beginning(pattern: &[Piece], name: &str) -> Verdict {
    let (mut places, mut may_go_on) = (BTreeSet::from([0]), false);
    for (at, piece) in pattern.iter().enumerate() {
        let goes_on = |from: &usize| match (piece, name.get(*from..)) {
            (Piece::Literal(text), Some(rest)) => text.len() > rest.len() && text.starts_with(rest),
            _ => false,
        };
        let is_last = at + 1 == pattern.len();
        if is_last && matches!(piece, Piece::Any(())) && !places.is_empty() {
            return Verdict::Yes;
        }
        may_go_on |= places.iter().any(goes_on);
        places = reach(piece, name, places);
        may_go_on |= !matches!(piece, Piece::Literal(_)) && places.contains(&name.len());
    }
    if may_go_on { Verdict::Perhaps } else { Verdict::No }
}

/// Goes through the pattern once, with all places that its beginning may reach to, so that no
/// pattern can take long.
fn matches(pattern: &[Piece], name: &str) -> bool {
    let mut places = BTreeSet::from([0]);
    for piece in pattern {
        places = reach(piece, name, places);
    }
    places.contains(&name.len())
}

/// All places that a piece leads to.
fn reach(piece: &Piece, name: &str, from: BTreeSet<usize>) -> BTreeSet<usize> {
    match piece {
        Piece::Literal(text) => {
            let fits = |at: &usize| name.get(*at..).is_some_and(|rest| rest.starts_with(text));
            from.into_iter().filter(fits).map(|at| at + text.len()).collect()
        }
        Piece::Any(()) => reached(name, &from, ""),
        Piece::Within { without } => reached(name, &from, without),
    }
}

/// All places that text without certain characters leads to.
fn reached(name: &str, from: &BTreeSet<usize>, without: &str) -> BTreeSet<usize> {
    let mut reached = from.clone();
    for (at, c) in name.char_indices() {
        if reached.contains(&at) && !without.contains(c) {
            reached.insert(at + c.len_utf8());
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::super::GroupPolicy;
    use super::*;

    fn joinable(patterns: &str) -> Joinable {
        let claims = [("a".to_owned(), "x".to_owned())].into();
        GroupPolicy::parse(patterns).unwrap().expand(&claims)
    }

    /// What is said of a long name that begins so: for certain, and perhaps.
    fn of_long(patterns: &str, beginning: &str) -> (bool, bool) {
        let group = GroupName::parse(&format!("{beginning}{}", "é".repeat(300))).unwrap().keyed();
        let joinable = joinable(patterns);
        (joinable.allows_keyed(&group), !joinable.that_may_allow(&group).is_empty())
    }

    #[test]
    fn of_a_long_name_only_the_beginning_speaks() {
        for (patterns, expected) in [
            ("room-*", (true, true)),
            ("*", (true, true)),
            ("r*-*", (true, true)),
            ("hall-*", (false, false)),
            ("room-", (false, false)),
            // The end, and the separators, are not in the key; the digest is no part of the name.
            ("room-*b", (false, true)),
            ("*0", (false, true)),
            ("room-{a}-*", (false, false)),
            ("room-*/{a}", (false, true)),
            ("room-x/{a}", (false, false)),
        ] {
            assert_eq!(of_long(patterns, "room-"), expected, "{patterns}");
        }
        let exact = format!("room-{}", "é".repeat(300));
        assert_eq!(of_long(&exact, "room-"), (false, true));
        let with_stars = format!("r*{}*", "é".repeat(100));
        assert_eq!(of_long(&with_stars, "room-"), (false, true));
    }

    #[test]
    fn of_other_names_a_key_says_as_much_as_the_name() {
        for (patterns, allows) in [("room-*", true), ("room-*b", true), ("room-*c", false)] {
            let group = GroupName::parse("room-a-b").unwrap();
            assert_eq!(joinable(patterns).allows(&group), allows, "{patterns}");
            assert_eq!(joinable(patterns).allows_keyed(&group.keyed()), allows, "{patterns}");
            let may = !joinable(patterns).that_may_allow(&group.keyed()).is_empty();
            assert_eq!(may, allows, "{patterns}");
        }
    }

    #[test]
    fn patterns_are_compared_as_they_were_filled_in() {
        let (few, more) = (joinable("room-{a}-*"), joinable("*b, room-x-*"));
        assert!(!few.holds_all_of(&more) && few.holds_all_of(&few));
        assert!(joinable("room-{a}-*, b").holds_all_of(&few));
        assert!(few.holds_all_of(&Joinable::default()));
    }
}
