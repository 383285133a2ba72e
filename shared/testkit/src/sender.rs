//! The notifications queue, as a list of what was sent to it.

use std::sync::{Arc, Mutex};

use hubcast_model::ports::{NotificationSender, Outgoing, QueueError};

use crate::fault::{Fault, Faults};
use crate::journal::lock;

/// A queue that remembers what it took; clones are the same queue.
#[derive(Debug, Clone, Default)]
pub struct RecordingSender {
    faults: Faults,
    sent: Arc<Mutex<Vec<Outgoing>>>,
}

impl RecordingSender {
    /// Has an operation go wrong until it is told otherwise.
    pub fn fault(&self, operation: &'static str, fault: Fault) {
        self.faults.always(operation, fault);
    }

    /// What was taken, in order; of two messages of a group with the same key the first.
    pub fn sent(&self) -> Vec<Outgoing> {
        lock(&self.sent).clone()
    }
}

impl NotificationSender for RecordingSender {
    async fn send(&self, messages: &[Outgoing]) -> Result<(), QueueError> {
        if self.faults.meet("send").await {
            return Err(QueueError { operation: "send", source: "told to fail".into() });
        }
        let mut sent = lock(&self.sent);
        for message in messages {
            let is_same =
                |known: &Outgoing| known.group == message.group && known.key == message.key;
            if !sent.iter().any(is_same) {
                sent.push(message.clone());
            }
        }
        Ok(())
    }
}
