//! The notifications queue, as the rules see it.

use std::future::Future;
use std::time::Duration;

use super::{Cause, NoUpstream, UpstreamQueue};

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

/// A job for the deliveries queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobMessage {
    /// The job as JSON.
    pub body: String,
    /// The message group: jobs of one group keep their order.
    pub group: String,
    /// Of two jobs with the same key within five minutes the queue keeps one.
    pub key: String,
}

/// The queues, as their consumer needs them.
pub trait NotificationQueue: Send + Sync {
    /// Moves a message to the dead-letter queue.
    fn dead_letter(
        &self,
        letter: &DeadLetter,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Puts jobs on the deliveries queue; all of them were taken when this answers no error.
    fn enqueue_jobs(
        &self,
        jobs: &[JobMessage],
    ) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Makes a message that was received from `queue` visible again after `delay` (whole seconds).
    fn retry_after(
        &self,
        queue: &str,
        receipt_handle: &str,
        delay: Duration,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// The way to backends; `None` when they hear of nothing.
    fn upstream(&self) -> Option<&impl UpstreamQueue> {
        None::<&NoUpstream>
    }
}
