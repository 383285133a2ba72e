//! What backends hear of a client: that it has connected, and that it has ended.
//!
//! Each of the two is told once, and the end never before the beginning.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::cancellation::cancel_all;
use crate::membership;
use hubcast_model::client::ClientRecord;
use hubcast_model::event;
use hubcast_model::id::SocketId;
use hubcast_model::journey::connection::{Ending, closed};
use hubcast_model::ports::{
    ChannelStore, ClaimStore, ClientStore, PendingStore, SessionStore, SocketStore, StoreError,
    UpstreamMessage, UpstreamQueue,
};
use hubcast_model::report::chain;
use hubcast_model::socket::{Socket, SocketState};
use hubcast_model::time::{Clock, Timestamp};
use hubcast_model::trace;

/// An announcement takes no longer than this. After that its instance must have died.
const ANNOUNCING_MAX: Duration = Duration::from_mins(1);

/// Tells backends that a client has connected.
pub trait Announce: Send + Sync {
    /// Announces the client of a socket. The socket stays ready when this fails.
    fn announce(&self, socket: &SocketId) -> impl Future<Output = ()> + Send;
}

/// Removes a socket with all its rows.
pub trait Disconnect: Send + Sync {
    /// Removes the socket, for the reason that the log tells. Of all callers exactly one gets its record; the others get `None`.
    ///
    /// Safe to repeat.
    ///
    /// # Errors
    /// When the table does not answer. Rows of the socket may remain then.
    fn disconnect(
        &self,
        socket: &SocketId,
        ending: &Ending,
    ) -> impl Future<Output = Result<Option<Socket>, StoreError>> + Send;

    /// Notes why a socket is about to end, for those who hear of ends. The first note counts.
    fn note_end(&self, socket: &SocketId, why: &str) -> impl Future<Output = ()> + Send;
}

impl<P: Disconnect> Disconnect for Arc<P> {
    async fn disconnect(
        &self,
        socket: &SocketId,
        ending: &Ending,
    ) -> Result<Option<Socket>, StoreError> {
        P::disconnect(self, socket, ending).await
    }

    async fn note_end(&self, socket: &SocketId, why: &str) {
        P::note_end(self, socket, why).await;
    }
}

/// The beginnings and ends of clients, with the ports that they need.
#[derive(Debug)]
pub struct Presence<S, Q, C> {
    store: Arc<S>,
    /// The queue to backends; `None` when backends hear of nothing.
    queue: Option<Arc<Q>>,
    clock: Arc<C>,
}

impl<S, Q, C> Presence<S, Q, C> {
    /// Presence over these ports. Without a queue backends hear of nothing.
    pub const fn new(store: Arc<S>, queue: Option<Arc<Q>>, clock: Arc<C>) -> Self {
        Self { store, queue, clock }
    }
}

impl<S, Q, C> Announce for Presence<S, Q, C>
where
    S: ClientStore + PendingStore,
    Q: UpstreamQueue,
    C: Clock,
{
    async fn announce(&self, socket: &SocketId) {
        let Some(queue) = &self.queue else {
            return;
        };
        let announced = announce(&*self.store, &**queue, socket, self.clock.now()).await;
        if let Err(err) = announced {
            tracing::error!(error = %chain(&err), socket_id = %socket, "a client is not announced");
        }
    }
}

impl<S, Q, C> Disconnect for Presence<S, Q, C>
where
    S: ChannelStore + ClaimStore + ClientStore + PendingStore + SessionStore + SocketStore,
    Q: UpstreamQueue,
    C: Clock,
{
    async fn disconnect(
        &self,
        socket: &SocketId,
        ending: &Ending,
    ) -> Result<Option<Socket>, StoreError> {
        disconnect(&*self.store, self.queue.as_deref(), socket, ending, self.clock.now()).await
    }

    async fn note_end(&self, socket: &SocketId, why: &str) {
        if self.queue.is_some() {
            note_end(&*self.store, socket, why).await;
        }
    }
}

/// Notes why a socket is about to end. A reason that is not noted is not worth a failure.
pub async fn note_end(store: &impl ClientStore, socket: &SocketId, why: &str) {
    let trace = trace::current();
    if let Err(err) = store.note_end(socket, why, trace.as_ref()).await {
        tracing::warn!(error = %chain(&err), socket_id = %socket, "the reason of an end is not noted");
    }
}

/// Tells backends of an event. True when the queue took it; a failure is logged.
pub async fn tell(queue: &impl UpstreamQueue, message: &UpstreamMessage) -> bool {
    let told = queue.tell(std::slice::from_ref(message)).await;
    if let Err(err) = &told {
        tracing::error!(error = %chain(err), event_id = message.id, "an upstream event is lost");
    }
    told.is_ok()
}

/// Tells that the client of a socket has connected, once everything that is sent reaches it.
///
/// A disconnect that finds the client's row before it is marked tells nothing. In that case this
/// function tells the end too.
///
/// # Errors
/// When the table does not answer.
pub async fn announce(
    store: &(impl ClientStore + PendingStore),
    queue: &impl UpstreamQueue,
    socket: &SocketId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(known) = store.client(socket).await? else {
        return Ok(());
    };
    tell(queue, &event::started(socket, &known.client, now)).await;
    if !store.mark_announced(socket).await? {
        tell_end(store, queue, socket, known, now).await;
    }
    Ok(())
}

/// Tells that a client has ended, after the calls for whose answers it waits no more, and within the
/// trace in which its end was asked for.
async fn tell_end(
    store: &impl PendingStore,
    queue: &impl UpstreamQueue,
    socket: &SocketId,
    known: ClientRecord,
    now: Timestamp,
) {
    let ClientRecord { client, why, trace, .. } = known;
    let told = async {
        cancel_all(store, queue, socket, &client, now).await;
        tell(queue, &event::ended(socket, &client, why, now)).await;
    };
    trace::within(trace, told).await;
}

/// Removes a socket and every row of it, and tells the end of its client if nobody else does.
///
/// Of all callers exactly one gets the socket's record; the others get `None`. Safe to repeat.
///
/// # Errors
/// When the table does not answer. Rows of the socket may remain then.
pub async fn disconnect<S>(
    store: &S,
    queue: Option<&impl UpstreamQueue>,
    id: &SocketId,
    ending: &Ending,
    now: Timestamp,
) -> Result<Option<Socket>, StoreError>
where
    S: ChannelStore + ClaimStore + ClientStore + PendingStore + SessionStore + SocketStore,
{
    let outcome = membership::disconnect(store, id, now).await;
    if let Ok(Some(socket)) = &outcome {
        closed(socket, ending, now);
    }
    let Some(queue) = queue else {
        return outcome;
    };
    let record = outcome.as_ref().ok().and_then(Option::as_ref);
    // Also when rows remain: the socket has ended, and the client's row decides who tells it.
    match store.take_client(id).await {
        Ok(Some(known)) if known.is_announced || is_overdue(record, now) => {
            tell_end(store, queue, id, known, now).await;
        }
        Ok(_) => {}
        Err(err) => {
            tracing::error!(error = %chain(&err), socket_id = %id, "an end was not told");
        }
    }
    outcome
}

/// Whether the client of a socket should have been announced long ago.
///
/// An end without a beginning is better than a client that never ends.
fn is_overdue(record: Option<&Socket>, now: Timestamp) -> bool {
    record.is_some_and(|socket| {
        socket.state == SocketState::Ready && now.since(socket.connected_at) > ANNOUNCING_MAX
    })
}
