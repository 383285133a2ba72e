//! Memberships that last, and the sockets that follow them.
//!
//! Whoever changes what lasts writes it first and then moves the sockets there
//! are, again while the table says something else by then: another change of
//! the same memberships may be under way.

use std::future::Future;
use std::time::Duration;

use crate::membership::{Groups, join, leave};
use hubcast_model::access::{Membership, Standing};
use hubcast_model::channel::ShardCounts;
use hubcast_model::ports::{ChannelStore, SocketStore, StoreError};
use hubcast_model::socket::Socket;

/// How long a lasting membership or denial stays without a ttl, as in Azure SignalR.
pub const MEMBERSHIP_LIFETIME: Duration = Duration::from_hours(365 * 24);

/// Puts sockets into the groups and takes them out of them, as the word says.
pub async fn place<S: ChannelStore + SocketStore>(
    store: &S,
    counts: ShardCounts,
    sockets: &[Socket],
    word: &[Membership],
) -> Result<(), StoreError> {
    let of = |standing| word.iter().filter(move |said| said.standing == standing);
    let members: Groups =
        of(Standing::Member).map(|said| (said.group.clone(), said.expires)).collect();
    let denied = of(Standing::Denied).map(|said| said.group.clone()).collect();
    for socket in sockets {
        if !members.is_empty() {
            join(store, counts, socket, &members).await?;
        }
        leave(store, counts, socket, &denied).await?;
    }
    Ok(())
}

/// Moves the sockets of one user as the word says, and as what `read` answers says until the two
/// are the same.
pub async fn follow<S, F>(
    store: &S,
    counts: ShardCounts,
    sockets: &[Socket],
    word: &[Membership],
    read: impl Fn() -> F,
) -> Result<(), StoreError>
where
    S: ChannelStore + SocketStore,
    F: Future<Output = Result<Vec<Membership>, StoreError>>,
{
    if sockets.is_empty() {
        return Ok(());
    }
    let mut said = word.to_vec();
    loop {
        place(store, counts, sockets, &said).await?;
        let mut now = read().await?;
        now.retain(|row| word.iter().any(|said| said.group == row.group));
        now.sort_by(|one, other| one.group.cmp(&other.group));
        if now == said {
            return Ok(());
        }
        said = now;
    }
}
