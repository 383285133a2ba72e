//! Ends carried out: a Close is sent once, and a client that still sends is cut off.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{ConnectionGateway, SocketStore, StoreError};
use hubcast_model::report::chain as report;
use hubcast_model::time::{Clock, Timestamp};

use super::farewell::Farewell;
use super::post::post;

/// How long the mark of a closed socket is kept.
const CLOSED_MARK: Duration = Duration::from_mins(10);
/// How long a client waits for a Close that names a limit. The first try of clients with automatic
/// reconnect comes at once, so without this wait they would come back in a hot loop.
const RETURN_FLOOR: Duration = Duration::from_secs(2);

/// How an end began.
#[derive(Debug, Clone, Copy)]
pub(super) enum Notice {
    /// No end was noted before. The client is told by this time.
    First(Timestamp),
    /// The socket was ended before. Its client is told by this time.
    Repeated(Timestamp),
    /// Nothing is noted.
    Unmarked,
}

impl Notice {
    /// By when the client is told, as far as this is noted.
    pub(super) const fn told_at(self) -> Option<Timestamp> {
        match self {
            Self::First(told_at) | Self::Repeated(told_at) => Some(told_at),
            Self::Unmarked => None,
        }
    }
}

/// Ends sockets.
#[derive(Debug)]
pub(super) struct Closer<S, G, C> {
    pub(super) store: Arc<S>,
    pub(super) gateway: Arc<G>,
    pub(super) clock: Arc<C>,
    /// How long a socket may take to read its last record before it is cut.
    pub(super) close_grace: Duration,
}

impl<S: SocketStore, G: ConnectionGateway, C: Clock> Closer<S, G, C> {
    /// By when a client is told of any end that is carried out now.
    pub(super) fn told_by(&self) -> Timestamp {
        self.clock.now().plus(RETURN_FLOOR).plus(self.close_grace)
    }

    /// Notes an end on the socket's record. Another frame may have ended the socket before.
    pub(super) async fn begin(&self, socket: &SocketId, farewell: &Farewell) -> Notice {
        let told_at = match farewell {
            Farewell::Nothing => return Notice::Unmarked,
            Farewell::LateClose(_) => self.told_by(),
            Farewell::Close(_) | Farewell::Refusal(_) => self.clock.now(),
        };
        match self.mark(socket, told_at).await {
            Ok(None) => Notice::First(told_at),
            Ok(Some(earlier)) => Notice::Repeated(earlier),
            Err(err) => {
                tracing::warn!(error = %report(&err), "a closed socket could not be marked");
                Notice::Unmarked
            }
        }
    }

    /// Carries out an end that has begun, and answers the record to send back. A client that still
    /// sends after its Close is cut off instead.
    pub(super) async fn close(
        &self,
        socket: &SocketId,
        farewell: Farewell,
        notice: Notice,
    ) -> String {
        match (notice, farewell) {
            (Notice::Repeated(told_at), _) => self.insist(socket, told_at).await,
            (_, Farewell::Nothing) => self.drop(socket).await,
            (_, Farewell::Close(record)) => record,
            (_, Farewell::LateClose(record)) => {
                tokio::time::sleep(RETURN_FLOOR).await;
                record
            }
            (_, Farewell::Refusal(refusal)) => {
                self.refuse(socket, refusal).await;
                String::new()
            }
        }
    }

    /// Ends a socket without a word. Answers the record to send back, which is none.
    pub(super) async fn drop(&self, socket: &SocketId) -> String {
        cut(&*self.gateway, socket).await;
        String::new()
    }

    /// Answers a client that sends although its socket was ended: nothing while its Close is on
    /// its way, and the end of the socket after that.
    pub(super) async fn insist(&self, socket: &SocketId, told_at: Timestamp) -> String {
        if self.clock.now() >= told_at {
            cut(&*self.gateway, socket).await;
        }
        String::new()
    }

    /// Marks a socket as told to go now.
    pub(super) async fn mark_closed(&self, socket: &SocketId) -> Result<(), StoreError> {
        self.mark(socket, self.clock.now()).await.map(|_| ())
    }

    async fn mark(
        &self,
        socket: &SocketId,
        told_at: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.store.mark_closed(socket, told_at, self.clock.now().plus(CLOSED_MARK)).await
    }

    /// Refuses a handshake, and then ends the socket, as ASP.NET Core does. Official clients leave
    /// by themselves; others would wait until the socket is idle for too long.
    async fn refuse(&self, socket: &SocketId, refusal: String) {
        match post(&*self.gateway, socket, Bytes::from(refusal)).await {
            Ok(()) => tokio::time::sleep(self.close_grace).await,
            Err(err) => {
                tracing::warn!(error = %report(&err), socket_id = %socket, "a refusal was not heard");
            }
        }
        cut(&*self.gateway, socket).await;
    }
}

/// Ends a socket without a word.
pub(super) async fn cut(gateway: &impl ConnectionGateway, socket: &SocketId) {
    if let Err(err) = gateway.delete(socket).await {
        tracing::warn!(error = %report(&err), socket_id = %socket, "a socket could not be ended");
    }
}
