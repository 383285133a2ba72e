//! What backends hear of clients: the queue it goes to, and the rows it needs.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use super::{QueueError, StoreError};
use crate::client::{Client, KnownClient};
use crate::id::SocketId;
use crate::time::Timestamp;

/// An event for backends, as it stands on the upstream queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamMessage {
    /// The event as JSON.
    pub body: String,
    /// The message group: the events of one connection keep their order.
    pub group: String,
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

/// Which clients backends hear of, and which invocations wait for an answer of theirs.
pub trait UpstreamStore: Send + Sync {
    /// Keeps what is told about the client of a socket, until `expires`.
    fn put_client(
        &self,
        socket: &SocketId,
        client: &Client,
        expires: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// What is told about the client of a socket; strongly consistent.
    fn client(
        &self,
        socket: &SocketId,
    ) -> impl Future<Output = Result<Option<KnownClient>, StoreError>> + Send;

    /// Notes that a client was announced; false when it is not kept any more.
    fn mark_announced(
        &self,
        socket: &SocketId,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Removes a client and answers it; `None` when another was first.
    fn take_client(
        &self,
        socket: &SocketId,
    ) -> impl Future<Output = Result<Option<KnownClient>, StoreError>> + Send;

    /// Notes that an invocation waits for its answer, until `expires` at the most; false when one
    /// with the same id does already at `now`.
    fn put_pending(
        &self,
        socket: &SocketId,
        invocation_id: &str,
        now: Timestamp,
        expires: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Settles an invocation on behalf of `by`; false when it does not wait, or another settled it.
    ///
    /// Whoever settled it may do so again, as after a crash.
    fn settle(
        &self,
        socket: &SocketId,
        invocation_id: &str,
        by: &str,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}
