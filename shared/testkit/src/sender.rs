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
    async fn send(&self, messages: &[Outgoing]) -> Result<Vec<String>, QueueError> {
        if self.faults.meet("send").await {
            return Err(QueueError { operation: "send", source: "told to fail".into() });
        }
        let mut sent = lock(&self.sent);
        let mut ids = Vec::with_capacity(messages.len());
        for message in messages {
            let is_same =
                |known: &Outgoing| known.group == message.group && known.key == message.key;
            let at = sent.iter().position(is_same).unwrap_or_else(|| {
                sent.push(message.clone());
                sent.len() - 1
            });
            ids.push(format!("id-{at}"));
        }
        Ok(ids)
    }
}
