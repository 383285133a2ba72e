//! Joining and leaving groups, and leaving for good.
//!
//! A socket's record always names a row before the row is written, and the
//! record is read again after the write. Whoever deletes the record answers
//! for the rows it names. So however a join races with a leave or a
//! disconnect, no row stays behind and no member is lost.
//!
//! Whoever moves sockets by what the table says of lasting memberships reads
//! it again afterwards, until it says the same. So the last word counts, also
//! for those who acted on an earlier one.

use std::collections::{BTreeMap, BTreeSet};

use crate::session;
use hubcast_model::access::{Membership, Standing};
use hubcast_model::channel::{ChannelKey, ChannelRow, ShardCounts};
use hubcast_model::id::{GroupName, KeyedName, SocketId};
use hubcast_model::ports::{
    ChannelStore, ClaimStore, Consistency, SessionStore, SocketStore, StoreError,
};
use hubcast_model::socket::Socket;
use hubcast_model::time::Timestamp;

/// The groups to be in, each with the time until which, if not as long as possible.
pub type Groups = BTreeMap<KeyedName, Option<Timestamp>>;

/// The groups of a user: those a token names and those that last, without the denied ones.
pub fn effective(token: &[GroupName], lasting: &[Membership]) -> Groups {
    let mut groups: Groups = token.iter().map(|group| (group.keyed(), None)).collect();
    for membership in lasting {
        match membership.standing {
            // A token's group lasts as long as the session, whatever the row says.
            Standing::Member => {
                groups.entry(membership.group.clone()).or_insert(membership.expires);
            }
            Standing::Denied => {
                groups.remove(&membership.group);
            }
        }
    }
    groups
}

/// Puts a socket into groups; false when it is not there (any more) to be put into anything.
///
/// Safe to repeat.
pub async fn join<S: ChannelStore + SocketStore>(
    store: &S,
    counts: ShardCounts,
    socket: &Socket,
    groups: &Groups,
) -> Result<bool, StoreError> {
    let keys: Vec<ChannelKey> = groups.keys().map(|group| key_of(counts, socket, group)).collect();
    let Some(noted) = store.note_channels(&socket.id, &keys).await? else {
        return Ok(false);
    };
    let (kept, surplus) = one_of_each(&noted, groups);
    let rows = kept.iter().flat_map(|(key, until)| socket.rows([key], *until)).collect();
    let is_there = write(store, &socket.id, rows).await?;
    if is_there && !surplus.is_empty() {
        remove(store, &socket.id, &surplus).await?;
    }
    Ok(is_there)
}

/// Where the socket has its row of a group, or will have it.
///
/// A row stays where it is though the count of shards has changed: in two shards the socket would
/// get everything twice that jobs deliver.
fn key_of(counts: ShardCounts, socket: &Socket, group: &KeyedName) -> ChannelKey {
    let noted = socket.channels.iter().find(|key| key.group_of().as_ref() == Some(group));
    noted.cloned().unwrap_or_else(|| counts.group_key(&socket.hub, group, &socket.id))
}

/// The key to keep of each group, and those to remove.
///
/// Two that join at once by different counts of shards note two keys. Whoever notes last sees
/// both; all who see several keep the first in order.
fn one_of_each(
    noted: &Socket,
    groups: &Groups,
) -> (BTreeMap<ChannelKey, Option<Timestamp>>, Vec<ChannelKey>) {
    let (mut kept, mut surplus) = (BTreeMap::new(), Vec::new());
    for (group, until) in groups {
        let mut keys = noted.channels.iter().filter(|key| key.group_of().as_ref() == Some(group));
        kept.extend(keys.next().map(|key| (key.clone(), *until)));
        surplus.extend(keys.cloned());
    }
    (kept, surplus)
}

