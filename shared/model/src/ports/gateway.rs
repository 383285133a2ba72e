//! The sockets themselves, as the rules see them.

use std::future::Future;

use bytes::Bytes;

use super::Cause;
use crate::id::SocketId;
use crate::retention::Source;
use crate::time::Timestamp;

/// Why a post to a socket failed.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// The socket does not exist any more (410).
    #[error("the socket is gone")]
    Gone,
    /// The frame is too large for a socket (413).
    #[error("the frame is too large")]
    TooLarge,
    /// The caller may not post, or the request is malformed (403 and other 4xx).
    #[error("the post was refused")]
    Refused(#[source] Cause),
    /// The account's rate or the socket's buffer is full (429); nothing was sent.
    #[error("the post was throttled")]
    Throttled,
    /// No connection could be made; nothing was sent.
    #[error("the management endpoint could not be reached")]
    Unreached(#[source] Cause),
    /// No answer, or a 5xx: the frame may have been sent.
    #[error("the outcome of the post is unknown")]
    Ambiguous(#[source] Cause),
}

/// The sockets themselves, through API Gateway's management API.
pub trait ConnectionGateway: Send + Sync {
    /// Posts one text frame; `Ok` means accepted, not read. Makes one attempt.
    fn post(
        &self,
        socket: &SocketId,
        frame: Bytes,
    ) -> impl Future<Output = Result<(), PostError>> + Send;

    /// The same for a frame of which is known where its records come from, one source for each
    /// record. A connection that outlives its sockets takes no element twice.
    fn post_elements(
        &self,
        socket: &SocketId,
        frame: Bytes,
        sources: &[Source],
    ) -> impl Future<Output = Result<(), PostError>> + Send {
        // A socket does not know what it was posted.
        let _ = sources;
        self.post(socket, frame)
    }

    /// Whether the socket exists, as the gateway sees it.
    fn is_connected(
        &self,
        socket: &SocketId,
    ) -> impl Future<Output = Result<bool, PostError>> + Send;

    /// When the gateway last heard of the socket; `None` when the socket does not exist. A gateway
    /// that cannot say answers [`Timestamp::FOREVER`] for a socket that exists.
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html>
    fn last_active(
        &self,
        socket: &SocketId,
    ) -> impl Future<Output = Result<Option<Timestamp>, PostError>> + Send {
        let is_connected = self.is_connected(socket);
        async { Ok(is_connected.await?.then_some(Timestamp::FOREVER)) }
    }

    /// Ends the socket; one that is gone already is no error.
    fn delete(&self, socket: &SocketId) -> impl Future<Output = Result<(), PostError>> + Send;
}
