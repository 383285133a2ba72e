//! The queues that lead to backends, as lists of what was asked of them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use hubcast_model::ports::{QueueError, UpstreamMessage, UpstreamQueue};
use serde_json::Value;

use crate::fault::{Fault, Faults};
use crate::journal::{Journal, lock};

/// Queues that remember what backends were told, and of what they are to be reminded; clones are
/// the same queues.
#[derive(Debug, Clone, Default)]
pub struct RecordingUpstream {
    faults: Faults,
    told: Arc<Mutex<Vec<UpstreamMessage>>>,
    reminders: Arc<Mutex<Vec<(String, Duration)>>>,
}

impl RecordingUpstream {
    /// Queues that write into this journal.
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

    /// What backends were told, in order; each id once.
    pub fn told(&self) -> Vec<UpstreamMessage> {
        lock(&self.told).clone()
    }

    /// The same, as backends read it.
    pub fn events(&self) -> Vec<Value> {
        let told = self.told();
        told.iter().map(|told| serde_json::from_str(&told.body).expect("JSON")).collect()
    }

    /// The envelopes that are due later, with the delay of each.
    pub fn reminders(&self) -> Vec<(String, Duration)> {
        lock(&self.reminders).clone()
    }

    async fn meet(&self, operation: &'static str) -> Result<(), QueueError> {
        if self.faults.meet(operation).await {
            return Err(QueueError { operation, source: "told to fail".into() });
        }
        Ok(())
    }
}

impl UpstreamQueue for RecordingUpstream {
    async fn tell(&self, message: &UpstreamMessage) -> Result<(), QueueError> {
        self.meet("tell").await?;
        let mut told = lock(&self.told);
        if !told.iter().any(|known| (&known.group, &known.id) == (&message.group, &message.id)) {
            told.push(message.clone());
        }
        Ok(())
    }

    async fn remind(&self, envelope: &str, after: Duration) -> Result<(), QueueError> {
        self.meet("remind").await?;
        lock(&self.reminders).push((envelope.to_owned(), after));
        Ok(())
    }
}
