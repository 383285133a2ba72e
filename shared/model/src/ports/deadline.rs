//! The ends of sessions, as the rules see them.

use std::future::Future;

use super::StoreError;
use crate::context::Admission;
use crate::id::SocketId;
use crate::socket::Socket;
use crate::time::Timestamp;

/// The ends of the sessions of sockets, which fresh tokens move.
pub trait DeadlineStore: Send + Sync {
    /// Moves the end of a socket's session; with `None` the session has no end any more. Answers
    /// the record as it is then.
    ///
    /// `None`, and nothing moved, unless the socket is `Joining` or `Ready` and its session goes on
    /// at `now`.
    fn move_deadline(
        &self,
        socket: &SocketId,
        deadline: Option<Timestamp>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Socket>, StoreError>> + Send;

    /// Notes what a fresh token says on a socket's record. Answers the record as it is then.
    ///
    /// `None`, and nothing noted, unless the socket is `Joining` or `Ready` and its session ends
    /// when the admission says.
    fn renew_admission(
        &self,
        socket: &SocketId,
        admission: &Admission,
    ) -> impl Future<Output = Result<Option<Socket>, StoreError>> + Send;
}
