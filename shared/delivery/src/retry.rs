//! When a reported message comes back.

use std::time::Duration;

use hubcast_model::ports::{NotificationQueue, QueuedMessage};
use hubcast_model::report::chain;
use hubcast_model::time::Timestamp;

/// The longest pause before a young message that was reported is tried again, in seconds.
const RETRY_PAUSE_MAX_SECONDS: u64 = 15;

/// An old message is tried again after this part of its age. However long a message may live, the
/// queue hands the message over less often than the queue's limit: the publisher gives the message
/// up, and not the queue.
const RETRY_PAUSE_PART_OF_AGE: u32 = 100;

/// Has a reported message come back soon: after 1, 2, 4 .. 15 seconds, and an old one after a
/// hundredth of its age.
pub(crate) async fn retry_soon(
    queue: &impl NotificationQueue,
    message: &QueuedMessage,
    now: Timestamp,
) {
    let pause = pause(message.receive_count, now.since(message.sent_at));
    let retry = queue.retry_after(&message.queue, &message.receipt_handle, pause);
    if let Err(err) = retry.await {
        tracing::warn!(error = %chain(&err), "a message is retried late");
    }
}

fn pause(receive_count: u32, age: Duration) -> Duration {
    let doublings = receive_count.saturating_sub(1).min(6);
    let soon = Duration::from_secs((1 << doublings).min(RETRY_PAUSE_MAX_SECONDS));
    soon.max(age / RETRY_PAUSE_PART_OF_AGE)
}
