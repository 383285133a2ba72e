//! The members of audiences: each distinct channel is read once per batch.
//!
//! Direct audiences are read strongly consistent, so that an answered join
//! counts for the next send.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::Publisher;
use hubcast_membership::lookup;
use hubcast_model::channel::{ChannelKey, Member, ShardCounts};
use hubcast_model::envelope::Audience;
use hubcast_model::id::{ConnectionId, HubName};
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, ConnectionGateway, GrantStore,
    InboxStore, MembershipStore, NotificationQueue, PendingStore, ProgressStore, SessionStore,
    ShardStore, SocketStore, StoreError, UpstreamQueue, UsageStore,
};
use hubcast_model::time::Clock;

/// How many channels are read at once.
const READS_AT_ONCE: usize = 16;

/// What a batch has read so far.
#[derive(Debug, Default)]
pub(super) struct Reads {
    /// The members of channels; `None` for one with more than are posted to directly.
    channels: BTreeMap<ChannelKey, Option<Vec<Member>>>,
    counts: Option<ShardCounts>,
}

/// Members, each with the channel it was found in.
pub(super) type FoundMembers = Vec<(Option<ChannelKey>, Member)>;

impl Reads {
    /// Forgets everything, after an action that may have changed members, or have met some in
    /// shards that are new.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

impl<S, G, Q, C, U> Publisher<S, G, Q, C, U>
where
    S: SocketStore
        + ClaimStore
        + SessionStore
        + ClientStore
        + PendingStore
        + ChannelStore
        + ShardStore
        + BoardStore
        + InboxStore
        + UsageStore
        + MembershipStore
        + BlockStore
        + GrantStore
        + ProgressStore,
    G: ConnectionGateway,
    Q: NotificationQueue,
    C: Clock,
    U: UpstreamQueue,
{
    /// The members of an audience; `None` when there are more than `most`.
    pub(super) async fn audience_members(
        &self,
        (hub, audience): (&HubName, &Audience),
        most: usize,
        reads: &mut Reads,
    ) -> Result<Option<FoundMembers>, StoreError> {
        let keys = match audience {
            Audience::Connection(connection) => {
                return self.connection_member(hub, connection, reads).await.map(Some);
            }
            Audience::Users(users) => {
                users.iter().map(|user| ChannelKey::user(hub, user)).collect()
            }
            Audience::Groups(groups) if groups.is_empty() => Vec::new(),
            Audience::Groups(groups) => {
                let counts = self.counts(reads).await?;
                groups.iter().flat_map(|group| counts.group_keys(hub, group)).collect()
            }
            Audience::Hub => self.counts(reads).await?.hub_keys(hub),
        };
        self.members_of(&keys, most, reads).await
    }

    async fn counts(&self, reads: &mut Reads) -> Result<ShardCounts, StoreError> {
        let counts = match reads.counts {
            Some(counts) => counts,
            None => self.shards.for_reading(&self.store).await?,
        };
        reads.counts = Some(counts);
        Ok(counts)
    }

    async fn members_of(
        &self,
        keys: &[ChannelKey],
        most: usize,
        reads: &mut Reads,
    ) -> Result<Option<FoundMembers>, StoreError> {
        let unread: BTreeSet<&ChannelKey> =
            keys.iter().filter(|key| !reads.channels.contains_key(key)).collect();
        let mut queries = Vec::with_capacity(unread.len());
        for key in unread {
            queries.push(self.all_members(key, most));
        }
        let read: Vec<(ChannelKey, Option<Vec<Member>>)> =
            stream::iter(queries).buffer_unordered(READS_AT_ONCE).try_collect().await?;
        reads.channels.extend(read);
        let mut found = Vec::new();
        for key in keys {
            let Some(Some(members)) = reads.channels.get(key) else {
                return Ok(None);
            };
            found.extend(members.iter().map(|member| (Some(key.clone()), member.clone())));
        }
        Ok(Some(found).filter(|found| found.len() <= most))
    }

    /// All members of a channel; `None` when there are more than `most`.
    async fn all_members(
        &self,
        key: &ChannelKey,
        most: usize,
    ) -> Result<(ChannelKey, Option<Vec<Member>>), StoreError> {
        let members = lookup::all_members(&self.store, key, most, self.clock.now()).await?;
        Ok((key.clone(), members))
    }

    /// A connection by its own channel, or by its socket when it was opened without a token.
    async fn connection_member(
        &self,
        hub: &HubName,
        connection: &ConnectionId,
        reads: &mut Reads,
    ) -> Result<FoundMembers, StoreError> {
        let keys = [ChannelKey::connection(hub, connection)];
        let found = self.members_of(&keys, usize::MAX, reads).await?.unwrap_or_default();
        if !found.is_empty() {
            return Ok(found);
        }
        let own = lookup::unclaimed_member(&self.store, hub, connection).await?;
        Ok(own.map(|member| (None, member)).into_iter().collect())
    }
}
