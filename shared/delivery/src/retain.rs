//! RetainedValue values: hung up before the audience is read, and shown to whom an
//! action puts into a group.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use tokio::time::Instant;

use super::Publisher;
use super::batch::{Item, Work};
use super::letter::PROGRESS_LIFETIME;
use super::members::Reads;
use super::outcome::{SocketOutcome, Stop};
use super::plan::{Found, ItemRef, Plan, Shown};
use super::resolve::Source;
use hubcast_membership::lasting::MEMBERSHIP_LIFETIME;
use hubcast_membership::replay::Replay;
use hubcast_model::envelope::{
    Action, Audience, Content, Later, Notification, RejectReason, Rejection,
};
use hubcast_model::frame::content_text;
use hubcast_model::id::{GroupName, HubName, SocketId};
use hubcast_model::later::{Board, BoardOf, KEYS_MAX, QueuePosition, RetainedValue};
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, ConnectionGateway, Consistency,
    GrantStore, InboxStore, MembershipStore, NotificationQueue, PendingStore, ProgressStore,
    SessionStore, ShardStore, SocketStore, StoreError, UpstreamQueue, UsageStore,
};
use hubcast_model::report::chain;
use hubcast_model::socket::Socket;
use hubcast_model::time::{Clock, Timestamp};

/// How many boards are written at once.
const WRITES_AT_ONCE: usize = 16;
/// How often values are looked at again that keep changing.
const ROUNDS_MAX: usize = 5;

/// The boards of an audience; none of a connection.
fn boards(hub: &HubName, audience: &Audience) -> Vec<Board> {
    let board = |of| Board { hub: hub.clone(), of };
    match audience {
        Audience::Connection(_) => Vec::new(),
        Audience::Users(users) => {
            users.iter().map(|user| board(BoardOf::User(user.keyed()))).collect()
        }
        Audience::Groups(groups) => {
            groups.iter().map(|group| board(BoardOf::Group(group.keyed()))).collect()
        }
        Audience::Hub => vec![board(BoardOf::Hub)],
    }
}

