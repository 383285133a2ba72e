//! What an invocation did, in numbers.

use std::ops::AddAssign;

/// What an invocation did, in numbers.
///
/// A unit is an element of a message or a job. Every unit that is finished counts once, as
/// `done`, `handed_on`, `kept`, `expired`, `undeliverable` or `rejected`. So the sum of these numbers
/// over all invocations is the number of the elements and jobs that were enqueued.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Units received, whether or not earlier invocations finished them.
    pub notifications: usize,
    /// Units that reached somebody, and changes that were made.
    pub done: usize,
    /// Elements that jobs carry out.
    pub handed_on: usize,
    /// Elements that reached nobody yet: they wait for their user, or are retained.
    pub kept: usize,
    /// Units that were too old.
    pub expired: usize,
    /// Units that reached nobody: nobody was there, or all sockets are gone or stalled.
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
    /// Attempts that got no clear answer. Only these can make duplicates.
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
