//! Joins, leaves and disconnects: the channel rows of one socket.
//!
//! A socket's record names a row before the row is written, and the record is
//! read again after the write. Whoever deletes the record deletes the rows that
//! the record names. So a join may race with a leave or a disconnect: no row
//! stays behind and no member is lost.
//!
//! Whoever moves sockets by lasting memberships reads the memberships again
//! afterwards, until they say the same. So the last change counts, also for
//! those who acted on an earlier one.

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
use hubcast_model::work::Charge;

/// Groups to be in. The value is when the membership ends; `None` for as long as the socket lives.
pub type Groups = BTreeMap<KeyedName, Option<Timestamp>>;

/// The groups of a user: those that the token names and the lasting ones, without the denied ones.
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

/// Puts a socket into groups. False when the socket has gone, or has not shaken hands.
///
/// Safe to repeat.
///
/// # Errors
/// When the table does not answer. Some of the rows may be written then.
pub async fn join<S: ChannelStore + SocketStore>(
    store: &S,
    counts: ShardCounts,
    socket: &Socket,
    groups: &Groups,
) -> Result<bool, StoreError> {
    join_charged(store, counts, socket, groups, None).await
}

/// Puts a socket into groups, as [`join`] does, and charges its client for this.
///
/// # Errors
/// When the table does not answer. Some of the rows may be written then.
pub async fn join_charged<S: ChannelStore + SocketStore>(
    store: &S,
    counts: ShardCounts,
    socket: &Socket,
    groups: &Groups,
    charge: Option<Charge>,
) -> Result<bool, StoreError> {
    let keys: Vec<ChannelKey> = groups.keys().map(|group| key_of(counts, socket, group)).collect();
    let Some(record) = store.note_channels(&socket.id, &keys, charge).await? else {
        return Ok(false);
    };
    let GroupKeys { kept, surplus } = GroupKeys::of(&record, groups);
    let is_there = write(store, record, kept).await?;
    if is_there && !surplus.is_empty() {
        remove(store, &socket.id, &surplus).await?;
    }
    Ok(is_there)
}

/// The key under which the socket has its row of a group, or will have it.
///
/// A row keeps its key when the count of shards changes: with rows in two shards the socket would
/// get everything twice that jobs deliver.
pub fn key_of(counts: ShardCounts, socket: &Socket, group: &KeyedName) -> ChannelKey {
    let noted = socket.channels.iter().find(|key| key.group_of().as_ref() == Some(group));
    noted.cloned().unwrap_or_else(|| counts.group_key(&socket.hub, group, &socket.id))
}

/// The keys that a socket's record names for groups.
///
/// Two callers that join at once by different counts of shards note two keys of one group. The
/// caller that notes last sees both. All who see several keep the first in order.
struct GroupKeys {
    /// The key to keep of each group, and when its row ends; `None` for with the socket.
    kept: BTreeMap<ChannelKey, Option<Timestamp>>,
    /// The other keys of the same groups.
    surplus: Vec<ChannelKey>,
}

impl GroupKeys {
    fn of(record: &Socket, groups: &Groups) -> Self {
        let (mut kept, mut surplus) = (BTreeMap::new(), Vec::new());
        for (group, until) in groups {
            let noted = record.channels.iter();
            let mut keys = noted.filter(|key| key.group_of().as_ref() == Some(group));
            kept.extend(keys.next().map(|key| (key.clone(), *until)));
            surplus.extend(keys.cloned());
        }
        Self { kept, surplus }
    }
}

/// Writes the rows of a socket under these keys, each until the given time if there is one.
///
/// Until nothing has to be written again: a row had to be deleted and is named again, or a fresh
/// token moved the end of the session meanwhile. False when the socket has gone.
pub(crate) async fn write<S: ChannelStore + SocketStore>(
    store: &S,
    mut record: Socket,
    wanted: BTreeMap<ChannelKey, Option<Timestamp>>,
) -> Result<bool, StoreError> {
    let mut missing = wanted.clone();
    loop {
        let rows: Vec<ChannelRow> =
            missing.iter().flat_map(|(key, until)| record.rows([key], *until)).collect();
        store.put_rows(&rows).await?;
        let Some(written) = delete_unnamed(store, &record.id, rows).await? else {
            return Ok(false);
        };
        let is_moved = written.record.hears_until() != record.hears_until();
        record = written.record;
        missing = wanted.clone();
        missing.retain(|key, _| {
            written.again.contains(key) || (is_moved && record.channels.contains(key))
        });
        if missing.is_empty() {
            return Ok(true);
        }
    }
}

/// What is left to do after rows were written.
struct Written {
    /// The socket's record as it is by now.
    record: Socket,
    /// The keys of rows that were deleted, and that the record names again. Another join may have
    /// written such a row just before it was deleted here, so it has to be written once more.
    again: BTreeSet<ChannelKey>,
}

/// Deletes those of the rows just written that the socket's record no longer names. `None` when
/// there is no record.
async fn delete_unnamed<S: ChannelStore + SocketStore>(
    store: &S,
    id: &SocketId,
    rows: Vec<ChannelRow>,
) -> Result<Option<Written>, StoreError> {
    let record = store.socket(id, Consistency::Strong).await?;
    let is_named =
        |row: &ChannelRow| record.as_ref().is_some_and(|record| record.channels.contains(&row.key));
    let unnamed: Vec<ChannelKey> =
        rows.iter().filter(|row| !is_named(row)).map(|row| row.key.clone()).collect();
    if unnamed.is_empty() {
        return Ok(record.map(|record| Written { record, again: BTreeSet::new() }));
    }
    store.delete_rows(id, &unnamed).await?;
    let record = store.socket(id, Consistency::Strong).await?;
    Ok(record.map(|record| {
        let again = unnamed.into_iter().filter(|key| record.channels.contains(key)).collect();
        Written { record, again }
    }))
}

/// Takes a socket out of groups. Safe to repeat, also after a try that stopped half-way.
///
/// # Errors
/// When the table does not answer. Some of the rows may remain then.
pub async fn leave<S: ChannelStore + SocketStore>(
    store: &S,
    counts: ShardCounts,
    socket: &Socket,
    groups: &BTreeSet<KeyedName>,
) -> Result<(), StoreError> {
    // A row has the key that was noted. But an earlier try may have stopped
    // after the record forgot a row and before the row was deleted. So the key
    // that the row would get today counts too.
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

/// Removes rows of a socket, and their keys from its record.
///
/// The rows are deleted first: a removal that stops half-way must find their keys again. They are
/// deleted once more at the end, since a join may have written them meanwhile.
async fn remove<S: ChannelStore + SocketStore>(
    store: &S,
    id: &SocketId,
    keys: &[ChannelKey],
) -> Result<(), StoreError> {
    store.delete_rows(id, keys).await?;
    store.forget_channels(id, keys).await?;
    store.delete_rows(id, keys).await
}

/// Removes a socket and every row of it. Of all callers exactly one gets the record; the others
/// get `None`.
///
/// # Errors
/// When the table does not answer. Rows of the socket may remain then.
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
    session::remove_socket(store, &socket, now).await?;
    Ok(Some(socket))
}
