//! Cuts: sockets are deleted at the gateway.
//!
//! Whoever removes the rows of a socket without a cut leaves a socket that is
//! open and deaf. So a cut that fails is tried again. The first failure opens
//! one budget for all cuts of the same step: where every cut fails, the
//! invocation does not spend its time on cuts.

use std::sync::OnceLock;
use std::time::Duration;

use hubcast_model::id::SocketId;
use hubcast_model::ports::{ConnectionGateway, PostError};
use tokio::time::Instant;

/// The longest pause after a first failure.
const PAUSE: Duration = Duration::from_millis(200);
/// The longest pause after any failure.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// The cuts of one step.
#[derive(Debug)]
pub(crate) struct Cuts {
    retry_budget: Duration,
    /// When a cut of this step failed first.
    first_failed: OnceLock<Instant>,
}

impl Cuts {
    /// Cuts that are tried again for so long after the first failure.
    pub(crate) const fn new(retry_budget: Duration) -> Self {
        Self { retry_budget, first_failed: OnceLock::new() }
    }

    /// Deletes a socket, and tries again while that makes sense.
    ///
    /// # Errors
    /// The last failure.
    pub(crate) async fn cut(
        &self,
        gateway: &impl ConnectionGateway,
        socket: &SocketId,
    ) -> Result<(), PostError> {
        let mut longest_pause = PAUSE;
        loop {
            let Err(err) = gateway.delete(socket).await else { return Ok(()) };
            let pause = longest_pause.mul_f64(fastrand::f64());
            if !is_passing(&err) || Instant::now() + pause >= self.end() {
                return Err(err);
            }
            tokio::time::sleep(pause).await;
            longest_pause = (longest_pause * 2).min(PAUSE_MAX);
        }
    }

    /// When the last try may begin.
    fn end(&self) -> Instant {
        *self.first_failed.get_or_init(Instant::now) + self.retry_budget
    }
}

/// Whether the same cut may succeed a moment later.
const fn is_passing(err: &PostError) -> bool {
    matches!(err, PostError::Throttled | PostError::Unreached(_) | PostError::Ambiguous(_))
}
