//! The sessions of client tokens, as the rules see them.

use std::future::Future;

use super::StoreError;
use crate::id::{ConnectionId, SocketId};
use crate::session::SessionId;
use crate::time::Timestamp;

/// What client tokens opened.
pub trait SessionStore: Send + Sync {
    /// Notes that `socket` belongs to the session, which so lasts until `until` at least.
    fn join_session(
        &self,
        session: &SessionId,
        socket: &SocketId,
        until: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Notes that `socket` has ended; the session lasts until `until` at least.
    ///
    /// At no point in between does a session look shorter than before and after.
    fn leave_session(
        &self,
        session: &SessionId,
        socket: &SocketId,
        until: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Whether the session lasts beyond `now`; strongly consistent.
    fn session_lasts(
        &self,
        session: &SessionId,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Uses the session's token up for `connection`; false when another connection did, or when a
    /// socket spent the token.
    ///
    /// The note of it is kept until `expires`.
    fn use_up(
        &self,
        session: &SessionId,
        connection: &ConnectionId,
        expires: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Spends a token that was used up, since the handshake of `socket` begins: from now on the
    /// token opens no socket any more. False when another socket spent it.
    fn spend(
        &self,
        session: &SessionId,
        socket: &SocketId,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Whether the session's token was used up; strongly consistent.
    fn is_used_up(
        &self,
        session: &SessionId,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}
