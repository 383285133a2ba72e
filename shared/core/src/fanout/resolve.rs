//! Audiences to sockets, element by element in the order of arrival.
//!
//! Each distinct channel is read once per batch; an action of the batch takes
//! effect for what follows it. Direct audiences are read strongly consistent,
//! so that an answered join counts for the next send.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::Publisher;
use super::batch::{Batch, Work};
use super::frame::content_record;
use super::plan::{Found, ItemRef, Parcel, Plan};
use crate::channel::{ChannelKey, Member, ShardCounts};
use crate::envelope::{Action, Audience, Content, Notification, Scope};
use crate::id::{ConnectionId, HubName, SocketId};
use crate::ports::{
    AccessStore, ChannelStore, ConnectionGateway, Consistency, NotificationQueue, ProgressStore,
    SocketStore, StoreError,
};
use crate::report::chain;
use crate::settings::Hubs;
use crate::socket::SocketState;
use crate::time::Clock;

/// How many channels are read at once.
const READS_AT_ONCE: usize = 16;

/// What a batch has read so far.
#[derive(Debug, Default)]
pub(super) struct Reads {
    channels: BTreeMap<ChannelKey, Vec<Member>>,
    counts: Option<ShardCounts>,
}

impl Reads {
    /// Forgets the members of channels, after an action that may have changed them.
    pub(super) fn forget_members(&mut self) {
        self.channels.clear();
    }
}

