//! Which invocations of a client were taken, so that none is carried out twice.
//!
//! Official clients count their invocations, so that ranges of numbers remember all of them, however
//! many wait for an acknowledgement. Of other ids the last ones are remembered.

use std::collections::BTreeMap;

use hubcast_model::id::HexDigest;

/// How many ids are remembered that are no numbers.
const NAMES_MAX: usize = 32;
/// How many ranges of numbers are remembered. The lowest are forgotten first: clients count up.
const RANGES_MAX: usize = 32;
/// An id of up to this many bytes is remembered as it is. A digest stands for a longer one.
const ID_MAX: usize = 16;

/// The invocations that were taken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Calls {
    /// Numbers, as ranges: the first of each range, and the last. No two ranges touch.
    pub ranges: BTreeMap<u64, u64>,
    /// Other ids, in the order in which they came.
    pub names: Vec<String>,
}

impl Calls {
    /// Whether an invocation was taken.
    pub(crate) fn contain(&self, call: &str) -> bool {
        let is_numbered = number_of(call).is_some_and(|number| self.range_of(number).is_some());
        // Records of before there were ranges have numbers among the names.
        is_numbered || self.names.contains(&remembered(call))
    }

    /// Notes that an invocation is taken.
    pub(crate) fn note(&mut self, call: &str) {
        match number_of(call) {
            Some(number) => self.note_number(number),
            None => self.names.push(remembered(call)),
        }
        let surplus = self.names.len().saturating_sub(NAMES_MAX);
        self.names.drain(..surplus);
    }

    fn note_number(&mut self, number: u64) {
        if self.range_of(number).is_some() {
            return;
        }
        let above = number.checked_add(1).and_then(|next| self.ranges.remove(&next));
        let below = number.checked_sub(1).and_then(|before| self.range_of(before));
        self.ranges.insert(below.unwrap_or(number), above.unwrap_or(number));
        if self.ranges.len() > RANGES_MAX {
            self.ranges.pop_first();
        }
    }

    /// The first number of the range that holds a number.
    fn range_of(&self, number: u64) -> Option<u64> {
        let (first, last) = self.ranges.range(..=number).next_back()?;
        (*last >= number).then_some(*first)
    }
}

/// The number that an id is, written as clients write numbers.
fn number_of(call: &str) -> Option<u64> {
    let number: u64 = call.parse().ok()?;
    (number.to_string() == call).then_some(number)
}

fn remembered(call: &str) -> String {
    if call.len() <= ID_MAX {
        return call.to_owned();
    }
    // Longer than any id that is remembered as it is.
    format!("{:x}", HexDigest(call))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(calls: impl IntoIterator<Item = u64>) -> Calls {
        let mut noted = Calls::default();
        for call in calls {
            noted.note(&call.to_string());
        }
        noted
    }

    #[test]
    fn numbers_are_one_range_in_whatever_order_they_come() {
        let range = [(0, 99)].into();
        for calls in [(0..100).collect(), (0..100).rev().collect(), odd_first()] {
            let calls: Vec<u64> = calls;
            assert_eq!(of(calls), Calls { ranges: BTreeMap::clone(&range), names: Vec::new() });
        }
    }

    fn odd_first() -> Vec<u64> {
        let (odd, even): (Vec<u64>, Vec<u64>) = (70..100).partition(|n| n % 2 == 1);
        (0..70).chain(odd).chain(even).collect()
    }

    #[test]
    fn numbers_between_ranges_were_not_taken() {
        let calls = of([u64::MAX, 7, 3, 4, 0]);
        for (call, is_taken) in [
            ("0", true),
            ("1", false),
            ("2", false),
            ("3", true),
            ("4", true),
            ("5", false),
            ("7", true),
            ("07", false),
            ("+7", false),
            ("18446744073709551615", true),
            ("18446744073709551614", false),
        ] {
            assert_eq!(calls.contain(call), is_taken, "{call}");
        }
    }

    #[test]
    fn what_is_remembered_does_not_grow() {
        let mut calls = of((0..1000).map(|n| 2 * n));
        for n in 0..100 {
            calls.note(&format!("a{n}"));
        }
        assert_eq!((calls.ranges.len(), calls.names.len()), (RANGES_MAX, NAMES_MAX));
        assert!(calls.contain("1998") && !calls.contain("0"), "clients count up");
        assert!(calls.contain("a99") && !calls.contain("a0"));
    }

    #[test]
    fn a_number_of_an_older_record_is_found_among_the_names() {
        let calls = Calls { names: vec!["7".to_owned()], ..Calls::default() };
        assert!(calls.contain("7") && !calls.contain("8"));
    }
}
