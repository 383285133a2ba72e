//! Queues, as an operator finds, fills and inspects them.

use std::collections::HashMap;
use std::fmt::Write;

use aws_lc_rs::rand;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use hubcast_model::ports::{JobMessage, Outgoing, QueueError};

use super::account::Account;
use super::fault::{OperatorError, Trouble, sorted};
use crate::queue::send_in_batches;

/// One queue.
#[derive(Debug, Clone)]
pub struct Queue {
    pub(super) client: Client,
    pub(super) url: String,
}

/// How a queue is set up, and how full it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueState {
    /// Messages that can be received.
    pub waiting: u64,
    /// Messages that were received and not deleted yet.
    pub in_flight: u64,
    /// Whether two messages with the same body within five minutes are taken for one.
    pub drops_equal_bodies: bool,
    /// Whether message groups get their throughput each for itself.
    pub is_high_throughput: bool,
    /// The queue to which messages go that are received too often.
    pub dead_letters: Option<String>,
    /// How long a message is kept, in seconds.
    pub kept_seconds: u64,
}

impl Account {
    /// The queue of this name.
    ///
    /// # Errors
    /// When it is not there, or nobody says so.
    pub async fn queue(&self, name: &str) -> Result<Queue, OperatorError> {
        let client = Client::new(&self.sdk);
        let operation = format!("find the queue {name}");
        let found = client.get_queue_url().queue_name(name).send().await;
        let found = found.map_err(sorted(operation.clone()))?;
        let url = found.queue_url.ok_or_else(|| {
            OperatorError::new(operation, Trouble::Failed, "the answer names no URL")
        })?;
        Ok(Queue { client, url })
    }

    /// The queue at this URL, whether or not it is there.
    pub fn queue_at(&self, url: &str) -> Queue {
        Queue { client: Client::new(&self.sdk), url: url.to_owned() }
    }
}

impl Queue {
    /// The name of the queue.
    pub fn name(&self) -> &str {
        self.url.rsplit('/').next().unwrap_or_default()
    }

    /// Whether it keeps order, as its name must say.
    pub fn is_fifo(&self) -> bool {
        self.name().rsplit_once('.').is_some_and(|(_, kind)| kind == "fifo")
    }

    /// Sends messages in order; answers the queue's id of each. All of them were taken when this
    /// answers no error.
    ///
    /// # Errors
    /// When the queue did not take all of them.
    pub async fn send(&self, messages: Vec<Outgoing>) -> Result<Vec<String>, QueueError> {
        let messages = messages.into_iter().map(|Outgoing { body, group, key }| JobMessage {
            body,
            group: group.to_string(),
            key,
        });
        send_in_batches(&self.client, &self.url, &messages.collect::<Vec<_>>()).await
    }

    /// Looks at the queue. Counts are approximate, as SQS has them.
    ///
    /// # Errors
    /// When it is not there, or nobody says so.
    pub async fn look(&self) -> Result<QueueState, OperatorError> {
        let look = self.client.get_queue_attributes().queue_url(&self.url);
        let look = look.attribute_names(QueueAttributeName::All).send().await;
        let answer = look.map_err(sorted(format!("look at the queue {}", self.name())))?;
        Ok(state(&answer.attributes.unwrap_or_default()))
    }
}

fn state(attributes: &HashMap<QueueAttributeName, String>) -> QueueState {
    let text = |name| attributes.get(&name).map(String::as_str);
    let number = |name| text(name).and_then(|text| text.parse().ok()).unwrap_or_default();
    QueueState {
        waiting: number(QueueAttributeName::ApproximateNumberOfMessages),
        in_flight: number(QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
        drops_equal_bodies: text(QueueAttributeName::ContentBasedDeduplication) == Some("true"),
        is_high_throughput: text(QueueAttributeName::FifoThroughputLimit)
            == Some("perMessageGroupId"),
        dead_letters: text(QueueAttributeName::RedrivePolicy).and_then(dead_letters),
        kept_seconds: number(QueueAttributeName::MessageRetentionPeriod),
    }
}

fn dead_letters(policy: &str) -> Option<String> {
    let policy: serde_json::Value = serde_json::from_str(policy).ok()?;
    let arn = policy.get("deadLetterTargetArn")?.as_str()?;
    arn.rsplit(':').next().map(str::to_owned)
}

/// A fresh `MessageDeduplicationId`.
///
/// # Errors
/// When the machine has no randomness to give.
pub fn message_id() -> Result<String, OperatorError> {
    let mut random = [0_u8; 16];
    rand::fill(&mut random).map_err(|_| {
        OperatorError::new("make up an id", Trouble::Failed, "the machine has no randomness")
    })?;
    Ok(random.iter().fold(String::new(), |mut id, byte| {
        // Writing to a String cannot fail.
        let _ = write!(id, "{byte:02x}");
        id
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redrive_policy_names_its_queue() {
        let policy =
            r#"{"deadLetterTargetArn":"arn:aws:sqs:r:1:hubcast-dlq.fifo","maxReceiveCount":50}"#;
        assert_eq!(dead_letters(policy).as_deref(), Some("hubcast-dlq.fifo"));
        assert_eq!(dead_letters("nonsense"), None);
    }

    #[test]
    fn every_id_is_another() {
        let [one, other] = [(); 2].map(|()| message_id().unwrap());
        assert_eq!(one.len(), 32);
        assert_ne!(one, other);
    }
}