impl<S, G, Q, C> Publisher<S, G, Q, C>
where
    S: SocketStore + ChannelStore + AccessStore + ProgressStore,
    G: ConnectionGateway,
    Q: NotificationQueue,
    C: Clock,
{
    /// Plans all posts of a batch and carries its actions out.
    ///
    /// When the table does not answer, the message is held with all later ones of its group.
    pub(super) async fn resolve(&self, batch: &mut Batch) -> Plan {
        let mut plan = Plan::default();
        let mut reads = Reads::default();
        let mut held_groups = BTreeSet::new();
        for (at, message) in batch.messages.iter_mut().enumerate() {
            message.held |= held_groups.contains(&message.queued.group);
            for (item_at, item) in message.items.iter_mut().enumerate() {
                if message.held {
                    break;
                }
                let item_ref = ItemRef { message: at, item: item_at };
                match self.take(item_ref, &item.work, &mut reads, &mut plan).await {
                    Ok(()) => item.begun = !matches!(item.work, Work::Reject(_)),
                    Err(err) => {
                        tracing::error!(error = %chain(&err), "a notification is held");
                        message.held = true;
                    }
                }
            }
            if message.held {
                held_groups.insert(message.queued.group.clone());
            }
        }
        plan
    }

    async fn take(
        &self,
        item: ItemRef,
        work: &Work,
        reads: &mut Reads,
        plan: &mut Plan,
    ) -> Result<(), StoreError> {
        let (notification, sockets) = match work {
            Work::Reject(_) | Work::Expired | Work::Finished => return Ok(()),
            Work::Resume(notification, left) => (notification, unkeyed(left)),
            Work::Start(notification) => {
                if let Content::Action(action) = &notification.content {
                    self.carry_out(&notification.hub, action, reads).await?;
                }
                (notification, self.sockets(notification, reads).await?)
            }
        };
        if let Some(record) = content_record(&notification.content) {
            let ends = matches!(notification.content, Content::Action(_));
            plan.add(Parcel { item, record, ends }, sockets);
        }
        Ok(())
    }

    /// The sockets that a notification goes to, without the excluded ones.
    async fn sockets(
        &self,
        notification: &Notification,
        reads: &mut Reads,
    ) -> Result<Vec<Found>, StoreError> {
        let Some(audience) = audience(&notification.content) else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for hub in self.hubs_of(notification) {
            found.extend(self.audience_members(hub, &audience, reads).await?);
        }
        let excluded = &notification.excluded;
        let wanted = found.into_iter().filter(|(_, member)| !excluded.contains(&member.connection));
        // Someone in several groups, or named twice, gets it once.
        let by_socket: BTreeMap<SocketId, Option<ChannelKey>> =
            wanted.map(|(key, member)| (member.socket, key)).collect();
        Ok(by_socket.into_iter().map(|(socket, key)| Found { socket, key }).collect())
    }

    /// The hubs on which a notification's audience is looked for. There is no list of a user's
    /// hubs, so a block on all of them ends the sockets on those that the settings name; on others
    /// it counts when the client next connects.
    fn hubs_of<'a>(&'a self, notification: &'a Notification) -> Vec<&'a HubName> {
        let is_everywhere = matches!(
            notification.content,
            Content::Action(Action::Block { scope: Scope::Everywhere, .. })
        );
        match &self.settings.hubs {
            Hubs::Only(hubs) if is_everywhere => hubs.iter().collect(),
            _ => vec![&notification.hub],
        }
    }

    /// The members of an audience, each with the channel it was found in.
    pub(super) async fn audience_members(
        &self,
        hub: &HubName,
        audience: &Audience,
        reads: &mut Reads,
    ) -> Result<Vec<(Option<ChannelKey>, Member)>, StoreError> {
        let keys = match audience {
            Audience::Connection(connection) => {
                return self.connection_member(hub, connection, reads).await;
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
        self.members_of(&keys, reads).await
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
        reads: &mut Reads,
    ) -> Result<Vec<(Option<ChannelKey>, Member)>, StoreError> {
        let unread: BTreeSet<&ChannelKey> =
            keys.iter().filter(|key| !reads.channels.contains_key(key)).collect();
        let mut queries = Vec::with_capacity(unread.len());
        for key in unread {
            queries.push(self.all_members(key));
        }
        let read: Vec<(ChannelKey, Vec<Member>)> =
            stream::iter(queries).buffer_unordered(READS_AT_ONCE).try_collect().await?;
        reads.channels.extend(read);
        let members = |key: &ChannelKey| reads.channels.get(key).cloned().unwrap_or_default();
        let found = keys
            .iter()
            .flat_map(|key| members(key).into_iter().map(|member| (Some(key.clone()), member)));
        Ok(found.collect())
    }

    async fn all_members(&self, key: &ChannelKey) -> Result<(ChannelKey, Vec<Member>), StoreError> {
        let now = self.clock.now();
        let mut members = Vec::new();
        let mut after = None;
        loop {
            let page = self.store.members(key, Consistency::Strong, now, after.as_ref()).await?;
            members.extend(page.members);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok((key.clone(), members)),
            }
        }
    }

    /// A connection by its own channel, or by its socket when it was opened without a token.
    async fn connection_member(
        &self,
        hub: &HubName,
        connection: &ConnectionId,
        reads: &mut Reads,
    ) -> Result<Vec<(Option<ChannelKey>, Member)>, StoreError> {
        let found = self.members_of(&[ChannelKey::connection(hub, connection)], reads).await?;
        if !found.is_empty() {
            return Ok(found);
        }
        let Ok(id) = SocketId::parse(connection.as_str()) else {
            return Ok(Vec::new());
        };
        let socket = self.store.socket(&id, Consistency::Strong).await?;
        let deliverable = |state| matches!(state, SocketState::Joining | SocketState::Ready);
        let own = socket.filter(|socket| {
            socket.hub == *hub && !socket.is_claimed() && deliverable(socket.state)
        });
        Ok(own.map(|socket| (None, socket.member())).into_iter().collect())
    }
}

/// Who gets the record of a notification.
fn audience(content: &Content) -> Option<Audience> {
    match content {
        Content::Message { audience, .. } | Content::Action(Action::Close { audience, .. }) => {
            Some(audience.clone())
        }
        Content::Answer { connection, .. } => Some(Audience::Connection(connection.clone())),
        Content::Action(Action::Block { users, .. }) => Some(Audience::Users(users.clone())),
        Content::Action(_) => None,
    }
}

fn unkeyed(sockets: &[SocketId]) -> Vec<Found> {
    sockets.iter().map(|socket| Found { socket: socket.clone(), key: None }).collect()
}
