//! What an invocation answers.

use std::time::Duration;

use crate::tally::Tally;

/// The result of one invocation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The ids of the messages that the queue must keep.
    pub failed: Vec<String>,
    /// What was done, in numbers.
    pub tally: Tally,
    /// One for each unit that was finished by posts.
    pub samples: Vec<Sample>,
}

/// How one unit fared that was finished by posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// The time from the moment when the unit was sent to the end of its posts.
    pub took: Duration,
    /// How many sockets the unit reached.
    pub reached: usize,
}

impl Report {
    /// Both reports in one.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.failed.extend(other.failed);
        self.tally += other.tally;
        self.samples.extend(other.samples);
        self
    }
}
