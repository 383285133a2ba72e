//! Messages that wait for their user.
//!
//! A message is put into the inbox when none of the user's sockets is there,
//! and the user's channel is read again afterwards; a handshake looks into the
//! inbox again after it has written the socket's row. So one of the two always
//! sees the other. The message is taken back then and goes out live, unless
//! the handshake has delivered it already.

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::Publisher;
use super::batch::{Batch, Item, State, Work};
use super::members::{FoundMembers, Reads};
use super::outcome::{SocketOutcome, Stop};
use super::plan::{Found, ItemRef, Plan};
use super::resolve::Source;
use super::settle::{Posted, posted};
use hubcast_model::channel::Member;
use hubcast_model::envelope::{Audience, Content, Later, Notification};
use hubcast_model::frame::content_text;
use hubcast_model::id::{ConnectionId, SocketId};
use hubcast_model::later::{INBOX_MAX, INBOX_MAX_BYTES, Inbox, InboxMessage, Use};
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, ConnectionGateway, GrantStore,
    InboxStore, MembershipStore, NotificationQueue, PendingStore, ProgressStore, SessionStore,
    ShardStore, SocketStore, StoreError, UpstreamQueue, UsageStore,
};
use hubcast_model::report::chain;
use hubcast_model::time::{Clock, Timestamp};

/// How often a message is sent to sockets that turn out to be gone, before it waits.
const ROUNDS_MAX: usize = 3;

/// A message that may have to wait.
struct Kept {
    inbox: Inbox,
    message: InboxMessage,
    audience: Audience,
    excluded: Vec<ConnectionId>,
}

impl Kept {
    /// What is to wait of a notification at `now`; nothing when it is not to, or not any more.
    fn of(source: &Source<'_>, notification: &Notification, now: Timestamp) -> Option<Self> {
        let Later::Kept(lifetime) = &notification.later else {
            return None;
        };
        let Content::Message { audience: Audience::Users(users), .. } = &notification.content
        else {
            return None;
        };
        let [user] = users.as_slice() else {
            return None;
        };
        let end = source.message.sent_at.plus(*lifetime);
        let expires = notification.expires_at.map_or(end, |at| at.min(end));
        let record = content_text(&notification.content)?;
        let message = InboxMessage { position: source.place(), record, expires };
        let kept = Self {
            inbox: Inbox::of(&notification.hub, user),
            message,
            audience: Audience::Users(users.clone()),
            excluded: notification.excluded.clone(),
        };
        (expires > now).then_some(kept)
    }

