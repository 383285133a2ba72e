//! The intake: elements are taken up one by one, in the order of arrival.
//!
//! An action of the batch takes effect for what follows it.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;
use tracing::Instrument;

use crate::account::Entry;
use crate::actions::{Actions, Order};
use crate::answer::{complete, completed_by};
use crate::audiences::{Audiences, audience_of, hubs_of};
use crate::audit::carried_out;
use crate::batch::{Batch, Case, Message, Task};
use crate::boards::{BoardChange, Boards};
use crate::dispatcher::{BigAudience, Dispatcher};
use crate::handshakes::Handshakes;
use crate::inboxes::{Inboxes, source_of};
use crate::journey::{Unit, span};
use crate::ledger::{Hold, Ledger};
use crate::newcomers::{newcomers, shown_groups};
use crate::round::{Dismissal, ElementRef, Parcel, Round, Showing, Target};
use hubcast_model::envelope::{Audience, Content, Notification, Retention};
use hubcast_model::frame::content_record;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{
    BlockStore, BoardStore, Cause, ChannelStore, InboxStore, MembershipStore, NotificationQueue,
    PendingStore, ProgressStore, ShardStore, SocketStore, StoreError, UsageStore,
};
use hubcast_model::report::chain;
use hubcast_model::settings::Hubs;
use hubcast_model::time::Clock;
use hubcast_model::trace;

/// The sockets of an audience.
enum Sockets {
    /// Few enough to post to directly.
    Few(Vec<Target>),
    /// More than are posted to directly.
    Many(Audience),
}

/// Takes elements up.
#[derive(Debug)]
pub(crate) struct Intake<'a, S, Q, C> {
    /// The members of audiences, as this batch reads them.
    pub(crate) audiences: Audiences<'a, S, C>,
    /// The retained values.
    pub(crate) boards: Boards<'a, S, C>,
    /// The messages that wait.
    pub(crate) inboxes: Inboxes<'a, S, C>,
    /// The handshakes that a message waits for that is taken back from an inbox.
    pub(crate) handshakes: Handshakes<'a, S, C>,
    /// The changes that backends ask for.
    pub(crate) actions: Actions<'a, S, C>,
    /// The way to jobs.
    pub(crate) dispatcher: Dispatcher<'a, S, Q, C>,
    /// The invocations of clients; `None` where nothing is handed to backends, so that every
    /// answer passes.
    pub(crate) invocations: Option<&'a S>,
    /// No message is taken up after this time.
    pub(crate) deadline: Instant,
    /// The hubs there are.
    pub(crate) hubs: &'a Hubs,
    /// The most sockets of an audience that are posted to directly.
    pub(crate) direct_max: usize,
}

