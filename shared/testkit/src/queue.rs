//! The queue, as a list of what was asked of it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use hubcast_core::ports::{DeadLetter, NotificationQueue, QueueError};

use crate::fault::{Fault, Faults};
use crate::journal::{Journal, lock};

/// A queue that remembers its dead letters and retries; clones are the same queue.
#[derive(Debug, Clone, Default)]
pub struct RecordingQueue {
    faults: Faults,
    letters: Arc<Mutex<Vec<DeadLetter>>>,
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

    async fn retry_after(&self, receipt_handle: &str, delay: Duration) -> Result<(), QueueError> {
        self.meet("retry_after").await?;
        lock(&self.retries).push((receipt_handle.to_owned(), delay));
        Ok(())
    }
}
