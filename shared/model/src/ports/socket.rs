//! Sockets and the claims on connection ids, as the rules see them.

use std::future::Future;

use super::{Consistency, StoreError};
use crate::channel::ChannelKey;
use crate::id::{ConnectionId, HubName, SocketId};
use crate::socket::Socket;
use crate::time::Timestamp;
use crate::work::Charge;

/// The records of sockets.
pub trait SocketStore: Send + Sync {
    /// Records a socket as given.
    fn create_socket(&self, socket: &Socket)
    -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Reads a socket's record; `None` when there is none.
    fn socket(
        &self,
        id: &SocketId,
        consistency: Consistency,
    ) -> impl Future<Output = Result<Option<Socket>, StoreError>> + Send;

    /// Moves a socket from `Connecting` to `Joining` at `now`, and notes the rows it is about to
    /// have.
    ///
    /// Answers the record as it is then, or `None` when the socket is gone or not `Connecting`.
    fn begin_handshake(
        &self,
        id: &SocketId,
        channels: &[ChannelKey],
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Socket>, StoreError>> + Send;

    /// Moves a socket from `Joining` to `Ready`, and marks its claim as finished, in one step.
    ///
    /// False when the socket is gone or closed, or its claim is another's by now.
    fn finish_handshake(
        &self,
        socket: &Socket,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Notes rows that a socket is about to have, and work that its client is to pay for; answers
    /// the record as it is then.
    ///
    /// `None`, and nothing noted, unless the socket is `Joining` or `Ready`.
    fn note_channels(
        &self,
        id: &SocketId,
        channels: &[ChannelKey],
        charge: Option<Charge>,
    ) -> impl Future<Output = Result<Option<Socket>, StoreError>> + Send;

    /// Forgets rows that a socket is about to lose; nothing happens when the socket is gone.
    fn forget_channels(
        &self,
        id: &SocketId,
        channels: &[ChannelKey],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Marks a socket, known or not, as `Closed` until `expires`, by a Close that its client gets
    /// at `told_at`. Answers when an earlier Close was to reach the client, if there was one.
    fn mark_closed(
        &self,
        id: &SocketId,
        told_at: Timestamp,
        expires: Timestamp,
    ) -> impl Future<Output = Result<Option<Timestamp>, StoreError>> + Send;

    /// Deletes a socket's record and answers it; `None` when another was first.
    fn delete_socket(
        &self,
        id: &SocketId,
    ) -> impl Future<Output = Result<Option<Socket>, StoreError>> + Send;
}

/// The claims on connection ids: which socket a connection id belongs to.
pub trait ClaimStore: Send + Sync {
    /// Takes the claim on `connection` for `socket`; false when its holder finished a handshake.
    ///
    /// A claim whose holder never finished passes on, since a proxy may retry an upgrade.
    fn take_claim(
        &self,
        hub: &HubName,
        connection: &ConnectionId,
        socket: &SocketId,
        expires: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Removes the claim on `connection` if `socket` holds it.
    fn release_claim(
        &self,
        hub: &HubName,
        connection: &ConnectionId,
        socket: &SocketId,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
