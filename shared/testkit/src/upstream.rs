//! The queues that lead to backends, as lists of what was asked of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hubcast_model::ports::{QueueError, Untaken, UpstreamMessage, UpstreamQueue};
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
    /// Parts of texts; messages that hold one are not taken.
    refused: Arc<Mutex<BTreeMap<&'static str, Vec<String>>>>,
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

    /// Has an operation leave out each message that holds one of these texts, until
    /// [`Self::heal`].
    pub fn refuse(&self, operation: &'static str, texts: &[&str]) {
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        lock(&self.refused).insert(operation, texts);
    }

    /// Ends all faults.
    pub fn heal(&self) {
        self.faults.heal();
        lock(&self.refused).clear();
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

    /// Takes messages with these bodies, as far as the operation is not told to fail.
    async fn take(
        &self,
        operation: &'static str,
        bodies: &[&str],
        mut take: impl FnMut(usize) + Send,
    ) -> Result<(), Untaken> {
        let fault = || QueueError { operation, source: "told to fail".into() };
        if self.faults.meet(operation).await {
            return Err(Untaken::all(bodies.len(), fault()));
        }
        let refused = lock(&self.refused).get(operation).cloned().unwrap_or_default();
        let is_refused = |body: &str| refused.iter().any(|text| body.contains(text));
        let places = (0..bodies.len()).filter(|place| is_refused(bodies[*place]));
        let untaken = Untaken { places: places.collect(), source: fault() };
        (0..bodies.len()).filter(|place| !untaken.places.contains(place)).for_each(&mut take);
        if untaken.places.is_empty() { Ok(()) } else { Err(untaken) }
    }
}

impl UpstreamQueue for RecordingUpstream {
    async fn tell(&self, events: &[UpstreamMessage]) -> Result<(), Untaken> {
        let bodies: Vec<&str> = events.iter().map(|event| event.body.as_str()).collect();
        let take = |place: usize| {
            let (mut told, event) = (lock(&self.told), &events[place]);
            if !told.iter().any(|known| (&known.group, &known.id) == (&event.group, &event.id)) {
                told.push(event.clone());
            }
        };
        self.take("tell", &bodies, take).await
    }

    async fn remind(&self, envelopes: &[String], after: Duration) -> Result<(), Untaken> {
        let bodies: Vec<&str> = envelopes.iter().map(String::as_str).collect();
        let take = |place: usize| lock(&self.reminders).push((envelopes[place].clone(), after));
        self.take("remind", &bodies, take).await
    }
}
