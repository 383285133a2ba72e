//! The members of audiences: each distinct channel is read once per batch.
//!
//! Direct audiences are read strongly consistent, so that an answered join
//! counts for the next send.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::round::{Holder, Target};
use hubcast_membership::lookup;
use hubcast_membership::shards::Shards;
use hubcast_model::channel::{ChannelKey, Member, ShardCounts};
use hubcast_model::envelope::{Action, Audience, Content, Notification, Scope};
use hubcast_model::id::{ConnectionId, HubName};
use hubcast_model::ports::{ChannelStore, Consistency, ShardStore, SocketStore, StoreError};
use hubcast_model::settings::Hubs;
use hubcast_model::socket::Socket;
use hubcast_model::time::{Clock, Timestamp};

/// How many channels are read at once.
const READS_AT_ONCE: usize = 16;

/// Who gets the record of a notification; `None` when the content has no record.
pub(crate) fn audience_of(content: &Content) -> Option<Audience> {
    match content {
        Content::Message { audience, .. } | Content::Action(Action::Close { audience, .. }) => {
            Some(audience.clone())
        }
        Content::Answer { connection, .. } | Content::Invoke { connection, .. } => {
            Some(Audience::Connection(connection.clone()))
        }
        Content::Action(Action::Block { users, .. }) => Some(Audience::Users(users.clone())),
        Content::Action(_) | Content::Clear { .. } => None,
    }
}

/// The hubs on which a notification's audience is looked for.
///
/// There is no list of a user's hubs. So a block on all hubs ends the sockets on the hubs that the
/// settings name; on other hubs the block counts when the client next connects.
pub(crate) fn hubs_of<'a>(hubs: &'a Hubs, notification: &'a Notification) -> Vec<&'a HubName> {
    let is_everywhere = matches!(
        notification.content,
        Content::Action(Action::Block { scope: Scope::Everywhere, .. })
    );
    match hubs {
        Hubs::Only(hubs) if is_everywhere => hubs.iter().collect(),
        _ => vec![&notification.hub],
    }
}

/// A member of an audience.
#[derive(Debug, Clone)]
pub(crate) struct Listing {
    /// The channel row that names the member, if one does.
    pub(crate) key: Option<ChannelKey>,
    /// The member.
    pub(crate) member: Member,
}

impl Listing {
    /// The member's socket, as of `now`.
    pub(crate) fn into_target(self, now: Timestamp) -> Target {
        let may_be_joining = self.member.may_be_joining(now);
        let Member { socket, connection, user, .. } = self.member;
        let holder = Some(Holder { connection, user });
        Target { socket, key: self.key, holder, may_be_joining }
    }
}

/// Finds the members of audiences, and remembers what it read.
#[derive(Debug)]
pub(crate) struct Audiences<'a, S, C> {
    /// The table.
    store: &'a S,
    /// The shard counts of the configuration.
    shards: &'a Shards,
    /// The time.
    clock: &'a C,
    /// The members of channels; `None` for a channel with more members than were asked for.
    channels: BTreeMap<ChannelKey, Option<Vec<Member>>>,
    /// The shard counts to read by, once they are read.
    counts: Option<ShardCounts>,
}

impl<'a, S, C> Audiences<'a, S, C> {
    /// Nothing is read yet.
    pub(crate) const fn new(store: &'a S, shards: &'a Shards, clock: &'a C) -> Self {
        Self { store, shards, clock, channels: BTreeMap::new(), counts: None }
    }

    /// Forgets everything, after an action that may have changed members or shard counts.
    pub(crate) fn forget(&mut self) {
        self.channels.clear();
        self.counts = None;
    }
}

