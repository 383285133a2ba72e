//! The notifications queue, as the rules see it.

use std::future::Future;
use std::time::Duration;

use super::Cause;

/// Why the queue did not take something.
#[derive(Debug, thiserror::Error)]
#[error("the queue is unavailable for {operation}")]
pub struct QueueError {
    /// The operation of this port.
    pub operation: &'static str,
    /// What the adapter saw.
    #[source]
    pub source: Cause,
}

/// A message for the dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The rejected elements only: one object, or an array of them.
    pub body: String,
    /// A stable identifier of the first reason, such as `UnknownProperty`.
    pub reason: &'static str,
    /// What is wrong, for people.
    pub detail: String,
    /// Where a redrive resumes.
    pub progress_key: String,
    /// The message group it came from.
    pub group: String,
}

/// The notifications queue, as its consumer needs it.
pub trait NotificationQueue: Send + Sync {
    /// Moves a message to the dead-letter queue.
    fn dead_letter(
        &self,
        letter: &DeadLetter,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Makes a received message visible again after `delay` (whole seconds).
    fn retry_after(
        &self,
        receipt_handle: &str,
        delay: Duration,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;
}
