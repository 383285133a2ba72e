//! SQS as the publisher needs it.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::MessageAttributeValue;
use hubcast_core::ports::{DeadLetter, NotificationQueue, QueueError};
use sha2::{Digest, Sha256};

/// The attribute of a dead letter that says, in one word, why.
pub const REJECT_REASON: &str = "RejectReason";
/// The attribute of a dead letter that says why in a sentence.
pub const REJECT_DETAIL: &str = "RejectDetail";
/// The attribute by which a redriven message finds its progress.
pub const PROGRESS_KEY: &str = "ProgressKey";

/// The notifications queue and its dead-letter queue.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    client: Client,
    queue_url: String,
    dlq_url: String,
}

impl SqsQueue {
    /// The queue and dead-letter queue at these URLs.
    pub fn new(config: &SdkConfig, queue_url: String, dlq_url: String) -> Self {
        Self { client: Client::new(config), queue_url, dlq_url }
    }
}

fn unavailable<E: std::error::Error + Send + Sync + 'static>(
    operation: &'static str,
) -> impl FnOnce(E) -> QueueError {
    move |source| QueueError { operation, source: Box::new(source) }
}

fn text(value: &str) -> Result<MessageAttributeValue, QueueError> {
    let attribute = MessageAttributeValue::builder().data_type("String").string_value(value);
    attribute.build().map_err(unavailable("dead_letter"))
}

/// The same for the same key, so that SQS drops a move that is repeated. SQS takes 128 characters
/// at the most and no spaces or accents, whereas a sender may choose any key.
fn deduplication_id(progress_key: &str) -> String {
    let digest = Sha256::digest(progress_key.as_bytes());
    digest.iter().fold(String::new(), |id, byte| id + &format!("{byte:02x}"))
}

impl NotificationQueue for SqsQueue {
    async fn dead_letter(&self, letter: &DeadLetter) -> Result<(), QueueError> {
        let send = self
            .client
            .send_message()
            .queue_url(&self.dlq_url)
            .message_body(&letter.body)
            .message_group_id(&letter.group)
            .message_deduplication_id(deduplication_id(&letter.progress_key))
            .message_attributes(REJECT_REASON, text(letter.reason)?)
            .message_attributes(REJECT_DETAIL, text(&letter.detail)?)
            .message_attributes(PROGRESS_KEY, text(&letter.progress_key)?);
        send.send().await.map(|_| ()).map_err(unavailable("dead_letter"))
    }

    async fn retry_after(&self, receipt_handle: &str, delay: Duration) -> Result<(), QueueError> {
        let seconds = i32::try_from(delay.as_secs()).unwrap_or(i32::MAX);
        let change = self
            .client
            .change_message_visibility()
            .queue_url(&self.queue_url)
            .receipt_handle(receipt_handle)
            .visibility_timeout(seconds);
        change.send().await.map(|_| ()).map_err(unavailable("retry_after"))
    }
}
