//! The way to backends for those who have no time: frames must be answered whatever happens.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use hubcast_model::ports::{QueueError, UpstreamMessage, UpstreamQueue};

/// How long the queue may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a queue is left alone that took longer: a frame may hold many calls.
const REST: Duration = Duration::from_secs(5);

/// The way to backends, as frames need it.
#[derive(Debug)]
pub struct Upstream<Q> {
    queue: Q,
    /// How long an invocation waits for its answer.
    pub timeout: Duration,
    rests_until: Mutex<Option<Instant>>,
}

/// The queue takes too long.
#[derive(Debug, thiserror::Error)]
#[error("it does not answer")]
struct Silent;

impl<Q: UpstreamQueue> Upstream<Q> {
    /// The way over `queue`; an invocation waits for its answer until `timeout`.
    pub const fn new(queue: Q, timeout: Duration) -> Self {
        Self { queue, timeout, rests_until: Mutex::new(None) }
    }

    async fn patiently(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<(), QueueError>>,
    ) -> Result<(), QueueError> {
        let silent = || QueueError { operation, source: Box::new(Silent) };
        if self.rests() {
            return Err(silent());
        }
        timeout(PATIENCE, call).await.unwrap_or_else(|_elapsed| {
            let mut until = self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
            *until = Some(Instant::now() + REST);
            Err(silent())
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
