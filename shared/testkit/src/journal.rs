//! What was asked of the ports, in order.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The operations asked of the ports that share it, in the order in which they took effect.
#[derive(Debug, Clone, Default)]
pub struct Journal(Arc<Mutex<Vec<&'static str>>>);

impl Journal {
    /// The operations so far, by the names of the ports' methods.
    pub fn entries(&self) -> Vec<&'static str> {
        lock(&self.0).clone()
    }

    /// How often an operation was asked for.
    pub fn count(&self, operation: &str) -> usize {
        lock(&self.0).iter().filter(|entry| **entry == operation).count()
    }

    /// Starts anew.
    pub fn clear(&self) {
        lock(&self.0).clear();
    }

    pub(crate) fn note(&self, operation: &'static str) {
        lock(&self.0).push(operation);
    }
}

/// Locks, also after a test's panic, which is often what the test is about.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
