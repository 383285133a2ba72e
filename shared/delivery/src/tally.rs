//! What an invocation did, in numbers.

use std::ops::AddAssign;

use super::outcome::{SocketOutcome, Stop};

/// What an invocation did, in numbers.
///
/// A unit is an element of a message or a job. Every unit that is finished counts once, as
/// `done`, `handed_on`, `kept`, `expired`, `undeliverable` or `rejected`; so over all invocations these
/// add up to the elements and jobs that were enqueued.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Units received, finished by earlier invocations or not.
    pub notifications: usize,
    /// Units that reached somebody, and changes that were made.
    pub done: usize,
    /// Elements that jobs carry out.
    pub handed_on: usize,
    /// Elements that reached nobody yet: they wait for their user, or are retained.
    pub kept: usize,
    /// Units that were too old.
    pub expired: usize,
    /// Units that reached nobody: nobody was there, or all who were are gone or stalled.
    pub undeliverable: usize,
    /// Units moved to the dead-letter queue.
    pub rejected: usize,
    /// Units taken up where an earlier invocation stopped.
    pub resumed: usize,
    /// Jobs enqueued.
    pub jobs: usize,
    /// Posts that succeeded.
    pub posts: usize,
    /// Records that these posts delivered.
    pub delivered: usize,
    /// Sockets found gone.
    pub gone: usize,
    /// Sockets sent to connect anew because they held others up.
    pub stalled: usize,
    /// Answers of 429.
    pub throttled: usize,
    /// Attempts whose outcome stayed open: only these can make duplicates.
    pub ambiguous: usize,
    /// Records that the gateway refused for good.
    pub refused: usize,
    /// Messages that waited, and made room for newer ones.
    pub dropped: usize,
    /// Retained values delivered to connections that were put into a group.
    pub replayed: usize,
    /// Messages reported as failed.
    pub failed: usize,
}

impl Tally {
    /// Counts what became of sockets.
    pub(super) fn count_sockets(&mut self, outcomes: &[SocketOutcome]) {
        for outcome in outcomes {
            self.posts += outcome.posts;
            self.delivered += outcome.delivered.len();
            self.throttled += outcome.throttled;
            self.ambiguous += outcome.ambiguous;
            self.refused += outcome.refused.len();
            self.gone += usize::from(outcome.stop == Some(Stop::Gone));
            self.stalled += usize::from(outcome.stop == Some(Stop::Stalled));
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.notifications += other.notifications;
        self.done += other.done;
        self.handed_on += other.handed_on;
        self.kept += other.kept;
        self.expired += other.expired;
        self.undeliverable += other.undeliverable;
        self.rejected += other.rejected;
        self.resumed += other.resumed;
        self.jobs += other.jobs;
        self.posts += other.posts;
        self.delivered += other.delivered;
        self.gone += other.gone;
        self.stalled += other.stalled;
        self.throttled += other.throttled;
        self.ambiguous += other.ambiguous;
        self.refused += other.refused;
        self.dropped += other.dropped;
        self.replayed += other.replayed;
        self.failed += other.failed;
    }
}
