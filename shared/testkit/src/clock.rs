//! Clocks for tests: one that stands still until it is told to move, and one that goes with
//! tokio's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hubcast_model::time::{Clock, Timestamp};
use tokio::time::Instant;

/// When tests begin: 2026-11-23T10:00:00Z.
pub const START: Timestamp = Timestamp::from_seconds(1_795_428_000);

/// A clock that stands still until it is told to move; clones show the same time.
#[derive(Debug, Clone)]
pub struct TestClock(Arc<AtomicU64>);

impl Default for TestClock {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(START.as_millis())))
    }
}

impl TestClock {
    /// Moves the clock to a point in time.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_millis(), Ordering::SeqCst);
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        self.set(self.now().plus(by));
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// A clock that goes with tokio's, which tests pause; clones show the same time.
#[derive(Debug, Clone, Copy)]
pub struct VirtualClock(Instant);

impl VirtualClock {
    /// A clock that shows [`START`] now.
    pub fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        START.plus(self.0.elapsed())
    }
}
