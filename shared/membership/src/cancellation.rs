//! The calls of a client that has gone: nobody answers them any more, and backends hear so.
//!
//! A call that is noted after the look is settled by its time-out.

use futures_util::stream::{self, StreamExt};
use hubcast_model::client::Client;
use hubcast_model::event;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{BATCH_MAX, PendingStore, StoreError, UpstreamMessage, UpstreamQueue};
use hubcast_model::report::chain;
use hubcast_model::time::Timestamp;

/// How many calls are settled at once.
const WRITES_AT_ONCE: usize = 16;
/// The name under which the calls of a client that has gone are settled. Of all who find the end,
/// one alone takes the client's row, and settles them.
const GONE: &str = "gone";

/// Settles the calls of a socket that wait for an answer, and tells backends of each. The end of
/// the socket goes on when this fails.
pub(crate) async fn cancel_all(
    store: &impl PendingStore,
    queue: &impl UpstreamQueue,
    socket: &SocketId,
    client: &Client,
    now: Timestamp,
) {
    let settled = settle_all(store, socket, now).await.unwrap_or_else(|err| {
        tracing::error!(error = %chain(&err), socket_id = %socket, "cancellations are not told");
        Vec::new()
    });
    let event = |id: &String| event::cancelled(socket, client, id, now);
    let events: Vec<UpstreamMessage> = settled.iter().map(event).collect();
    for part in events.chunks(BATCH_MAX) {
        if let Err(err) = queue.tell(part).await {
            tracing::error!(error = %chain(&err), socket_id = %socket, "cancellations are lost");
        }
    }
}

/// Settles all calls of a socket that wait. Answers the ids of those that nobody else settled.
async fn settle_all(
    store: &impl PendingStore,
    socket: &SocketId,
    now: Timestamp,
) -> Result<Vec<String>, StoreError> {
    let waiting = store.waiting(socket, now).await?;
    let mut settling = Vec::new();
    for id in &waiting {
        settling.push(store.complete_pending(socket, id, GONE));
    }
    let settled: Vec<_> = stream::iter(settling).buffered(WRITES_AT_ONCE).collect().await;
    let are_ours: Vec<bool> = settled.into_iter().collect::<Result<_, StoreError>>()?;
    Ok(waiting
        .into_iter()
        .zip(are_ours)
        .filter_map(|(id, is_ours)| is_ours.then_some(id))
        .collect())
}
