//! The rules of the ports of the table.

pub mod access;
pub mod channels;
pub mod claims;
pub mod deadlines;
pub mod erasure;
pub mod lines;
pub mod progress;
pub mod records;
pub mod results;
pub mod retention;
pub mod sessions;
pub mod upstream;
pub mod uptake;

use hubcast_line::LineStore;
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, DeadlineStore, ErasureStore,
    GrantStore, InboxStore, MembershipStore, PendingStore, ProgressStore, ResultStore,
    SessionStore, ShardStore, SocketStore, UptakeStore, UsageStore,
};

/// Runs every rule of a table.
pub async fn all<S>(store: &S)
where
    S: BlockStore
        + BoardStore
        + ChannelStore
        + ClaimStore
        + ClientStore
        + DeadlineStore
        + ErasureStore
        + GrantStore
        + InboxStore
        + LineStore
        + MembershipStore
        + PendingStore
        + ProgressStore
        + ResultStore
        + SessionStore
        + ShardStore
        + SocketStore
        + UptakeStore
        + UsageStore,
{
    claims::all(store).await;
    records::all(store).await;
    deadlines::all(store).await;
    channels::all(store).await;
    retention::all(store).await;
    access::all(store).await;
    sessions::all(store).await;
    erasure::all(store).await;
    upstream::all(store).await;
    uptake::all(store).await;
    progress::all(store).await;
    results::all(store).await;
    lines::all(store).await;
}

/// A long name in a script of three bytes a character: the longest that is allowed.
pub(crate) fn longest_name(last: char) -> String {
    let mut name = "語".repeat(1023);
    name.push(last);
    name
}
