//! The publisher's queues: notifications, deliveries and dead letters.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hubcast_model::ports::QueuedMessage;
use hubcast_model::ports::{DeadLetter, JobMessage, NotificationQueue, QueueError};

use super::{Fifo, FifoSettings, Sent};
use crate::clock::VirtualClock;
use crate::interleave::give_way;
use crate::journal::lock;

/// What goes wrong with a call to a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueFault {
    /// It answers an error and takes nothing.
    Refused,
    /// It answers an error, though it took everything.
    Lost,
    /// It answers an error and took so many of a batch.
    Partial(usize),
}

type Chance = Box<dyn FnMut(&'static str) -> Option<QueueFault> + Send>;

/// The queues; clones are the same queues.
#[derive(Clone)]
pub struct SimulatedQueues {
    /// What backends write to.
    pub notifications: Fifo,
    /// What holds jobs.
    pub deliveries: Fifo,
    /// What services of AWS write to. Each message has a group of its own, so that none waits.
    pub ingress: Fifo,
    /// What could not be delivered.
    pub dead_letters: Fifo,
    letters: Arc<Mutex<Vec<DeadLetter>>>,
    jobs: Arc<Mutex<Vec<JobMessage>>>,
    redriven: Arc<Mutex<Vec<QueuedMessage>>>,
    chance: Arc<Mutex<Option<Chance>>>,
}

impl fmt::Debug for SimulatedQueues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatedQueues")
            .field("notifications", &self.notifications)
            .field("deliveries", &self.deliveries)
            .field("ingress", &self.ingress)
            .field("dead_letters", &self.dead_letters)
            .finish_non_exhaustive()
    }
}

impl SimulatedQueues {
    /// Empty queues.
    pub fn new(clock: VirtualClock, settings: FifoSettings) -> Self {
        let queue = |name| Fifo::new(name, clock, settings);
        Self {
            notifications: queue("m"),
            deliveries: queue("j"),
            ingress: queue("i"),
            dead_letters: queue("d"),
            letters: Arc::default(),
            jobs: Arc::default(),
            redriven: Arc::default(),
            chance: Arc::default(),
        }
    }

    /// Has calls go wrong as `chance` decides.
    pub fn fault_by(
        &self,
        chance: impl FnMut(&'static str) -> Option<QueueFault> + Send + 'static,
    ) {
        *lock(&self.chance) = Some(Box::new(chance));
    }

    /// Ends all faults.
    pub fn heal(&self) {
        *lock(&self.chance) = None;
    }

    /// Every dead letter that the publisher sent and the queue kept, in order, redriven or not.
    pub fn letters(&self) -> Vec<DeadLetter> {
        lock(&self.letters).clone()
    }

    /// Every job that was put on the queue and kept there, in order.
    pub fn jobs(&self) -> Vec<JobMessage> {
        lock(&self.jobs).clone()
    }

    /// Every dead letter that was redriven, in order.
    pub fn redriven(&self) -> Vec<QueuedMessage> {
        lock(&self.redriven).clone()
    }

    /// Moves a message that was received too often to the dead letters, as it is.
    pub fn wear_out(&self, message: &QueuedMessage) {
        self.dead_letters.send(Sent {
            group: message.group.clone(),
            deduplication_id: format!("{}-worn", message.receipt_handle),
            body: message.body.clone(),
            progress_key: message.progress_key.clone(),
        });
    }

    /// Moves dead letters for which `is_wanted` back to the notifications as new messages that
    /// keep their attributes; answers how many.
    pub fn redrive(&self, is_wanted: impl Fn(&QueuedMessage) -> bool) -> usize {
        let letters: Vec<_> =
            self.dead_letters.messages().into_iter().filter(|letter| is_wanted(letter)).collect();
        for letter in &letters {
            self.dead_letters.remove(&letter.id);
            self.notifications.send(Sent {
                group: letter.group.clone(),
                deduplication_id: format!("redriven-{}", letter.id),
                body: letter.body.clone(),
                progress_key: letter.progress_key.clone(),
            });
        }
        let count = letters.len();
        lock(&self.redriven).extend(letters);
        count
    }

    fn queue(&self, name: &str) -> &Fifo {
        let others = [&self.deliveries, &self.ingress];
        others.into_iter().find(|queue| queue.name == name).unwrap_or(&self.notifications)
    }

    async fn meet(&self, operation: &'static str) -> Option<QueueFault> {
        give_way().await;
        lock(&self.chance).as_mut()?(operation)
    }
}

fn outcome(operation: &'static str, fault: Option<QueueFault>) -> Result<(), QueueError> {
    match fault {
        None => Ok(()),
        Some(_) => Err(QueueError { operation, source: "told to fail".into() }),
    }
}

impl NotificationQueue for SimulatedQueues {
    async fn dead_letter(&self, letter: &DeadLetter) -> Result<(), QueueError> {
        let fault = self.meet("dead_letter").await;
        if matches!(fault, None | Some(QueueFault::Lost)) {
            let sent = Sent {
                group: letter.group.clone(),
                deduplication_id: letter.progress_key.clone(),
                body: letter.body.clone(),
                progress_key: Some(letter.progress_key.clone()),
            };
            if self.dead_letters.send(sent).is_some() {
                lock(&self.letters).push(letter.clone());
            }
        }
        outcome("dead_letter", fault)
    }

    async fn enqueue_jobs(&self, jobs: &[JobMessage]) -> Result<(), QueueError> {
        let fault = self.meet("enqueue_jobs").await;
        let taken = match fault {
            None | Some(QueueFault::Lost) => jobs.len(),
            Some(QueueFault::Refused) => 0,
            Some(QueueFault::Partial(count)) => count,
        };
        for job in jobs.iter().take(taken) {
            let sent = Sent {
                group: job.group.clone(),
                deduplication_id: job.key.clone(),
                body: job.body.clone(),
                progress_key: None,
            };
            if self.deliveries.send(sent).is_some() {
                lock(&self.jobs).push(job.clone());
            }
        }
        outcome("enqueue_jobs", fault)
    }

    async fn retry_after(
        &self,
        queue: &str,
        receipt_handle: &str,
        delay: Duration,
    ) -> Result<(), QueueError> {
        let fault = self.meet("retry_after").await;
        if matches!(fault, None | Some(QueueFault::Lost)) {
            self.queue(queue).show_after(receipt_handle, delay);
        }
        outcome("retry_after", fault)
    }
}
