//! The log, as those read it who tell a journey from it.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use super::Cause;
use crate::journey::Line;
use crate::time::Timestamp;

/// Why the log says nothing.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Whoever asks may not read the log.
    #[error("the log may not be read; ask for the action {action}")]
    Denied {
        /// The action that is missing, as IAM calls it.
        action: &'static str,
        /// What the service said.
        #[source]
        source: Cause,
    },
    /// None of the places where functions log is there.
    #[error("there is no log: {0} does not exist, and neither do its neighbours")]
    NoLog(String),
    /// There are more lines than are read for one question.
    #[error("the log holds too much to look through; ask for less time")]
    TooMuch,
    /// The service did not answer.
    #[error("the log is unavailable")]
    Unavailable(#[source] Cause),
}

/// What a reader of the log waits for.
pub type Reading<'a, T> = Pin<Box<dyn Future<Output = Result<T, LogError>> + Send + 'a>>;

/// The log of all functions of a deployment. Its reads are boxed: they are rare and slow, and so a
/// reader needs no type of its own for the place of the log.
pub trait JourneyLog: Debug + Send + Sync {
    /// The lines since a time that hold a word, such as an id, in their order.
    fn lines<'a>(&'a self, word: &'a str, since: Timestamp) -> Reading<'a, Vec<Line>>;

    /// Whether no function wrote anything since a time.
    fn is_silent(&self, since: Timestamp) -> Reading<'_, bool>;
}
