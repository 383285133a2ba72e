//! What became of every message: dead letters, what is left, what is reported.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Publisher;
use super::batch::{Batch, Message, Work};
use super::plan::{ItemRef, Plan};
use super::post::{SocketOutcome, Stop};
use crate::id::SocketId;
use crate::ports::{
    AccessStore, ChannelStore, ConnectionGateway, DeadLetter, NotificationQueue, Progress,
    ProgressStore, SocketStore,
};
use crate::report::chain;
use crate::time::Clock;

/// How long progress is kept: as long as a dead-letter queue keeps messages at the most.
const PROGRESS_LIFETIME: Duration = Duration::from_hours(14 * 24);
/// The longest pause before a reported message is tried again.
const RETRY_PAUSE_MAX_SECONDS: u64 = 15;

/// What an invocation did, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Elements of the messages received.
    pub notifications: usize,
    /// Posts that succeeded.
    pub posts: usize,
    /// Records that these posts delivered.
    pub delivered: usize,
    /// Sockets found gone.
    pub gone: usize,
    /// Answers of 429.
    pub throttled: usize,
    /// Posts whose outcome stayed open.
    pub ambiguous: usize,
    /// Records that the gateway refused for good.
    pub refused: usize,
    /// Elements that were too old.
    pub expired: usize,
    /// Elements with nobody to deliver to.
    pub undeliverable: usize,
    /// Elements moved to the dead-letter queue.
    pub rejected: usize,
    /// Elements taken up where an earlier invocation stopped.
    pub resumed: usize,
    /// Messages reported as failed.
    pub failed: usize,
}

/// The result of one invocation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The ids of the messages that the queue must keep.
    pub failed: Vec<String>,
    /// What was done.
    pub tally: Tally,
}

impl<S, G, Q, C> Publisher<S, G, Q, C>
where
    S: SocketStore + ChannelStore + AccessStore + ProgressStore,
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
        let left = left_by_item(plan, outcomes);
        let mut tally = count(&batch, plan, outcomes);
        for item in left.keys() {
            if let Some(message) = batch.messages.get_mut(item.message) {
                message.held = true;
            }
        }
        tally.rejected = self.reject(&mut batch).await;
        hold_followers(&mut batch);
        self.keep_progress(&batch, &left).await;
        let held: Vec<&Message> = batch.messages.iter().filter(|message| message.held).collect();
        for message in &held {
            self.retry_soon(message).await;
        }
        tally.failed = held.len();
        Report { failed: held.iter().map(|message| message.queued.id.clone()).collect(), tally }
    }

    /// Moves bad elements to the dead-letter queue; a message whose move fails is held.
    async fn reject(&self, batch: &mut Batch) -> usize {
        let mut rejected = 0;
        for message in &mut batch.messages {
            let Some(letter) = dead_letter(message) else {
                continue;
            };
            match self.queue.dead_letter(&letter).await {
                Ok(()) => {
                    let (reason, detail) = (letter.reason, &letter.detail);
                    tracing::warn!(reason, detail, message.id = message.queued.id, "rejected");
                    rejected += mark_rejected(message);
                }
                Err(err) => {
                    tracing::error!(error = %chain(&err), "a bad message could not be moved");
                    message.held = true;
                }
            }
        }
        rejected
    }

    /// Writes down what is left of every element of the held messages, also when that is nothing.
    async fn keep_progress(&self, batch: &Batch, left: &BTreeMap<ItemRef, Vec<SocketId>>) {
        let mut rows = BTreeMap::new();
        for (at, message) in batch.messages.iter().enumerate().filter(|(_, message)| message.held) {
            // An element that was not begun has no row, and starts from the start.
            let begun = message.items.iter().enumerate().filter(|(_, item)| item.begun);
            for (item_at, item) in begun {
                let left = left.get(&ItemRef { message: at, item: item_at });
                let left = left.cloned().unwrap_or_default();
                rows.insert(item.key.clone(), Progress { left });
            }
        }
        if rows.is_empty() {
            return;
        }
        let expires = self.clock.now().plus(PROGRESS_LIFETIME);
        if let Err(err) = self.store.put_progress(&rows, expires).await {
            tracing::error!(error = %chain(&err), "progress is lost; duplicates may follow");
        }
    }

    async fn retry_soon(&self, message: &Message) {
        let doublings = message.queued.receive_count.saturating_sub(1).min(6);
        let pause = Duration::from_secs((1 << doublings).min(RETRY_PAUSE_MAX_SECONDS));
        if let Err(err) = self.queue.retry_after(&message.queued.receipt_handle, pause).await {
            tracing::warn!(error = %chain(&err), "a message is retried late");
        }
    }
}

/// The sockets that still have to get each element.
fn left_by_item(plan: &Plan, outcomes: &[SocketOutcome]) -> BTreeMap<ItemRef, Vec<SocketId>> {
    let mut left: BTreeMap<ItemRef, Vec<SocketId>> = BTreeMap::new();
    for outcome in outcomes.iter().filter(|outcome| outcome.stop == Some(Stop::Retry)) {
        for parcel in outcome.left.iter().filter_map(|at| plan.parcels.get(*at)) {
            left.entry(parcel.item).or_default().push(outcome.socket.clone());
        }
    }
    left
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

/// The dead letter of a message's bad elements: only those, with the first one's reason.
fn dead_letter(message: &Message) -> Option<DeadLetter> {
    let bad: Vec<_> = message
        .items
        .iter()
        .filter_map(|item| match &item.work {
            Work::Reject(rejection) => Some((item, rejection)),
            _ => None,
        })
        .collect();
    let (first, rejection) = bad.first()?;
    let bodies: Vec<&str> = bad.iter().filter_map(|(item, _)| item.json.as_deref()).collect();
    let body = match bodies.as_slice() {
        [] => message.queued.body.clone(),
        [body] => (*body).to_owned(),
        several => format!("[{}]", several.join(",")),
    };
    Some(DeadLetter {
        body,
        reason: rejection.reason.as_str(),
        detail: rejection.detail.clone(),
        // Its elements are counted anew, so they must not meet the progress of the others.
        progress_key: format!("{}/rejected", first.key),
        group: message.queued.group.clone(),
    })
}

fn mark_rejected(message: &mut Message) -> usize {
    let rejected = message.items.iter_mut().filter(|item| matches!(item.work, Work::Reject(_)));
    rejected.map(|item| item.begun = true).count()
}

fn count(batch: &Batch, plan: &Plan, outcomes: &[SocketOutcome]) -> Tally {
    let items = || batch.messages.iter().flat_map(|message| &message.items);
    let works = |wanted: fn(&Work) -> bool| items().filter(|item| wanted(&item.work)).count();
    let sum = |of: fn(&SocketOutcome) -> usize| outcomes.iter().map(of).sum();
    Tally {
        notifications: items().count(),
        posts: sum(|outcome| outcome.posts),
        delivered: sum(|outcome| outcome.delivered.len()),
        gone: outcomes.iter().filter(|outcome| outcome.stop == Some(Stop::Gone)).count(),
        throttled: sum(|outcome| outcome.throttled),
        ambiguous: sum(|outcome| outcome.ambiguous),
        refused: sum(|outcome| outcome.refused.len()),
        expired: works(|work| matches!(work, Work::Expired)),
        undeliverable: plan.audience.values().filter(|sockets| **sockets == 0).count(),
        rejected: 0,
        resumed: works(|work| matches!(work, Work::Resume(..))),
        failed: 0,
    }
}
