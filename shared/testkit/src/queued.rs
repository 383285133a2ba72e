//! Messages as the queue hands them over.

use std::sync::atomic::{AtomicU64, Ordering};

use hubcast_model::ports::QueuedMessage;

use crate::clock::START;

/// Sequence numbers grow, as in the real queue.
const FIRST: u64 = 1_884_949_646_046_769_612;
static SENT: AtomicU64 = AtomicU64::new(0);

/// A message of its own message group, received for the first time.
pub fn message(id: &str, body: &str) -> QueuedMessage {
    in_group(id, id, body)
}

/// A message of a message group, received for the first time.
pub fn in_group(id: &str, group: &str, body: &str) -> QueuedMessage {
    QueuedMessage {
        id: id.to_owned(),
        queue: "hubcast-notifications.fifo".to_owned(),
        receipt_handle: format!("receipt-{id}"),
        group: group.to_owned(),
        sequence: (FIRST + SENT.fetch_add(1, Ordering::Relaxed)).to_string(),
        body: body.to_owned(),
        sender: String::new(),
        sent_at: START,
        receive_count: 1,
        progress_key: None,
        repeatable: None,
        trace: None,
        left: None,
    }
}

/// The message as it is received the next time.
#[must_use]
pub fn again(message: &QueuedMessage) -> QueuedMessage {
    QueuedMessage { receive_count: message.receive_count + 1, ..message.clone() }
}
