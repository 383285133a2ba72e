//! The clients that backends hear of, and their calls that wait for an answer.

use std::future::Future;

use super::StoreError;
use crate::client::{Client, ClientRecord};
use crate::id::SocketId;
use crate::time::Timestamp;
use crate::trace::Traceparent;
use crate::values::Values;

/// The clients that backends hear of.
pub trait ClientStore: Send + Sync {
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
    ) -> impl Future<Output = Result<Option<ClientRecord>, StoreError>> + Send;

    /// Replaces the claims of a client, which stays announced if it was; false when it is not kept.
    fn renew_claims(
        &self,
        socket: &SocketId,
        claims: &Values,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Notes that a client was announced; false when it is not kept any more.
    fn mark_announced(
        &self,
        socket: &SocketId,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Notes why the connection of a client ends, and within which trace, if the client is kept. The
    /// first note counts.
    fn note_end(
        &self,
        socket: &SocketId,
        why: &str,
        trace: Option<&Traceparent>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Removes a client and answers it; `None` when another was first.
    fn take_client(
        &self,
        socket: &SocketId,
    ) -> impl Future<Output = Result<Option<ClientRecord>, StoreError>> + Send;
}

/// The invocations that wait for an answer of a backend.
pub trait PendingStore: Send + Sync {
    /// Notes that an invocation waits for its answer, until `expires` at the most; false when one
    /// with the same id does already at `now`.
    fn put_pending(
        &self,
        socket: &SocketId,
        invocation_id: &str,
        now: Timestamp,
        expires: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Completes an invocation on behalf of `by`; false when it does not wait, or another completed
    /// it.
    ///
    /// Whoever completed it may do so again, as after a crash.
    fn complete_pending(
        &self,
        socket: &SocketId,
        invocation_id: &str,
        by: &str,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// The ids of a socket's invocations that nobody has completed at `now`; strongly consistent.
    fn waiting(
        &self,
        socket: &SocketId,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<String>, StoreError>> + Send;

    /// Whether an invocation was ever noted, completed or not; strongly consistent.
    fn is_noted(
        &self,
        socket: &SocketId,
        invocation_id: &str,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Whether somebody has completed an invocation; strongly consistent. False for one that was
    /// never noted, too.
    fn is_settled(
        &self,
        socket: &SocketId,
        invocation_id: &str,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}
