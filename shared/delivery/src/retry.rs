//! When a reported message comes back.

use std::time::Duration;

use hubcast_model::ports::{NotificationQueue, QueuedMessage};
use hubcast_model::report::chain;

/// The longest pause before a reported message is tried again, in seconds.
const RETRY_PAUSE_MAX_SECONDS: u64 = 15;

/// Has a reported message come back soon: after 1, 2, 4 .. 15 seconds.
pub(crate) async fn retry_soon(queue: &impl NotificationQueue, message: &QueuedMessage) {
    let doublings = message.receive_count.saturating_sub(1).min(6);
    let pause = Duration::from_secs((1 << doublings).min(RETRY_PAUSE_MAX_SECONDS));
    let retry = queue.retry_after(&message.queue, &message.receipt_handle, pause);
    if let Err(err) = retry.await {
        tracing::warn!(error = %chain(&err), "a message is retried late");
    }
}
