//! Faults that ports are told to have, and flows that step in before an operation.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::interleave::give_way;
use crate::journal::{Journal, lock};

/// What goes wrong with an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It answers an error and does nothing.
    Unavailable,
    /// It never answers.
    Hang,
    /// It takes this long, then works.
    Slow(Duration),
    /// It panics.
    Panic,
}

type Step = Pin<Box<dyn Future<Output = ()> + Send>>;
/// Decides what goes wrong with the next operation.
type Chance = Box<dyn FnMut(&'static str) -> Option<Fault> + Send>;

/// What is planned for the operations of one port.
#[derive(Clone, Default)]
pub(crate) struct Faults {
    journal: Journal,
    plan: Arc<Mutex<Plan>>,
}

#[derive(Default)]
struct Plan {
    always: BTreeMap<&'static str, Fault>,
    next: BTreeMap<&'static str, VecDeque<Option<Fault>>>,
    steps: BTreeMap<&'static str, VecDeque<Step>>,
    chance: Option<Chance>,
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").field("journal", &self.journal).finish_non_exhaustive()
    }
}

impl Faults {
    pub(crate) fn new(journal: Journal) -> Self {
        Self { journal, plan: Arc::default() }
    }

    pub(crate) const fn journal(&self) -> &Journal {
        &self.journal
    }

    pub(crate) fn always(&self, operation: &'static str, fault: Fault) {
        lock(&self.plan).always.insert(operation, fault);
    }

    pub(crate) fn next(
        &self,
        operation: &'static str,
        faults: impl IntoIterator<Item = Option<Fault>>,
    ) {
        lock(&self.plan).next.entry(operation).or_default().extend(faults);
    }

    pub(crate) fn before(&self, operation: &'static str, step: Step) {
        lock(&self.plan).steps.entry(operation).or_default().push_back(step);
    }

    pub(crate) fn by(&self, chance: Chance) {
        lock(&self.plan).chance = Some(chance);
    }

    pub(crate) fn heal(&self) {
        let mut plan = lock(&self.plan);
        plan.chance = None;
        plan.always.clear();
        plan.next.clear();
    }

    /// Gives way, lets the next planned step happen, then notes the operation; true when it is to
    /// fail.
    pub(crate) async fn meet(&self, operation: &'static str) -> bool {
        give_way().await;
        let step = lock(&self.plan).steps.get_mut(operation).and_then(VecDeque::pop_front);
        if let Some(step) = step {
            step.await;
        }
        match self.fault(operation) {
            None => {}
            Some(Fault::Unavailable) => {
                self.journal.note(operation);
                return true;
            }
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::Slow(pause)) => tokio::time::sleep(pause).await,
            Some(Fault::Panic) => panic!("{operation} was told to panic"),
        }
        self.journal.note(operation);
        false
    }

    fn fault(&self, operation: &'static str) -> Option<Fault> {
        let mut plan = lock(&self.plan);
        if let Some(next) = plan.next.get_mut(operation).and_then(VecDeque::pop_front) {
            return next;
        }
        plan.always.get(operation).copied().or_else(|| plan.chance.as_mut()?(operation))
    }
}
