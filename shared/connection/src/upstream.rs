//! The way to backends for frames, which must be answered in time whatever the queue does.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use hubcast_model::ports::{QueueError, UpstreamMessage, UpstreamQueue};

/// How long one operation of the queue may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a queue that took longer is left alone. A frame may hold many calls, which would all
/// wait.
const REST: Duration = Duration::from_secs(5);

/// A queue to backends that gives up in time.
#[derive(Debug)]
pub struct Upstream<Q> {
    queue: Q,
    /// How long an invocation waits for its answer.
    pub timeout: Duration,
    /// Until when the queue is left alone; `None` when it was never too slow.
    rests_until: Mutex<Option<Instant>>,
}

/// The queue takes too long.
#[derive(Debug, thiserror::Error)]
#[error("it does not answer")]
struct Silence;

impl<Q: UpstreamQueue> Upstream<Q> {
    /// The way over `queue`. An invocation waits for its answer for `timeout`.
    pub const fn new(queue: Q, timeout: Duration) -> Self {
        Self { queue, timeout, rests_until: Mutex::new(None) }
    }

    async fn patiently(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<(), QueueError>>,
    ) -> Result<(), QueueError> {
        let silence = || QueueError { operation, source: Box::new(Silence) };
        if self.rests() {
            return Err(silence());
        }
        timeout(PATIENCE, call).await.unwrap_or_else(|_elapsed| {
            let mut until = self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
            *until = Some(Instant::now() + REST);
            Err(silence())
        })
    }

    fn rests(&self) -> bool {
        let until = self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }
}

impl<Q: UpstreamQueue> UpstreamQueue for Upstream<Q> {
    async fn tell(&self, message: &UpstreamMessage) -> Result<(), QueueError> {
        self.patiently("tell", self.queue.tell(message)).await
    }

    async fn remind(&self, envelope: &str, after: Duration) -> Result<(), QueueError> {
        self.patiently("remind", self.queue.remind(envelope, after)).await
    }
}
