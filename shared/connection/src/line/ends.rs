//! How frames end lines, or sockets of lines.

use bytes::Bytes;
use hubcast_line::{Cut, LineAlarm, LineStore};
use hubcast_model::id::SocketId;
use hubcast_model::ports::{ConnectionGateway, PostError};
use hubcast_model::report::chain;
use hubcast_model::time::{Clock, Timestamp};
use signalr_protocol::handshake::HandshakeResponse;

use super::LineFrames;
use super::speech::Speech;

/// A client of an older version does not count.
const TOO_OLD: &str = "A connection with stateful reconnect needs version 2 of the protocol.";

impl<F, S, G, C, A> LineFrames<F, S, G, C, A>
where
    S: LineStore,
    G: ConnectionGateway,
    C: Clock,
    A: LineAlarm,
{
    pub(super) async fn end(&self, line: &SocketId) -> Result<(), PostError> {
        self.courier.end_softly(line).await
    }

    /// Cuts a socket that is of no use to its client.
    pub(super) async fn drop_socket(&self, socket: &SocketId) -> Result<String, PostError> {
        self.courier.delete(socket).await.map(|()| String::new())
    }

    pub(super) async fn refuse(&self, line: &SocketId) -> Result<String, PostError> {
        let refusal = HandshakeResponse { error: Some(TOO_OLD.into()) }.encode();
        self.courier.post(line, Bytes::from(refusal)).await?;
        self.courier.end(line).await.map(|()| String::new())
    }

    /// Ends what can be said again, or the line. Acknowledgements count messages: where others were
    /// heard since, the client may have forgotten what this frame says. And a call that was heard and
    /// not carried out would never be answered. So the line ends then, and the client is told that its
    /// calls failed.
    pub(super) async fn fail(
        &self,
        line: &SocketId,
        socket: &SocketId,
        frame: &str,
        began: Timestamp,
    ) -> String {
        let may_be_forgotten =
            Speech::read(frame).numbered() > 0 && self.has_heard_since(line, began).await;
        if may_be_forgotten
            && self.courier.end_softly(line).await.is_ok()
            && self.drop_socket(socket).await.is_ok()
        {
            return String::new();
        }
        self.cut(line, socket, Cut::Doubt).await
    }

    async fn has_heard_since(&self, line: &SocketId, began: Timestamp) -> bool {
        let line = self.store.line(line).await.ok().flatten();
        line.and_then(|line| line.heard_at).is_some_and(|at| at >= began)
    }

    /// Cuts a socket without a word, since nobody knows what its client has. The client comes back
    /// and says so.
    pub(super) async fn cut(&self, line: &SocketId, socket: &SocketId, why: Cut) -> String {
        if let Err(err) = self.courier.lose(line, socket, why).await {
            tracing::warn!(error = %chain(&err), socket.id = %socket, "a socket is not cut");
        }
        String::new()
    }
}