impl<S, Q, C> Intake<'_, S, Q, C>
where
    S: BlockStore
        + BoardStore
        + ChannelStore
        + InboxStore
        + MembershipStore
        + PendingStore
        + ProgressStore
        + ShardStore
        + SocketStore
        + UsageStore,
    Q: NotificationQueue,
    C: Clock,
{
    /// Takes every element up: carries actions out, and answers the round that is to be posted.
    ///
    /// A message is held when the table does not answer, and when there is no time for the
    /// message. All later messages of its group are held then too.
    pub(crate) async fn take_up(&mut self, batch: &Batch, ledger: &mut Ledger) -> Round {
        let mut round = Round::default();
        let mut held_groups = BTreeSet::new();
        for message in &batch.messages {
            let group = message.queued.group.as_str();
            if Instant::now() >= self.deadline {
                ledger.hold(message.at, Hold::NoTime);
            }
            if held_groups.contains(group) {
                ledger.hold(message.at, Hold::Behind);
            }
            self.take_up_message(message, ledger, &mut round).await;
            if ledger.is_held(message.at) {
                held_groups.insert(group);
            }
        }
        round
    }

    async fn take_up_message(&mut self, message: &Message, ledger: &mut Ledger, round: &mut Round) {
        for case in message.cases() {
            if ledger.is_held(message.at) {
                break;
            }
            let work = Box::pin(self.take_up_case(case, round));
            let taken = trace::within(case.message.trace.clone(), work);
            if let Some(entry) = taken.instrument(span(&case.element.key, case.message)).await {
                ledger.append(case.at, entry);
            }
        }
    }

    /// Takes an element up; answers the line for the ledger, or `None` when the ledger knows all.
    async fn take_up_case(&mut self, case: Case<'_>, round: &mut Round) -> Option<Entry> {
        let taken = match &case.element.task {
            Task::Reject(_) => return None,
            Task::Expired => Ok(Entry::Expired),
            Task::Finished => Ok(Entry::Finished),
            Task::Enqueue(notification, key) => self.enqueue(case, notification, key).await,
            Task::Resume(notification, left) => {
                Unit::of(case, self.actions.clock.now()).resumed(left.len());
                let resumed = self.resume(case, notification, left, round).await;
                resumed.map(|()| Entry::Resumed).map_err(Cause::from)
            }
            Task::Start(notification) => match self.boards.hang_up(case, notification).await {
                Ok(BoardChange::Nothing) => self.start(case, notification, round).await,
                Ok(BoardChange::Written) => {
                    self.audiences.forget();
                    self.start(case, notification, round).await
                }
                Ok(BoardChange::Refused(rejection)) => Ok(Entry::Rejected(rejection)),
                Err(err) => Err(Cause::from(err)),
            },
        };
        Some(taken.unwrap_or_else(|err| {
            tracing::error!(error = %chain(err.as_ref()), "an element could not be taken up");
            Entry::Failed
        }))
    }

    async fn enqueue(
        &self,
        case: Case<'_>,
        notification: &Notification,
        key: &str,
    ) -> Result<Entry, Cause> {
        let Some(audience) = audience_of(&notification.content) else {
            return Ok(Entry::Begun);
        };
        let big = BigAudience { hub: &notification.hub, audience: &audience };
        let jobs = self.dispatcher.enqueue(case, big, key).await?;
        Ok(Entry::HandedOn { jobs })
    }

    async fn resume(
        &mut self,
        case: Case<'_>,
        notification: &Notification,
        left: &[SocketId],
        round: &mut Round,
    ) -> Result<(), StoreError> {
        let left = Target::unkeyed(left);
        add_record(round, case, notification, left.clone());
        self.show(case.at, notification, Some(left), round).await
    }

    async fn start(
        &mut self,
        case: Case<'_>,
        notification: &Notification,
        round: &mut Round,
    ) -> Result<Entry, Cause> {
        if let Content::Action(action) = &notification.content {
            let (hub, sent_at) = (&notification.hub, case.message.sent_at);
            self.actions.carry_out(Order { hub, sent_at, action }, &mut self.audiences).await?;
            carried_out(case.message, &case.element.key, notification, action);
            self.show(case.at, notification, None, round).await?;
        }
        if let Some(kept) = self.keep_if_absent(case, notification).await? {
            return Ok(kept);
        }
        match self.sockets(notification).await? {
            Sockets::Few(targets) => {
                let targets = self.awaiting(case, notification, targets).await?;
                add_record(round, case, notification, targets);
                Ok(Entry::Begun)
            }
            Sockets::Many(audience) => {
                let key = &case.element.key;
                self.dispatcher.decide(key).await?;
                let big = BigAudience { hub: &notification.hub, audience: &audience };
                let jobs = self.dispatcher.enqueue(case, big, key).await?;
                Ok(Entry::HandedOn { jobs })
            }
        }
    }

    /// Adds the values of the groups that an action shows: for all of the subject's sockets, or for
    /// those that an earlier invocation left.
    async fn show(
        &mut self,
        at: ElementRef,
        notification: &Notification,
        left: Option<Vec<Target>>,
        round: &mut Round,
    ) -> Result<(), StoreError> {
        let Some(groups) = shown_groups(&notification.content) else {
            return Ok(());
        };
        let Some(mut replay) = self.boards.replay_of(&notification.hub, groups).await? else {
            return Ok(());
        };
        let records = self.boards.next(&mut replay).await?;
        if !records.is_empty() {
            let targets = newcomers(notification, left, &mut self.audiences).await?;
            round.show(Showing { element: at, targets, replay }, records);
        }
        Ok(())
    }

    /// Puts a message whose user is away into the inbox; `None` when the message goes out live.
    async fn keep_if_absent(
        &mut self,
        case: Case<'_>,
        notification: &Notification,
    ) -> Result<Option<Entry>, StoreError> {
        let Some(entry) = self.inboxes.entry(case, notification) else {
            return Ok(None);
        };
        let audience = &entry.audience;
        if !self.audiences.all_members(entry.hub(), audience).await?.is_empty() {
            return Ok(None);
        }
        self.inboxes.put(&entry).await?;
        self.audiences.forget();
        let there = self.audiences.all_members(entry.hub(), audience).await?;
        let there = self.audiences.targets(there);
        // A handshake that is under way may be delivering the message.
        self.handshakes.wait_for_all(&there, self.deadline).await;
        if !there.is_empty() && self.inboxes.take_back(&entry).await? {
            return Ok(None);
        }
        let dropped = self.inboxes.make_room(&entry.inbox).await?;
        Ok(Some(Entry::Kept { dropped }))
    }

    /// The sockets that a notification goes to, without the excluded ones.
    async fn sockets(&mut self, notification: &Notification) -> Result<Sockets, StoreError> {
        let Some(audience) = audience_of(&notification.content) else {
            return Ok(Sockets::Few(Vec::new()));
        };
        // Jobs could not tell whether anybody took the message.
        let is_kept = matches!(notification.retention, Retention::Inbox(_));
        let most = if is_kept { usize::MAX } else { self.direct_max };
        let mut found = Vec::new();
        for hub in hubs_of(self.hubs, notification) {
            match self.audiences.members(hub, &audience, most).await? {
                Some(listings) => found.extend(listings),
                None => return Ok(Sockets::Many(audience)),
            }
        }
        found.retain(|listing| !notification.excluded.contains(&listing.member.connection));
        // A socket in several groups, or named twice, gets the record once.
        let targets = self.audiences.targets(found).into_iter();
        let by_socket: BTreeMap<SocketId, Target> =
            targets.map(|target| (target.socket.clone(), target)).collect();
        Ok(Sockets::Few(by_socket.into_values().collect()))
    }

    /// Those of an answer's sockets that wait for the answer; all sockets of anything else.
    async fn awaiting(
        &self,
        case: Case<'_>,
        notification: &Notification,
        targets: Vec<Target>,
    ) -> Result<Vec<Target>, StoreError> {
        match (self.invocations, completed_by(&notification.content)) {
            (Some(store), Some(invocation_id)) => {
                complete(store, invocation_id, &case.element.key, targets).await
            }
            _ => Ok(targets),
        }
    }
}

fn add_record(round: &mut Round, case: Case<'_>, sent: &Notification, targets: Vec<Target>) {
    if let Some(record) = content_record(&sent.content) {
        let ended_by = Dismissal::by(sent, &case.element.key);
        let source = source_of(case);
        round.add(Parcel { ended_by, source, ..Parcel::plain(case.at, record) }, targets);
    }
}
