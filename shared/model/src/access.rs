//! Lasting memberships and blocks of users.

use crate::id::KeyedName;
use crate::time::Timestamp;

/// Whether a lasting membership row grants or denies the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The user is in the group, on every connection.
    Member,
    /// The user is not in the group, even when a token names it.
    Denied,
}

/// One lasting membership of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The group.
    pub group: KeyedName,
    /// Granted or denied.
    pub standing: Standing,
    /// When the row stops counting.
    pub expires: Option<Timestamp>,
}

/// What is held against a user on a hub, or on all hubs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Block {
    /// Nobody may connect as the user before this point.
    pub until: Option<Timestamp>,
    /// Tokens issued before this point are refused: the user logged out.
    pub not_before: Option<Timestamp>,
}

impl Block {
    /// Both blocks taken together: the stricter of each rule.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            until: self.until.max(other.until),
            not_before: self.not_before.max(other.not_before),
        }
    }

    /// Whether a token issued at `issued_at` is refused at `now`.
    ///
    /// A token issued in the very millisecond of the log-out counts as old.
    /// Issuers that only give whole seconds are rounded down, so a log-in
    /// within the second of the log-out is refused too: rather one more
    /// log-in than a tab that comes back.
    pub fn refuses(self, issued_at: Timestamp, now: Timestamp) -> bool {
        let blocked = self.until.is_some_and(|until| now < until);
        blocked || self.not_before.is_some_and(|not_before| issued_at <= not_before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_log_out_refuses_older_tokens_and_lets_newer_ones_in() {
        let block = Block { until: None, not_before: Some(at(1000)) };
        assert!(block.refuses(at(999), at(5000)));
        assert!(block.refuses(at(1000), at(5000)));
        assert!(!block.refuses(at(1001), at(5000)));
    }

    #[test]
    fn a_block_refuses_everyone_until_it_ends() {
        let block = Block { until: Some(at(2000)), not_before: None };
        assert!(block.refuses(at(1999), at(1999)));
        assert!(!block.refuses(at(0), at(2000)));
    }

    #[test]
    fn the_stricter_of_hub_and_global_block_counts() {
        let hub = Block { until: Some(at(5)), not_before: None };
        let global = Block { until: Some(at(9)), not_before: Some(at(3)) };
        assert_eq!(hub.and(global), Block { until: Some(at(9)), not_before: Some(at(3)) });
    }
}
