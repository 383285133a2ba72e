//! An SQS FIFO queue on tokio's clock, and the publisher's queues made of such.
//!
//! A message group is locked while any of its messages is in flight. What is
//! not acknowledged comes back when its visibility ends, in its old place. A
//! deduplication id counts for five minutes, whatever became of its message.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html>

mod queues;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hubcast_model::ports::QueuedMessage;
use hubcast_model::time::Clock;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::clock::VirtualClock;
use crate::journal::lock;

pub use queues::{QueueFault, SimulatedQueues};

/// For how long a deduplication id counts.
const DEDUPLICATION: Duration = Duration::from_mins(5);

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Its message group.
    pub group: String,
    /// Of two messages with the same one within five minutes the queue keeps the first.
    pub deduplication_id: String,
    /// Its body.
    pub body: String,
    /// Its attribute `ProgressKey`.
    pub progress_key: Option<String>,
}

/// How a queue behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FifoSettings {
    /// For how long a message that was received is in flight.
    pub visibility: Duration,
    /// A message that was received so often goes to the dead letters instead.
    pub receives_max: u32,
}

/// A queue; clones are the same queue.
#[derive(Debug, Clone)]
pub struct Fifo {
    name: &'static str,
    clock: VirtualClock,
    settings: FifoSettings,
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    messages: Vec<Kept>,
    seen: BTreeMap<String, Instant>,
    sent: usize,
    receipts: usize,
}

#[derive(Debug)]
struct Kept {
    message: QueuedMessage,
    visible_at: Option<Instant>,
}

impl Kept {
    fn is_in_flight(&self, now: Instant) -> bool {
        self.visible_at.is_some_and(|at| at > now)
    }
}

impl Fifo {
    /// An empty queue.
    pub fn new(name: &'static str, clock: VirtualClock, settings: FifoSettings) -> Self {
        Self { name, clock, settings, state: Arc::default(), changed: Arc::default() }
    }

    /// What it is called.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Takes a message and answers its id; `None` when it counts as sent before.
    pub fn send(&self, sent: Sent) -> Option<String> {
        let mut state = lock(&self.state);
        let now = Instant::now();
        let seen = state.seen.get(&sent.deduplication_id);
        if seen.is_some_and(|at| now.duration_since(*at) < DEDUPLICATION) {
            return None;
        }
        state.seen.insert(sent.deduplication_id, now);
        state.sent += 1;
        let id = format!("{}{}", self.name, state.sent);
        let message = QueuedMessage {
            id: id.clone(),
            queue: self.name.to_owned(),
            receipt_handle: String::new(),
            group: sent.group,
            sequence: state.sent.to_string(),
            body: sent.body,
            sender: String::new(),
            sent_at: self.clock.now(),
            receive_count: 0,
            progress_key: sent.progress_key,
            repeatable: None,
            trace: hubcast_model::trace::current(),
            left: None,
        };
        state.messages.push(Kept { message, visible_at: None });
        self.changed.notify_one();
        Some(id)
    }

    /// Hands over up to `most` messages, of any groups that are not locked, in order; and those
    /// that were received too often, which are in the queue no longer.
    pub fn receive(&self, most: usize) -> (Vec<QueuedMessage>, Vec<QueuedMessage>) {
        let mut state = lock(&self.state);
        let worn_out = state.take_worn_out(self.settings.receives_max);
        let now = Instant::now();
        let locked = state.locked(now);
        let State { messages, receipts, .. } = &mut *state;
        let free = messages.iter_mut().filter(|kept| !locked.contains(&kept.message.group));
        let mut batch = Vec::new();
        for kept in free.take(most) {
            *receipts += 1;
            kept.message.receive_count += 1;
            kept.message.receipt_handle = format!("{}-r{receipts}", self.name);
            kept.visible_at = Some(now + self.settings.visibility);
            batch.push(kept.message.clone());
        }
        (batch, worn_out)
    }

    /// Deletes the message of a receipt, if that is its last one.
    pub fn acknowledge(&self, receipt: &str) {
        lock(&self.state).messages.retain(|kept| kept.message.receipt_handle != receipt);
        self.changed.notify_one();
    }

    fn remove(&self, id: &str) {
        lock(&self.state).messages.retain(|kept| kept.message.id != id);
    }

    /// Makes the message of a receipt visible after `delay`.
    pub fn show_after(&self, receipt: &str, delay: Duration) {
        let mut state = lock(&self.state);
        let kept = state.messages.iter_mut().find(|kept| kept.message.receipt_handle == receipt);
        if let Some(kept) = kept {
            kept.visible_at = Some(Instant::now() + delay);
        }
        self.changed.notify_one();
    }

    /// Waits until a receive may hand something over.
    pub async fn ready(&self) {
        loop {
            let next = lock(&self.state).next(Instant::now());
            let changed = self.changed.notified();
            match next {
                Some(at) if at <= Instant::now() => return,
                Some(at) => {
                    // Whichever comes first, it is looked at again.
                    let _ = tokio::time::timeout_at(at, changed).await;
                }
                None => changed.await,
            }
        }
    }

    /// Every message that is not acknowledged, in order.
    pub fn messages(&self) -> Vec<QueuedMessage> {
        lock(&self.state).messages.iter().map(|kept| kept.message.clone()).collect()
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        lock(&self.state).messages.is_empty()
    }
}

impl State {
    fn take_worn_out(&mut self, receives_max: u32) -> Vec<QueuedMessage> {
        let now = Instant::now();
        let locked = self.locked(now);
        let is_worn_out = |kept: &Kept| {
            kept.message.receive_count >= receives_max && !locked.contains(&kept.message.group)
        };
        let (worn_out, kept) =
            std::mem::take(&mut self.messages).into_iter().partition(is_worn_out);
        self.messages = kept;
        let worn_out: Vec<Kept> = worn_out;
        worn_out.into_iter().map(|kept| kept.message).collect()
    }

    fn locked(&self, now: Instant) -> BTreeSet<String> {
        let in_flight = self.messages.iter().filter(|kept| kept.is_in_flight(now));
        in_flight.map(|kept| kept.message.group.clone()).collect()
    }

    /// When the first group is free that holds anything.
    fn next(&self, now: Instant) -> Option<Instant> {
        let mut free_at: BTreeMap<&str, Instant> = BTreeMap::new();
        for kept in &self.messages {
            let at = kept.visible_at.unwrap_or(now);
            let group = free_at.entry(&kept.message.group).or_insert(at);
            *group = at.max(*group);
        }
        free_at.into_values().min()
    }
}

#[cfg(test)]
mod tests;
