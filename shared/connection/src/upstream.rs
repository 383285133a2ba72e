//! The way to backends for frames, which must be answered in time whatever the queue does.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use tokio::time::{Instant, timeout};

use hubcast_model::ports::{BATCH_MAX, QueueError, Untaken, UpstreamMessage, UpstreamQueue};

/// How long one request to the queue may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a queue that took longer is left alone. A frame may hold many calls, which would all
/// wait.
const REST: Duration = Duration::from_secs(5);
/// How many requests are under way at once where the order makes no difference.
const REQUESTS_AT_ONCE: usize = 4;

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

    /// Gives the queue so many messages, which is one request.
    async fn patiently(
        &self,
        operation: &'static str,
        count: usize,
        request: impl Future<Output = Result<(), Untaken>>,
    ) -> Result<(), Untaken> {
        let silence = || {
            let source = QueueError { operation, source: Box::new(Silence) };
            Untaken::all(count, source)
        };
        if self.rests() {
            return Err(silence());
        }
        timeout(PATIENCE, request).await.unwrap_or_else(|_elapsed| {
            let mut until = self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
            *until = Some(Instant::now() + REST);
            Err(silence())
        })
    }

    async fn remind_part(&self, part: &[String], after: Duration) -> (usize, Result<(), Untaken>) {
        let reminded = self.queue.remind(part, after);
        (part.len(), self.patiently("remind", part.len(), reminded).await)
    }

    fn rests(&self) -> bool {
        let until = self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }
}

impl<Q: UpstreamQueue> UpstreamQueue for Upstream<Q> {
    async fn tell(&self, events: &[UpstreamMessage]) -> Result<(), Untaken> {
        let mut parts = Vec::new();
        for part in events.chunks(BATCH_MAX) {
            let told = self.patiently("tell", part.len(), self.queue.tell(part)).await;
            parts.push((part.len(), told));
        }
        Untaken::of_parts(parts)
    }

    async fn remind(&self, envelopes: &[String], after: Duration) -> Result<(), Untaken> {
        let mut requests = Vec::new();
        for part in envelopes.chunks(BATCH_MAX) {
            requests.push(self.remind_part(part, after));
        }
        let parts: Vec<_> = stream::iter(requests).buffered(REQUESTS_AT_ONCE).collect().await;
        Untaken::of_parts(parts)
    }
}
