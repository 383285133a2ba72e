//! The queues, as lists of what was asked of them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use hubcast_model::ports::{DeadLetter, JobMessage, NotificationQueue, QueueError};

use crate::fault::{Fault, Faults};
use crate::journal::{Journal, lock};

/// A queue that remembers its dead letters and retries; clones are the same queue.
#[derive(Debug, Clone, Default)]
pub struct RecordingQueue {
    faults: Faults,
    letters: Arc<Mutex<Vec<DeadLetter>>>,
    jobs: Arc<Mutex<Vec<JobMessage>>>,
    retries: Arc<Mutex<Vec<(String, Duration)>>>,
}

impl RecordingQueue {
    /// A queue that writes into this journal.
    pub fn with_journal(journal: Journal) -> Self {
        Self { faults: Faults::new(journal), ..Self::default() }
    }

    /// Has an operation go wrong until [`Self::heal`].
    pub fn fault(&self, operation: &'static str, fault: Fault) {
        self.faults.always(operation, fault);
    }

    /// Ends all faults.
    pub fn heal(&self) {
        self.faults.heal();
    }

    /// The dead letters, in order.
    pub fn letters(&self) -> Vec<DeadLetter> {
        lock(&self.letters).clone()
    }

    /// The jobs, in order; each key once.
    pub fn jobs(&self) -> Vec<JobMessage> {
        lock(&self.jobs).clone()
    }

    /// The receipts of messages to be retried, with the delay of each.
    pub fn retries(&self) -> Vec<(String, Duration)> {
        lock(&self.retries).clone()
    }

    async fn meet(&self, operation: &'static str) -> Result<(), QueueError> {
        if self.faults.meet(operation).await {
            return Err(QueueError { operation, source: "told to fail".into() });
        }
        Ok(())
    }
}

impl NotificationQueue for RecordingQueue {
    async fn dead_letter(&self, letter: &DeadLetter) -> Result<(), QueueError> {
        self.meet("dead_letter").await?;
        let mut letters = lock(&self.letters);
        let is_same = |known: &DeadLetter| {
            (&known.group, &known.progress_key) == (&letter.group, &letter.progress_key)
        };
        if !letters.iter().any(is_same) {
            letters.push(letter.clone());
        }
        Ok(())
    }

    /// As in the real queue, a batch that fails may be taken in part: here its first half.
    async fn enqueue_jobs(&self, jobs: &[JobMessage]) -> Result<(), QueueError> {
        let outcome = self.meet("enqueue_jobs").await;
        let taken = if outcome.is_ok() { jobs.len() } else { jobs.len() / 2 };
        let mut known = lock(&self.jobs);
        for job in jobs.iter().take(taken) {
            if !known.iter().any(|other| other.key == job.key) {
                known.push(job.clone());
            }
        }
        outcome
    }

    async fn retry_after(
        &self,
        _queue: &str,
        receipt_handle: &str,
        delay: Duration,
    ) -> Result<(), QueueError> {
        self.meet("retry_after").await?;
        lock(&self.retries).push((receipt_handle.to_owned(), delay));
        Ok(())
    }
}