    /// The sockets that are to get it. Excluded ones do not, but their user is there.
    fn wanted(&self, there: FoundMembers) -> Vec<Found> {
        let wanted = there.into_iter();
        let wanted = wanted.filter(|(_, member)| !self.excluded.contains(&member.connection));
        wanted.map(|(key, member)| Found { socket: member.socket, key }).collect()
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
    /// Has a message wait whose user is not there; `None` when it goes out live.
    pub(super) async fn keep_if_absent(
        &self,
        source: &Source<'_>,
        notification: &Notification,
        reads: &mut Reads,
    ) -> Result<Option<State>, StoreError> {
        let Some(kept) = Kept::of(source, notification, self.clock.now()) else {
            return Ok(None);
        };
        if !self.members_for(&kept, reads).await?.is_empty() {
            return Ok(None);
        }
        self.have_wait(&kept).await?;
        reads.forget();
        if !self.members_for(&kept, reads).await?.is_empty() && self.takes_back(&kept).await? {
            return Ok(None);
        }
        let dropped = self.make_room(&kept).await?;
        Ok(Some(State::Kept { dropped }))
    }

    async fn members_for(
        &self,
        kept: &Kept,
        reads: &mut Reads,
    ) -> Result<FoundMembers, StoreError> {
        let audience = (&kept.inbox.hub, &kept.audience);
        Ok(self.audience_members(audience, usize::MAX, reads).await?.unwrap_or_default())
    }

    async fn have_wait(&self, kept: &Kept) -> Result<(), StoreError> {
        self.store.note_use(&kept.inbox.hub, Use::Inboxes).await?;
        self.store.put_inbox_message(&kept.inbox, &kept.message).await
    }

    async fn takes_back(&self, kept: &Kept) -> Result<bool, StoreError> {
        self.store.take_back(&kept.inbox, &kept.message.position).await
    }

    /// Removes the oldest messages from an inbox that holds too much; answers how many.
    async fn make_room(&self, kept: &Kept) -> Result<usize, StoreError> {
        let waiting = self.store.inbox_messages(&kept.inbox, self.clock.now()).await?;
        let (mut bytes, mut count) = (0, 0);
        let fits = |message: &&InboxMessage| {
            bytes += message.record.len();
            count += 1;
            bytes <= INBOX_MAX_BYTES && count <= INBOX_MAX
        };
        let stay = waiting.iter().rev().take_while(fits).count();
        let oldest = waiting.iter().take(waiting.len() - stay);
        let oldest: Vec<_> = oldest.map(|message| message.position.clone()).collect();
        if !oldest.is_empty() {
            tracing::warn!(dropped = oldest.len(), "an inbox is full; its oldest messages go");
            self.store.remove_inbox_messages(&kept.inbox, &oldest).await?;
        }
        Ok(oldest.len())
    }

    /// Has messages wait whose sockets all turned out to be gone or stalled.
    pub(super) async fn keep_lost(
        &self,
        batch: &mut Batch,
        plan: &mut Plan,
        outcomes: &mut Vec<SocketOutcome>,
        deadline: Instant,
    ) {
        let last_items = plan.last_items();
        for (message_at, message) in batch.messages.iter_mut().enumerate() {
            for (item_at, item) in message.items.iter_mut().enumerate() {
                let item_ref = ItemRef { message: message_at, item: item_at };
                let source = Source { item_ref, message: &message.queued };
                let Some(kept) = self.kept_of(&source, item) else {
                    continue;
                };
                let lost = Lost { at: item_ref, kept, last_items: &last_items };
                match self.keep_if_lost(&lost, item.state, (plan, outcomes), deadline).await {
                    Ok(state) => item.state = state,
                    Err(err) => {
                        tracing::error!(error = %chain(&err), "a notification is held");
                        item.state = State::Failed;
                        message.held = true;
                    }
                }
            }
        }
    }

    fn kept_of(&self, source: &Source<'_>, item: &Item) -> Option<Kept> {
        let (Work::Start(notification) | Work::Resume(notification, _)) = &item.work else {
            return None;
        };
        let is_open = item.state == State::Begun && item.before.reached == 0;
        Kept::of(source, notification, self.clock.now()).filter(|_| is_open)
    }

    async fn keep_if_lost(
        &self,
        lost: &Lost<'_>,
        state: State,
        (plan, outcomes): (&mut Plan, &mut Vec<SocketOutcome>),
        deadline: Instant,
    ) -> Result<State, StoreError> {
        let kept = &lost.kept;
        for round in 0..=ROUNDS_MAX {
            if !posted(plan, outcomes).get(&lost.at).is_some_and(Posted::is_lost) {
                return Ok(state);
            }
            self.have_wait(kept).await?;
            let found = self.members_for(kept, &mut Reads::default()).await?;
            let there = still_there(found, outcomes);
            let is_live = !there.is_empty() && !lost.is_overtaken(&there) && round < ROUNDS_MAX;
            if !is_live || !self.takes_back(kept).await? {
                break;
            }
            plan.lists.clear();
            plan.again(lost.at, kept.wanted(there));
            outcomes.extend(self.post(plan, deadline).await);
        }
        let dropped = self.make_room(kept).await?;
        Ok(State::Kept { dropped })
    }
}

/// A message whose sockets may all be gone.
struct Lost<'a> {
    at: ItemRef,
    kept: Kept,
    last_items: &'a BTreeMap<SocketId, ItemRef>,
}

impl Lost<'_> {
    /// Whether something later was posted to a socket that came meanwhile: then the message waits
    /// for the next one, since nothing may overtake it.
    fn is_overtaken(&self, there: &FoundMembers) -> bool {
        let last = |member: &Member| self.last_items.get(&member.socket);
        there.iter().any(|(_, member)| last(member).is_some_and(|last| *last > self.at))
    }
}

/// The members that did not turn out to be gone.
fn still_there(found: FoundMembers, outcomes: &[SocketOutcome]) -> FoundMembers {
    let is_gone = |socket: &SocketId| {
        outcomes.iter().any(|outcome| {
            outcome.socket == *socket && matches!(outcome.stop, Some(Stop::Gone | Stop::Stalled))
        })
    };
    found.into_iter().filter(|(_, member)| !is_gone(&member.socket)).collect()
}
