//! The notifications queue, as those see it who send to it.

use std::future::Future;

use super::QueueError;
use crate::message_group::MessageGroup;

/// A message for the notifications queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The envelope as JSON.
    pub body: String,
    /// The message group: messages of one group stay in order.
    pub group: MessageGroup,
    /// Of two messages of a group with the same key within five minutes the queue keeps one.
    pub key: String,
}

/// The notifications queue.
pub trait NotificationSender: Send + Sync {
    /// Enqueues messages in their order; answers the queue's id of each. All of them were taken when
    /// this answers no error.
    fn send(
        &self,
        messages: &[Outgoing],
    ) -> impl Future<Output = Result<Vec<String>, QueueError>> + Send;
}
