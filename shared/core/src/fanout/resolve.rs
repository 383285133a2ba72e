//! Audiences to sockets, element by element in the order of arrival.
//!
//! Each distinct channel is read once per batch; an action of the batch takes
//! effect for what follows it. Direct audiences are read strongly consistent,
//! so that an answered join counts for the next send.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use tokio::time::Instant;

use super::batch::{Batch, Item, State, Work};
use super::frame::content_record;
use super::plan::{Found, ItemRef, Parcel, Plan};
use super::{Publisher, QueuedMessage};
use crate::channel::{ChannelKey, Member, ShardCounts};
use crate::envelope::{Action, Audience, Content, Notification};
use crate::id::{ConnectionId, HubName, SocketId};
use crate::ports::{
    AccessStore, Cause, ChannelStore, ConnectionGateway, Consistency, NotificationQueue, PageQuery,
    ProgressStore, SocketStore, StoreError,
};
use crate::report::chain;
use crate::socket::SocketState;
use crate::time::Clock;

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

/// The sockets of an audience.
enum Sockets {
    Few(Vec<Found>),
    /// More than are posted to directly.
    Many(Audience),
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
    /// When the table does not answer, the message is held with all later ones of its group; so
    /// is what there is no time for.
    pub(super) async fn resolve(&self, batch: &mut Batch, deadline: Instant) -> Plan {
        let mut plan = Plan::default();
        let mut reads = Reads::default();
        let mut held_groups = BTreeSet::new();
        for (at, message) in batch.messages.iter_mut().enumerate() {
            let is_late = Instant::now() >= deadline;
            message.held |= is_late || held_groups.contains(&message.queued.group);
            for (item_at, item) in message.items.iter_mut().enumerate() {
                if message.held {
                    break;
                }
                let item_ref = ItemRef { message: at, item: item_at };
                let source = Source { item_ref, message: &message.queued };
                item.state = self.take(&source, item, &mut reads, &mut plan).await;
                message.held = item.state == State::Failed;
            }
            if message.held {
                held_groups.insert(message.queued.group.clone());
            }
        }
        plan
    }

    /// Takes an element up; answers how that went.
    async fn take(
        &self,
        source: &Source<'_>,
        item: &Item,
        reads: &mut Reads,
        plan: &mut Plan,
    ) -> State {
        let taken = match &item.work {
            Work::Reject(_) => return State::Waiting,
            Work::Expired | Work::Finished => return State::Begun,
            Work::Enqueue(notification, key) => match audience(&notification.content) {
                Some(audience) => {
                    self.hand_on((source, item), &notification.hub, &audience, key).await
                }
                None => return State::Begun,
            },
            Work::Resume(notification, left) => {
                plan_for(notification, source.item_ref, unkeyed(left), plan);
                return State::Begun;
            }
            Work::Start(notification) => {
                self.start((source, item), notification, reads, plan).await
            }
        };
        taken.unwrap_or_else(|err| {
            tracing::error!(error = %chain(err.as_ref()), "a notification is held");
            State::Failed
        })
    }

    async fn start(
        &self,
        (source, item): (&Source<'_>, &Item),
        notification: &Notification,
        reads: &mut Reads,
        plan: &mut Plan,
    ) -> Result<State, Cause> {
        if let Content::Action(action) = &notification.content {
            let sent_at = source.message.sent_at;
            self.carry_out((&notification.hub, sent_at), action, reads).await?;
        }
        match self.sockets(notification, reads).await? {
            Sockets::Few(sockets) => {
                plan_for(notification, source.item_ref, sockets, plan);
                Ok(State::Begun)
            }
            Sockets::Many(audience) => {
                self.decide_jobs(&item.key).await?;
                self.hand_on((source, item), &notification.hub, &audience, &item.key).await
            }
        }
    }

    /// The sockets that a notification goes to, without the excluded ones.
    async fn sockets(
        &self,
        notification: &Notification,
        reads: &mut Reads,
    ) -> Result<Sockets, StoreError> {
        let Some(audience) = audience(&notification.content) else {
            return Ok(Sockets::Few(Vec::new()));
        };
        let most = self.settings.direct_max;
        let found = self.audience_members((&notification.hub, &audience), most, reads).await?;
        let Some(found) = found else {
            return Ok(Sockets::Many(audience));
        };
        let excluded = &notification.excluded;
        let wanted = found.into_iter().filter(|(_, member)| !excluded.contains(&member.connection));
        // Someone in several groups, or named twice, gets it once.
        let by_socket: BTreeMap<SocketId, Option<ChannelKey>> =
            wanted.map(|(key, member)| (member.socket, key)).collect();
        let found = by_socket.into_iter().map(|(socket, key)| Found { socket, key });
        Ok(Sockets::Few(found.collect()))
    }

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
        let now = self.clock.now();
        let mut members = Vec::new();
        let mut after = None;
        loop {
            let (consistency, after_socket) = (Consistency::Strong, after.as_ref());
            let limit = most.checked_add(1);
            let query = PageQuery { key, consistency, now, after: after_socket, limit };
            let page = self.store.members(query).await?;
            members.extend(page.members);
            if members.len() > most {
                return Ok((key.clone(), None));
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok((key.clone(), Some(members))),
            }
        }
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
        let Ok(id) = SocketId::parse(connection.as_str()) else {
            return Ok(Vec::new());
        };
        let socket = self.store.socket(&id, Consistency::Strong).await?;
        // While it is joining, its client may not have read the handshake's answer yet.
        let own = socket.filter(|socket| {
            socket.hub == *hub && !socket.is_claimed() && socket.state == SocketState::Ready
        });
        Ok(own.map(|socket| (None, socket.member())).into_iter().collect())
    }
}

/// Where an element comes from.
pub(super) struct Source<'a> {
    pub(super) item_ref: ItemRef,
    pub(super) message: &'a QueuedMessage,
}

fn plan_for(notification: &Notification, item: ItemRef, sockets: Vec<Found>, plan: &mut Plan) {
    if let Some(record) = content_record(&notification.content) {
        let ends = matches!(notification.content, Content::Action(_));
        plan.add(Parcel { item, record, ends }, sockets);
    }
}

/// Who gets the record of a notification.
pub(super) fn audience(content: &Content) -> Option<Audience> {
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
