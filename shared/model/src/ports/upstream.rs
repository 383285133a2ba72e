//! What backends hear of clients: the queues it goes to.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use super::QueueError;
use crate::message_group::MessageGroup;

/// An event for backends, as it stands on the upstream queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamMessage {
    /// The event as JSON.
    pub body: String,
    /// The message group: the events of one connection keep their order.
    pub group: MessageGroup,
    /// The event's id; of two messages with the same one within five minutes the queue keeps one.
    pub id: String,
}

/// The queues that lead to backends and back.
pub trait UpstreamQueue: Send + Sync {
    /// Tells backends of an event.
    fn tell(
        &self,
        message: &UpstreamMessage,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Has an envelope handled like any other, but only `after` so long (whole seconds).
    fn remind(
        &self,
        envelope: &str,
        after: Duration,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;
}

/// The queues of a deployment whose backends hear of nothing: there are none.
#[derive(Debug, Clone, Copy)]
pub struct NoUpstream(Infallible);

impl UpstreamQueue for NoUpstream {
    async fn tell(&self, _: &UpstreamMessage) -> Result<(), QueueError> {
        match self.0 {}
    }

    async fn remind(&self, _: &str, _: Duration) -> Result<(), QueueError> {
        match self.0 {}
    }
}
