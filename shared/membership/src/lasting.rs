//! Memberships that outlast a connection, and the sockets that are moved by them.
//!
//! A caller that changes lasting memberships writes the change first. Then the
//! caller moves the user's sockets. Another change of the same memberships may
//! be under way, so the caller reads them again, and moves the sockets again
//! until the table says what the sockets were moved by.

use std::future::Future;
use std::time::Duration;

use crate::membership::{Groups, join, leave};
use hubcast_model::access::{Membership, Standing};
use hubcast_model::channel::ShardCounts;
use hubcast_model::ports::{ChannelStore, SocketStore, StoreError};
use hubcast_model::socket::Socket;

/// How long a lasting membership or denial stays without a ttl, as in Azure SignalR.
pub const MEMBERSHIP_LIFETIME: Duration = Duration::from_hours(365 * 24);

/// Puts sockets into the groups of which `memberships` says member, and takes the sockets out of
/// those of which it says denied.
///
/// # Errors
/// When the table does not answer.
pub async fn move_sockets<S: ChannelStore + SocketStore>(
    store: &S,
    counts: ShardCounts,
    sockets: &[Socket],
    memberships: &[Membership],
) -> Result<(), StoreError> {
    let of = |standing| memberships.iter().filter(move |row| row.standing == standing);
    let members: Groups =
        of(Standing::Member).map(|row| (row.group.clone(), row.expires)).collect();
    let denied = of(Standing::Denied).map(|row| row.group.clone()).collect();
    for socket in sockets {
        if !members.is_empty() {
            join(store, counts, socket, &members).await?;
        }
        leave(store, counts, socket, &denied).await?;
    }
    Ok(())
}

/// Moves the sockets of one user by `memberships`, which is what the caller wrote. Then moves them
/// by what `read` answers, until `read` answers what they were moved by.
///
/// Only the groups that `memberships` names are looked at.
///
/// # Errors
/// When the table does not answer.
pub async fn move_sockets_until_current<S, F>(
    store: &S,
    counts: ShardCounts,
    sockets: &[Socket],
    memberships: &[Membership],
    read: impl Fn() -> F,
) -> Result<(), StoreError>
where
    S: ChannelStore + SocketStore,
    F: Future<Output = Result<Vec<Membership>, StoreError>>,
{
    if sockets.is_empty() {
        return Ok(());
    }
    let mut applied = memberships.to_vec();
    loop {
        move_sockets(store, counts, sockets, &applied).await?;
        let mut current = read().await?;
        current.retain(|row| memberships.iter().any(|written| written.group == row.group));
        current.sort_by(|one, other| one.group.cmp(&other.group));
        if current == applied {
            return Ok(());
        }
        applied = current;
    }
}
