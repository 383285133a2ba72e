//! Lambda's event source for FIFO queues: batches, partial failures, redrive.
//!
//! A batch holds at most ten messages. The poller deletes each message that the
//! function does not report as failed. A failed message stays until its
//! visibility timeout; after too many receives, the queue's policy moves the
//! message to the dead-letter queue. The embedded SQS hands out one message of a
//! group at a time; AWS hands out up to ten in order.

use std::future::Future;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, Message, MessageAttributeValue, MessageSystemAttributeName,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use tokio::time::{sleep, timeout};

use crate::gateway::InvokeError;

/// The most messages of one batch, as for FIFO event sources.
const BATCH_MAX: i32 = 10;
/// How long a poll waits for a first message.
const WAIT_SECONDS: i32 = 20;
/// The timeout of the function that consumes the queue.
pub(crate) const FUNCTION_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the poller rests when SQS does not answer.
const REST: Duration = Duration::from_millis(200);

/// A function that consumes a queue.
pub trait Consumer: Send + Sync {
    /// Consumes a batch; answers `{"batchItemFailures": [..]}`.
    fn consume(&self, event: Value) -> impl Future<Output = Result<Value, InvokeError>> + Send;
}

/// Polls a queue for ever.
pub async fn poll(sqs: &Client, queue_url: &str, consumer: &impl Consumer) {
    loop {
        if let Err(err) = poll_once(sqs, queue_url, consumer).await {
            // As when the queues are being replaced by empty ones.
            tracing::info!(error = %err, "polling the queue failed");
            sleep(REST).await;
        }
    }
}

async fn poll_once(sqs: &Client, queue_url: &str, consumer: &impl Consumer) -> anyhow::Result<()> {
    let receive = sqs
        .receive_message()
        .queue_url(queue_url)
        .max_number_of_messages(BATCH_MAX)
        .wait_time_seconds(WAIT_SECONDS)
        .message_system_attribute_names(MessageSystemAttributeName::All)
        .message_attribute_names("All");
    let messages = receive.send().await?.messages.unwrap_or_default();
    if messages.is_empty() {
        return Ok(());
    }
    let name = queue_url.rsplit('/').next().unwrap_or_default();
    let records: Vec<Value> = messages.iter().map(|message| record(message, name)).collect();
    let invocation = consumer.consume(json!({ "Records": records }));
    match timeout(FUNCTION_TIMEOUT, invocation).await {
        Ok(Ok(answer)) => delete(sqs, queue_url, done(&messages, &answer)).await,
        Ok(Err(err)) => {
            tracing::error!(error = %err, "the consumer failed; the batch stays");
            Ok(())
        }
        Err(_elapsed) => {
            tracing::error!("the consumer took too long; the batch stays");
            Ok(())
        }
    }
}

/// The messages that the function does not report as failed. A missing or unknown id keeps the
/// whole batch, as on Lambda.
fn done<'a>(messages: &'a [Message], answer: &Value) -> Vec<&'a Message> {
    let Some(failures) = answer.get("batchItemFailures").and_then(Value::as_array) else {
        return messages.iter().collect();
    };
    let failed: Vec<Option<&str>> =
        failures.iter().map(|failure| failure.get("itemIdentifier")?.as_str()).collect();
    let is_known = |id: &str| messages.iter().any(|message| message.message_id() == Some(id));
    if !failed.iter().all(|id| id.is_some_and(is_known)) {
        return Vec::new();
    }
    messages.iter().filter(|message| !failed.contains(&message.message_id())).collect()
}

async fn delete(sqs: &Client, queue_url: &str, messages: Vec<&Message>) -> anyhow::Result<()> {
    if messages.is_empty() {
        return Ok(());
    }
    let mut batch = sqs.delete_message_batch().queue_url(queue_url);
    for (at, message) in messages.into_iter().enumerate() {
        let entry = DeleteMessageBatchRequestEntry::builder()
            .id(at.to_string())
            .receipt_handle(message.receipt_handle().unwrap_or_default());
        batch = batch.entries(entry.build()?);
    }
    for failure in batch.send().await?.failed {
        tracing::warn!(code = failure.code, "a message was not deleted and will come again");
    }
    Ok(())
}

/// A message as Lambda's SQS event holds it.
fn record(message: &Message, queue: &str) -> Value {
    let attributes = message.attributes().into_iter().flatten();
    let attributes: Map<String, Value> =
        attributes.map(|(name, value)| (name.as_str().to_owned(), json!(value))).collect();
    let own = message.message_attributes().into_iter().flatten();
    let own: Map<String, Value> =
        own.map(|(name, value)| (name.clone(), attribute(value))).collect();
    json!({
        "messageId": message.message_id(),
        "receiptHandle": message.receipt_handle(),
        "body": message.body(),
        "md5OfBody": message.md5_of_body(),
        "attributes": attributes,
        "messageAttributes": own,
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:us-east-1:000000000000:{queue}"),
        "awsRegion": "us-east-1",
    })
}

fn attribute(value: &MessageAttributeValue) -> Value {
    json!({
        "stringValue": value.string_value(),
        "binaryValue": value.binary_value().map(|bytes| STANDARD.encode(bytes)),
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value.data_type(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages() -> [Message; 2] {
        ["a", "b"].map(|id| Message::builder().message_id(id).build())
    }

    fn ids(answer: &Value) -> Vec<String> {
        let messages = messages();
        let done = done(&messages, answer);
        done.iter().map(|message| message.message_id().unwrap().to_owned()).collect()
    }

    #[test]
    fn what_is_reported_stays_and_the_rest_is_deleted() {
        assert_eq!(ids(&json!({"batchItemFailures":[{"itemIdentifier":"a"}]})), ["b"]);
        assert_eq!(ids(&json!({"batchItemFailures":[]})), ["a", "b"]);
        assert_eq!(ids(&Value::Null), ["a", "b"]);
    }

    #[test]
    fn a_report_that_names_nothing_known_keeps_the_whole_batch() {
        for id in [json!("x"), json!(""), json!(null)] {
            assert!(ids(&json!({"batchItemFailures":[{"itemIdentifier":id}]})).is_empty());
        }
    }
}
