//! What became of every message: what is left, what is given up, what is reported.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::batch::{Batch, Item, Message, State, Work};
use super::letter::given_up;
use super::outcome::{SocketOutcome, Stop};
use super::plan::{ItemRef, Plan};
use super::{Publisher, Report, Sample, Tally};
use hubcast_model::envelope::{Content, Later};
use hubcast_model::id::SocketId;
use hubcast_model::ports::QueuedMessage;
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, ConnectionGateway, GrantStore,
    InboxStore, MembershipStore, NotificationQueue, PendingStore, Progress, ProgressStore, Rest,
    SessionStore, ShardStore, SocketStore, UsageStore,
};
use hubcast_model::report::chain;
use hubcast_model::time::Clock;

/// The longest pause before a young message that was reported is tried again.
const RETRY_PAUSE_MAX_SECONDS: u64 = 15;
/// An old message is tried again after this part of its age. However long it may live, the queue
/// hands it over less often than the queue's limit: the publisher gives it up, and not the queue.
const RETRY_PAUSE_PART_OF_AGE: u32 = 100;

/// What the posts of this invocation did for one element.
#[derive(Debug, Default)]
pub(super) struct Posted {
    left: Vec<SocketId>,
    reached: usize,
    /// Sockets that will not get it: gone, stalled or refused.
    lost: usize,
    /// Whether it was tried with all that are left.
    is_tried: bool,
}

impl Posted {
    /// Whether it was posted, and nobody will have got it.
    pub(super) const fn is_lost(&self) -> bool {
        self.lost > 0 && self.reached == 0 && self.left.is_empty()
    }
}

impl<S, G, Q, C> Publisher<S, G, Q, C>
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
{
    /// Settles the fate of every message of a batch.
    pub(super) async fn settle(
        &self,
        mut batch: Batch,
        plan: &Plan,
        outcomes: &[SocketOutcome],
    ) -> Report {
        let mut report = Report::default();
        report.tally.count_sockets(outcomes);
        report.tally.replayed = replayed(plan, outcomes);
        let posted = posted(plan, outcomes);
        let mut rows = BTreeMap::new();
        for (at, message) in batch.messages.iter_mut().enumerate() {
            let standing = self.settle_message(at, message, &posted, &mut report).await;
            rows.extend(standing);
        }
        hold_followers(&mut batch);
        let held: Vec<&Message> = batch.messages.iter().filter(|message| message.held).collect();
        let held_rows = held.iter().flat_map(|message| &message.items);
        let kept: BTreeMap<String, Progress> =
            held_rows.filter_map(|item| rows.remove_entry(&item.key)).collect();
        if !kept.is_empty() {
            self.keep_progress(&kept).await;
        }
        for message in &held {
            self.retry_soon(&message.queued).await;
        }
        report.tally.failed = held.len();
        report.failed = held.iter().map(|message| message.queued.id.clone()).collect();
        report
    }

    /// Settles one message; answers how far each of its elements is that was begun.
    async fn settle_message(
        &self,
        at: usize,
        message: &mut Message,
        posted: &BTreeMap<ItemRef, Posted>,
        report: &mut Report,
    ) -> Vec<(String, Progress)> {
        let tally = &mut report.tally;
        tally.notifications += message.items.len();
        if !message.is_unread {
            tally.rejected += self.reject(message).await;
        }
        let age = self.clock.now().since(message.queued.sent_at);
        let mut standing = Vec::new();
        let none = Posted::default();
        for (item_at, item) in message.items.iter_mut().enumerate() {
            let posted = posted.get(&ItemRef { message: at, item: item_at }).unwrap_or(&none);
            let progress = progress_of(item, posted);
            tally.resumed += usize::from(item.is_resumed() && item.state == State::Begun);
            if is_to_be_continued(item, &progress) {
                let reason = given_up(&progress, age, self.settings.age_max);
                let group = message.queued.group.as_str();
                match reason {
                    Some(reason) if self.give_up((group, item), progress.clone(), reason).await => {
                        tally.rejected += 1;
                        item.state = State::Begun;
                        standing.push((item.key.clone(), Progress::default()));
                        continue;
                    }
                    _ => message.held = true,
                }
            } else if let Some(reached) = count_finished(item, &progress, tally) {
                report.samples.push(Sample { took: age, reached });
            }
            if matches!(item.state, State::Begun | State::HandedOn { .. } | State::Kept { .. }) {
                standing.push((item.key.clone(), progress));
            }
        }
        standing
    }

    /// Has a reported message come back soon: after 1, 2, 4 .. 15 seconds, and an old one after a
    /// hundredth of its age.
    pub(super) async fn retry_soon(&self, message: &QueuedMessage) {
        let age = self.clock.now().since(message.sent_at);
        let pause = retry_pause(message.receive_count, age);
        let retry = self.queue.retry_after(&message.queue, &message.receipt_handle, pause);
        if let Err(err) = retry.await {
            tracing::warn!(error = %chain(&err), "a message is retried late");
        }
    }
}

