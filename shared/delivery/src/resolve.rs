//! Audiences to sockets, element by element in the order of arrival.
//!
//! An action of the batch takes effect for what follows it.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use super::Publisher;
use super::batch::{Batch, Item, State, Work};
use super::members::Reads;
use super::plan::{Found, ItemRef, Parcel, Plan};
use hubcast_model::channel::ChannelKey;
use hubcast_model::envelope::{Action, Audience, Content, Later, Notification, Scope};
use hubcast_model::frame::content_record;
use hubcast_model::id::{HubName, SocketId};
use hubcast_model::ports::QueuedMessage;
use hubcast_model::ports::{
    BlockStore, BoardStore, Cause, ChannelStore, ClaimStore, ClientStore, ConnectionGateway,
    GrantStore, InboxStore, MembershipStore, NotificationQueue, PendingStore, ProgressStore,
    SessionStore, ShardStore, SocketStore, StoreError, UpstreamQueue, UsageStore,
};
use hubcast_model::report::chain;
use hubcast_model::settings::Hubs;
use hubcast_model::time::Clock;

/// The sockets of an audience.
enum Sockets {
    Few(Vec<Found>),
    /// More than are posted to directly.
    Many(Audience),
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
                item.state = self.begin(&source, item, (&mut reads, &mut plan)).await;
                message.held = item.state == State::Failed;
            }
            if message.held {
                held_groups.insert(message.queued.group.clone());
            }
        }
        plan
    }

    /// Hangs up what is retained of an element, then takes it up.
    async fn begin(
        &self,
        source: &Source<'_>,
        item: &mut Item,
        (reads, plan): (&mut Reads, &mut Plan),
    ) -> State {
        match self.hang_up(source, item, reads).await {
            Ok(Ok(())) => self.take(source, item, reads, plan).await,
            Ok(Err(rejection)) => {
                item.work = Work::Reject(rejection);
                State::Waiting
            }
            Err(err) => {
                tracing::error!(error = %chain(&err), "a value is held that is to be retained");
                State::Failed
            }
        }
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
                let left = unkeyed(left);
                plan_for(notification, source.item_ref, left.clone(), plan);
                let shown = self
                    .show_boards(source.item_ref, notification, Some(left), (reads, plan))
                    .await;
                shown.map(|()| State::Begun).map_err(Cause::from)
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
            self.show_boards(source.item_ref, notification, None, (reads, plan)).await?;
        }
        if let Some(kept) = self.keep_if_absent(source, notification, reads).await? {
            return Ok(kept);
        }
        match self.sockets(notification, reads).await? {
            Sockets::Few(sockets) => {
                let sockets = self.waiting(&notification.content, &item.key, sockets).await?;
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
        // Jobs could not tell whether anybody took it.
        let is_kept = matches!(notification.later, Later::Kept(_));
        let most = if is_kept { usize::MAX } else { self.settings.direct_max };
        let mut found = Vec::new();
        for hub in self.hubs_of(notification) {
            match self.audience_members((hub, &audience), most, reads).await? {
                Some(members) => found.extend(members),
                None => return Ok(Sockets::Many(audience)),
            }
        }
        let excluded = &notification.excluded;
        let wanted = found.into_iter().filter(|(_, member)| !excluded.contains(&member.connection));
        // Someone in several groups, or named twice, gets it once.
        let by_socket: BTreeMap<SocketId, Option<ChannelKey>> =
            wanted.map(|(key, member)| (member.socket, key)).collect();
        let found = by_socket.into_iter().map(|(socket, key)| Found { socket, key });
        Ok(Sockets::Few(found.collect()))
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
}

/// Where an element comes from.
pub(super) struct Source<'a> {
    pub(super) item_ref: ItemRef,
    pub(super) message: &'a QueuedMessage,
}

fn plan_for(notification: &Notification, item: ItemRef, sockets: Vec<Found>, plan: &mut Plan) {
    if let Some(record) = content_record(&notification.content) {
        let ends = matches!(notification.content, Content::Action(_));
        plan.add(Parcel { item, record, ends, is_replay: false }, sockets);
    }
}

/// Who gets the record of a notification.
pub(super) fn audience(content: &Content) -> Option<Audience> {
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

fn unkeyed(sockets: &[SocketId]) -> Vec<Found> {
    sockets.iter().map(|socket| Found { socket: socket.clone(), key: None }).collect()
}