/// Writes rows, those again that others deleted meanwhile; false when the socket is gone by then.
async fn write<S: ChannelStore + SocketStore>(
    store: &S,
    id: &SocketId,
    mut rows: Vec<ChannelRow>,
) -> Result<bool, StoreError> {
    loop {
        store.put_rows(&rows).await?;
        match settle(store, id, rows).await? {
            None => return Ok(false),
            Some(lost) if lost.is_empty() => return Ok(true),
            Some(lost) => rows = lost,
        }
    }
}

/// Deletes those of the rows just written that the socket's record does not name any more; `None`
/// when there is no record.
///
/// Answers those that the record names again by then: whoever joins them may have written them
/// before they were deleted here.
async fn settle<S: ChannelStore + SocketStore>(
    store: &S,
    id: &SocketId,
    written: Vec<ChannelRow>,
) -> Result<Option<Vec<ChannelRow>>, StoreError> {
    let noted = noted(store, id).await?;
    let is_noted = |row: &ChannelRow| noted.as_ref().is_some_and(|keys| keys.contains(&row.key));
    let mut stale: Vec<ChannelRow> = written.into_iter().filter(|row| !is_noted(row)).collect();
    if stale.is_empty() {
        return Ok(noted.map(|_| stale));
    }
    let keys: Vec<ChannelKey> = stale.iter().map(|row| row.key.clone()).collect();
    store.delete_rows(id, &keys).await?;
    let noted = self::noted(store, id).await?;
    stale.retain(|row| noted.as_ref().is_some_and(|keys| keys.contains(&row.key)));
    Ok(noted.map(|_| stale))
}

/// The rows that the socket's record names; `None` when there is no record.
async fn noted(
    store: &impl SocketStore,
    id: &SocketId,
) -> Result<Option<BTreeSet<ChannelKey>>, StoreError> {
    let socket = store.socket(id, Consistency::Strong).await?;
    Ok(socket.map(|socket| socket.channels))
}

/// Takes a socket out of groups. Safe to repeat, also after half of it was done.
pub async fn leave<S: ChannelStore + SocketStore>(
    store: &S,
    counts: ShardCounts,
    socket: &Socket,
    groups: &BTreeSet<KeyedName>,
) -> Result<(), StoreError> {
    // Rows stand where they were noted; but an earlier try may have stopped
    // between forgetting a row and deleting it, so where one would be written
    // today counts too.
    let noted =
        socket.channels.iter().filter(|key| key.group_of().is_some_and(|g| groups.contains(&g)));
    let today = groups.iter().map(|group| counts.group_key(&socket.hub, group, &socket.id));
    let keys: BTreeSet<ChannelKey> = noted.cloned().chain(today).collect();
    let keys: Vec<ChannelKey> = keys.into_iter().collect();
    if keys.is_empty() {
        return Ok(());
    }
    remove(store, &socket.id, &keys).await
}

/// Removes rows of a socket that its record names.
///
/// Rows are deleted before they are forgotten, since a removal that stops in between would find
/// them no more; and afterwards, since a join may have written them again.
async fn remove<S: ChannelStore + SocketStore>(
    store: &S,
    id: &SocketId,
    keys: &[ChannelKey],
) -> Result<(), StoreError> {
    store.delete_rows(id, keys).await?;
    store.forget_channels(id, keys).await?;
    store.delete_rows(id, keys).await
}

/// Removes a socket and every row of it. `Some` for exactly one of all who try.
pub async fn disconnect<S: ChannelStore + ClaimStore + SessionStore + SocketStore>(
    store: &S,
    id: &SocketId,
    now: Timestamp,
) -> Result<Option<Socket>, StoreError> {
    let Some(socket) = store.delete_socket(id).await? else {
        return Ok(None);
    };
    let keys: Vec<ChannelKey> = socket.channels.iter().cloned().collect();
    store.delete_rows(id, &keys).await?;
    if socket.is_claimed() {
        store.release_claim(&socket.hub, &socket.connection, id).await?;
    }
    session::ended(store, &socket, now).await?;
    Ok(Some(socket))
}
