//! Ends carried out: a Close is sent once, and a client that still sends is cut off.

use std::sync::Arc;
use std::time::Duration;

use hubcast_model::id::SocketId;
use hubcast_model::ports::{ConnectionGateway, SocketStore, StoreError};
use hubcast_model::report::chain as report;
use hubcast_model::time::Clock;

use super::step::End;

/// How long the mark of a closed socket is kept.
const CLOSED_MARK: Duration = Duration::from_mins(10);

/// Ends sockets.
#[derive(Debug)]
pub(super) struct Closer<S, G, C> {
    pub(super) store: Arc<S>,
    pub(super) gateway: Arc<G>,
    pub(super) clock: Arc<C>,
}

impl<S: SocketStore, G: ConnectionGateway, C: Clock> Closer<S, G, C> {
    /// Carries an end out, and answers the record to send back. A client that still sends after
    /// its Close is cut off instead.
    pub(super) async fn close(&self, socket: &SocketId, end: End) -> String {
        if matches!(end, End::Drop) {
            cut(&*self.gateway, socket).await;
            return String::new();
        }
        match self.mark_closed(socket).await {
            Ok(false) => end.record(),
            Ok(true) => {
                cut(&*self.gateway, socket).await;
                String::new()
            }
            Err(err) => {
                tracing::warn!(error = %report(&err), "a closed socket could not be marked");
                end.record()
            }
        }
    }

    /// Marks a socket as told to go; true when it was marked before.
    pub(super) async fn mark_closed(&self, socket: &SocketId) -> Result<bool, StoreError> {
        self.store.mark_closed(socket, self.clock.now().plus(CLOSED_MARK)).await
    }
}

/// Ends a socket without a word.
pub(super) async fn cut(gateway: &impl ConnectionGateway, socket: &SocketId) {
    if let Err(err) = gateway.delete(socket).await {
        tracing::warn!(error = %report(&err), socket.id = %socket, "a socket could not be ended");
    }
}
