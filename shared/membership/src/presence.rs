//! Beginnings and ends, each told once and in this order.

use std::time::Duration;

use crate::membership;
use hubcast_model::event;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{
    ChannelStore, ClaimStore, ClientStore, SessionStore, SocketStore, StoreError, UpstreamMessage,
    UpstreamQueue,
};
use hubcast_model::report::chain;
use hubcast_model::socket::{Socket, SocketState};
use hubcast_model::time::Timestamp;

/// Who announces a client is through with it after so long, or has died.
const ANNOUNCING_MAX: Duration = Duration::from_mins(1);

/// Tells backends of an event; what cannot be told is logged. Answers whether it was told.
pub async fn tell(queue: &impl UpstreamQueue, message: &UpstreamMessage) -> bool {
    let told = queue.tell(message).await;
    if let Err(err) = &told {
        tracing::error!(error = %chain(err), event.id = message.id, "an upstream event is lost");
    }
    told.is_ok()
}

/// Tells that the client of a socket has connected, once all that is sent reaches it.
///
/// Whoever finds the client's row before it is marked leaves the end of it to be told here.
pub async fn announce(
    store: &impl ClientStore,
    queue: &impl UpstreamQueue,
    socket: &SocketId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(known) = store.client(socket).await? else {
        return Ok(());
    };
    tell(queue, &event::started(socket, &known.client, now)).await;
    if !store.mark_announced(socket).await? {
        tell(queue, &event::ended(socket, &known.client, now)).await;
    }
    Ok(())
}

/// Removes a socket and every row of it, and tells the end of its client if nobody else does.
/// `Some` for exactly one of all who try. Safe to repeat.
pub async fn disconnect<S: ChannelStore + ClaimStore + ClientStore + SessionStore + SocketStore>(
    store: &S,
    queue: Option<&impl UpstreamQueue>,
    id: &SocketId,
    now: Timestamp,
) -> Result<Option<Socket>, StoreError> {
    let outcome = membership::disconnect(store, id, now).await;
    let Some(queue) = queue else {
        return outcome;
    };
    let record = outcome.as_ref().ok().and_then(Option::as_ref);
    // Also when rows remain: the socket has ended, and the client's row says who may tell it.
    match store.take_client(id).await {
        Ok(Some(known)) if known.is_announced || is_overdue(record, now) => {
            tell(queue, &event::ended(id, &known.client, now)).await;
        }
        Ok(_) => {}
        Err(err) => {
            tracing::error!(error = %chain(&err), socket.id = %id, "an end was not told");
        }
    }
    outcome
}

/// Whether a client that was to be announced long ago was not: better an end without a beginning
/// than a client that stays for ever.
fn is_overdue(record: Option<&Socket>, now: Timestamp) -> bool {
    record.is_some_and(|socket| {
        socket.state == SocketState::Ready && now.since(socket.connected_at) > ANNOUNCING_MAX
    })
}