fn too_many(key: &str) -> Rejection {
    let detail = format!(
        "'{}' would be one more than the {KEYS_MAX} retained keys of the audience; take one down",
        key.escape_debug()
    );
    Rejection::new(RejectReason::TooManyRetained, detail)
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
    /// Hangs up what an element retains, or takes it down. Whoever comes into the audience after
    /// that finds it, so the audience is read anew afterwards. Safe to repeat.
    pub(super) async fn hang_up(
        &self,
        source: &Source<'_>,
        item: &Item,
        reads: &mut Reads,
    ) -> Result<Result<(), Rejection>, StoreError> {
        let Work::Start(notification) = &item.work else {
            return Ok(Ok(()));
        };
        let Some((audience, value)) = self.retained_by(source, notification) else {
            return Ok(Ok(()));
        };
        let boards = boards(&notification.hub, audience);
        if value.record.is_some() && self.is_full(&boards, &value).await? {
            return Ok(Err(too_many(value.key.as_str())));
        }
        self.write_boards(&boards, &value).await?;
        reads.forget();
        Ok(Ok(()))
    }

    fn retained_by<'a>(
        &self,
        source: &Source<'_>,
        notification: &'a Notification,
    ) -> Option<(&'a Audience, RetainedValue)> {
        let (audience, key, lifetime) = match (&notification.content, &notification.later) {
            (Content::Clear { audience, key }, _) => (audience, key, PROGRESS_LIFETIME),
            (Content::Message { audience, .. }, Later::Retained(key)) => {
                (audience, key, MEMBERSHIP_LIFETIME)
            }
            _ => return None,
        };
        let at_most = self.clock.now().plus(lifetime);
        let record = content_text(&notification.content);
        // That a value was taken down must outlast whatever may bring the value again.
        let end =
            notification.expires_at.filter(|_| record.is_some()).unwrap_or(Timestamp::FOREVER);
        let place = source.place();
        Some((
            audience,
            RetainedValue { key: key.clone(), position: place, record, expires: at_most.min(end) },
        ))
    }

    /// Whether a board has so many keys that it takes no other. Those who come at once may bring
    /// it a little beyond.
    async fn is_full(&self, boards: &[Board], value: &RetainedValue) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let mut reads = Vec::with_capacity(boards.len());
        for board in boards {
            reads.push(self.store.retained(board, now));
        }
        let reads = stream::iter(reads).buffer_unordered(WRITES_AT_ONCE);
        let boards: Vec<Vec<RetainedValue>> = reads.try_collect().await?;
        let others = |values: &Vec<RetainedValue>| {
            values.iter().filter(|hanging| hanging.key != value.key).count() >= KEYS_MAX
        };
        Ok(boards.iter().any(others))
    }

    async fn write_boards(
        &self,
        boards: &[Board],
        value: &RetainedValue,
    ) -> Result<(), StoreError> {
        let Some(first) = boards.first() else {
            return Ok(());
        };
        if value.record.is_some() {
            // All boards of an audience are of one kind.
            self.store.note_use(&first.hub, first.kind()).await?;
        }
        let mut writes = Vec::with_capacity(boards.len());
        for board in boards {
            writes.push(self.store.put_retained(board, value));
        }
        stream::iter(writes).buffer_unordered(WRITES_AT_ONCE).try_collect().await
    }

    /// Plans the values of the groups that an action has put sockets into, or found them in: for
    /// all of the subject's, or for those that are left of them.
    pub(super) async fn show_boards(
        &self,
        item: ItemRef,
        notification: &Notification,
        left: Option<Vec<Found>>,
        (reads, plan): (&mut Reads, &mut Plan),
    ) -> Result<(), StoreError> {
        let groups = match &notification.content {
            Content::Action(Action::Add { groups, .. }) => groups.as_slice(),
            Content::Action(Action::Show { group, .. }) => std::slice::from_ref(group),
            _ => return Ok(()),
        };
        let Some(mut replay) = self.replay_of(&notification.hub, groups).await? else {
            return Ok(());
        };
        let records = replay.next(&self.store, self.clock.now()).await?;
        if records.is_empty() {
            return Ok(());
        }
        let sockets = self.comers(notification, left, reads).await?;
        plan.show(item, records, &sockets);
        plan.shown.push(Shown { item, sockets, replay });
        Ok(())
    }

    /// The sockets that an action shows something to.
    async fn comers(
        &self,
        notification: &Notification,
        left: Option<Vec<Found>>,
        reads: &mut Reads,
    ) -> Result<Vec<Found>, StoreError> {
        let hub = &notification.hub;
        match (&notification.content, left) {
            (Content::Action(Action::Show { subject, group }), left) => {
                let is_left = |socket: &Socket| match &left {
                    Some(left) => left.iter().any(|found| found.socket == socket.id),
                    None => true,
                };
                let group = group.keyed();
                // Whoever asked for it put them in long ago, and they may be out again.
                let is_in = |socket: &Socket| socket.groups().any(|joined| joined == group);
                let sockets = self.sockets_of(hub, subject, reads).await?.into_iter();
                let sockets = sockets.filter(|socket| is_left(socket) && is_in(socket));
                Ok(sockets.map(|socket| Found { socket: socket.id, key: None }).collect())
            }
            (_, Some(left)) => Ok(left),
            (Content::Action(Action::Add { subject, .. }), None) => {
                let audience = subject.audience();
                let found = self.audience_members((hub, &audience), usize::MAX, reads).await?;
                let found = found.unwrap_or_default().into_iter();
                Ok(found.map(|(key, member)| Found { socket: member.socket, key }).collect())
            }
            (_, None) => Ok(Vec::new()),
        }
    }

    /// What hangs in groups; `None` when nothing can.
    async fn replay_of(
        &self,
        hub: &HubName,
        groups: &[GroupName],
    ) -> Result<Option<Replay>, StoreError> {
        let boards = boards(hub, &Audience::Groups(groups.to_vec()));
        let kind = boards.first().map(Board::kind);
        let uses = self.store.uses(hub, Consistency::Strong).await?;
        Ok(kind.filter(|kind| uses.contains(kind)).map(|_| Replay::new(boards, &uses)))
    }

    /// Posts what has changed on boards while their values were posted, until nothing has. What
    /// cannot be looked at, or is still changing, is left and shown anew.
    pub(super) async fn show_changes(
        &self,
        plan: &mut Plan,
        outcomes: &mut Vec<SocketOutcome>,
        deadline: Instant,
    ) {
        let mut shown = std::mem::take(&mut plan.shown);
        for _ in 0..ROUNDS_MAX {
            if shown.is_empty() || Instant::now() >= deadline {
                break;
            }
            plan.lists.clear();
            shown = match self.plan_changes(shown.clone(), outcomes, plan).await {
                Ok(changed) => changed,
                Err(err) => {
                    tracing::error!(error = %chain(&err), "retained values are shown again");
                    break;
                }
            };
            let changes = self.post(plan, deadline).await;
            outcomes.extend(changes);
        }
        for Shown { item, sockets, .. } in shown {
            let parcel = plan.parcels.iter().rposition(|parcel| parcel.item == item);
            outcomes.extend(sockets.into_iter().map(|found| SocketOutcome {
                left: parcel.into_iter().collect(),
                stop: Some(Stop::Untried),
                ..SocketOutcome::new(found.socket)
            }));
        }
    }

    /// Plans what has changed, for sockets that took all so far; answers where something has.
    async fn plan_changes(
        &self,
        shown: Vec<Shown>,
        outcomes: &[SocketOutcome],
        plan: &mut Plan,
    ) -> Result<Vec<Shown>, StoreError> {
        let stopped = outcomes.iter().filter(|outcome| outcome.stop.is_some());
        let stopped: BTreeSet<&SocketId> = stopped.map(|outcome| &outcome.socket).collect();
        let mut changed = Vec::new();
        for mut shown in shown {
            shown.sockets.retain(|found| !stopped.contains(&found.socket));
            let records = shown.replay.next(&self.store, self.clock.now()).await?;
            if !records.is_empty() && !shown.sockets.is_empty() {
                plan.show(shown.item, records, &shown.sockets);
                changed.push(shown);
            }
        }
        Ok(changed)
    }
}

impl Source<'_> {
    /// Where the element stands.
    pub(super) fn place(&self) -> QueuePosition {
        QueuePosition::new(&self.message.group, &self.message.sequence, self.item_ref.item)
    }
}
