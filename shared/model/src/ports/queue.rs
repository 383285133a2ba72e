//! The notifications queue, as the rules see it.

use std::future::Future;
use std::time::Duration;

use crate::dead_letter::LetterAttributes;
use crate::retention::LeftPlace;
use crate::time::Timestamp;
use crate::trace::Traceparent;

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
    /// The trace within which the message was sent.
    pub trace: Option<Traceparent>,
}

impl DeadLetter {
    /// What its message attributes say.
    pub fn attributes(&self) -> LetterAttributes {
        LetterAttributes {
            reason: Some(self.reason.to_owned()),
            detail: Some(self.detail.clone()),
            progress_key: Some(self.progress_key.clone()),
            trace: self.trace.clone(),
        }
    }
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

/// A message as the queue hands it over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedMessage {
    /// The queue's id of it.
    pub id: String,
    /// The name of the queue that it came from.
    pub queue: String,
    /// What later calls about this receipt name.
    pub receipt_handle: String,
    /// The message group, within which order counts.
    pub group: String,
    /// The queue's number of it, which grows within the message group.
    pub sequence: String,
    /// The envelope.
    pub body: String,
    /// Who sent it, by the queue's own word; empty when the queue does not say.
    pub sender: String,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// How often it was received, this time included.
    pub receive_count: u32,
    /// Where its progress is kept when it has been through the dead-letter queue.
    pub progress_key: Option<String>,
    /// Its name on a queue that may hand a message over again after its end: a message of the same
    /// name is the same. `None` on a queue that does not.
    pub repeatable: Option<String>,
    /// The trace within which it was sent.
    pub trace: Option<Traceparent>,
    /// Where it stands, when it is sent once more since a line left it.
    pub left: Option<LeftPlace>,
}

impl QueuedMessage {
    /// Whether it has just come back from the dead-letter queue, and is tried anew.
    pub const fn is_redriven(&self) -> bool {
        self.progress_key.is_some() && self.receive_count <= 1
    }
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
}