fn retry_pause(receive_count: u32, age: Duration) -> Duration {
    let doublings = receive_count.saturating_sub(1).min(6);
    let soon = Duration::from_secs((1 << doublings).min(RETRY_PAUSE_MAX_SECONDS));
    soon.max(age / RETRY_PAUSE_PART_OF_AGE)
}

pub(super) fn posted(plan: &Plan, outcomes: &[SocketOutcome]) -> BTreeMap<ItemRef, Posted> {
    let mut posted: BTreeMap<ItemRef, Posted> = BTreeMap::new();
    for outcome in outcomes {
        for item in SocketOutcome::items(plan, &outcome.delivered) {
            posted.entry(item).or_default().reached += 1;
        }
        for item in SocketOutcome::items(plan, &outcome.refused) {
            posted.entry(item).or_default().lost += 1;
        }
        for item in SocketOutcome::items(plan, &outcome.left) {
            let posted = posted.entry(item).or_default();
            if outcome.is_open() {
                posted.left.push(outcome.socket.clone());
                posted.is_tried |= outcome.stop == Some(Stop::Failed);
            } else {
                posted.lost += 1;
            }
        }
    }
    posted
}

/// How many retained values reached somebody who had just come.
fn replayed(plan: &Plan, outcomes: &[SocketOutcome]) -> usize {
    let delivered = outcomes.iter().flat_map(|outcome| &outcome.delivered);
    delivered.filter(|at| plan.parcels.get(**at).is_some_and(|parcel| parcel.is_replay)).count()
}

/// How far an element is after this invocation.
fn progress_of(item: &Item, posted: &Posted) -> Progress {
    if matches!(item.state, State::Waiting | State::Failed) {
        return item.before.clone();
    }
    let is_fruitless = posted.is_tried && posted.reached == 0 && posted.lost == 0;
    let mut left = posted.left.clone();
    left.sort_unstable();
    left.dedup();
    Progress {
        left,
        rest: Rest::Nothing,
        reached: item.before.reached + posted.reached,
        fruitless: if is_fruitless { item.before.fruitless + 1 } else { 0 },
    }
}

/// Whether the queue has to bring an element again for its own sake.
fn is_to_be_continued(item: &Item, progress: &Progress) -> bool {
    item.state == State::Failed || (item.state == State::Begun && !progress.is_finished())
}

/// Counts an element that this invocation finished; answers how many it reached, if it was posted.
fn count_finished(item: &Item, progress: &Progress, tally: &mut Tally) -> Option<usize> {
    match item.state {
        State::Begun => {}
        State::HandedOn { jobs } => {
            tally.handed_on += 1;
            tally.jobs += jobs;
            return None;
        }
        State::Kept { dropped } => {
            tally.kept += 1;
            tally.dropped += dropped;
            return None;
        }
        State::Waiting | State::Failed => return None,
    }
    match &item.work {
        // Rejected ones were counted when they were moved.
        Work::Reject(_) | Work::Finished => None,
        Work::Expired => {
            tally.expired += 1;
            None
        }
        Work::Start(notification)
        | Work::Resume(notification, _)
        | Work::Enqueue(notification, _) => {
            let is_change =
                matches!(notification.content, Content::Action(_) | Content::Clear { .. });
            match notification.later {
                _ if progress.reached > 0 || is_change => tally.done += 1,
                Later::Retained(_) => tally.kept += 1,
                Later::Nothing | Later::Kept(_) => tally.undeliverable += 1,
            }
            Some(progress.reached)
        }
    }
}

/// A message group stays in order: once a message is held, so are all later ones of its group.
fn hold_followers(batch: &mut Batch) {
    let mut held_groups = BTreeSet::new();
    for message in &mut batch.messages {
        message.held |= held_groups.contains(&message.queued.group);
        if message.held {
            held_groups.insert(message.queued.group.clone());
        }
    }
}