impl<S, C> Audiences<'_, S, C>
where
    S: ChannelStore + ShardStore + SocketStore,
    C: Clock,
{
    /// The members of an audience; `None` when there are more than `most`.
    pub(crate) async fn members(
        &mut self,
        hub: &HubName,
        audience: &Audience,
        most: usize,
    ) -> Result<Option<Vec<Listing>>, StoreError> {
        let keys = match audience {
            Audience::Connection(connection) => {
                return self.connection_member(hub, connection).await.map(Some);
            }
            Audience::Users(users) => {
                users.iter().map(|user| ChannelKey::user(hub, user)).collect()
            }
            Audience::Groups(groups) if groups.is_empty() => Vec::new(),
            Audience::Groups(groups) => {
                let counts = self.counts().await?;
                groups.iter().flat_map(|group| counts.group_keys(hub, group)).collect()
            }
            Audience::Hub => self.counts().await?.hub_keys(hub),
        };
        self.members_of(&keys, most).await
    }

    /// The sockets of these members.
    pub(crate) fn targets(&self, listings: Vec<Listing>) -> Vec<Target> {
        let now = self.clock.now();
        listings.into_iter().map(|listing| listing.into_target(now)).collect()
    }

    /// All members of an audience, however many.
    pub(crate) async fn all_members(
        &mut self,
        hub: &HubName,
        audience: &Audience,
    ) -> Result<Vec<Listing>, StoreError> {
        Ok(self.members(hub, audience, usize::MAX).await?.unwrap_or_default())
    }

    /// The records of an audience's sockets, read anew.
    pub(crate) async fn sockets(
        &mut self,
        hub: &HubName,
        audience: &Audience,
    ) -> Result<Vec<Socket>, StoreError> {
        self.forget();
        let mut sockets = Vec::new();
        for listing in self.all_members(hub, audience).await? {
            let socket = &listing.member.socket;
            sockets.extend(self.store.socket(socket, Consistency::Strong).await?);
        }
        Ok(sockets)
    }

    async fn counts(&mut self) -> Result<ShardCounts, StoreError> {
        let counts = match self.counts {
            Some(counts) => counts,
            None => self.shards.for_reading(self.store).await?,
        };
        self.counts = Some(counts);
        Ok(counts)
    }

    async fn members_of(
        &mut self,
        keys: &[ChannelKey],
        most: usize,
    ) -> Result<Option<Vec<Listing>>, StoreError> {
        self.read(keys, most).await?;
        let mut listings = Vec::new();
        for key in keys {
            let Some(Some(members)) = self.channels.get(key) else {
                return Ok(None);
            };
            let listing =
                |member: &Member| Listing { key: Some(key.clone()), member: member.clone() };
            listings.extend(members.iter().map(listing));
        }
        Ok(Some(listings).filter(|listings| listings.len() <= most))
    }

    /// Reads those channels that were not read yet.
    async fn read(&mut self, keys: &[ChannelKey], most: usize) -> Result<(), StoreError> {
        let unread: BTreeSet<&ChannelKey> =
            keys.iter().filter(|key| !self.channels.contains_key(key)).collect();
        let mut reads = Vec::with_capacity(unread.len());
        for key in unread {
            reads.push(self.channel(key, most));
        }
        let read: Vec<(ChannelKey, Option<Vec<Member>>)> =
            stream::iter(reads).buffer_unordered(READS_AT_ONCE).try_collect().await?;
        self.channels.extend(read);
        Ok(())
    }

    async fn channel(
        &self,
        key: &ChannelKey,
        most: usize,
    ) -> Result<(ChannelKey, Option<Vec<Member>>), StoreError> {
        let members = lookup::all_members(self.store, key, most, self.clock.now()).await?;
        Ok((key.clone(), members))
    }

    /// A connection by its own channel, or by its socket when it was opened without a token.
    async fn connection_member(
        &mut self,
        hub: &HubName,
        connection: &ConnectionId,
    ) -> Result<Vec<Listing>, StoreError> {
        let keys = [ChannelKey::connection(hub, connection)];
        let listings = self.members_of(&keys, usize::MAX).await?.unwrap_or_default();
        if !listings.is_empty() {
            return Ok(listings);
        }
        let own = lookup::unclaimed_member(self.store, hub, connection, self.clock.now()).await?;
        Ok(own.map(|member| Listing { key: None, member }).into_iter().collect())
    }
}
