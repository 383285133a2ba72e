//! SQS as the publisher needs it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_lc_rs::digest::{SHA256, digest};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::BuildError;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use hubcast_model::dead_letter::LetterAttributes;
use hubcast_model::ports::{DeadLetter, JobMessage, NotificationQueue, QueueError};
use hubcast_model::trace::{self, TRACEPARENT};
use tokio::time::Instant;

use crate::on_demand::{OnDemand, on_demand};

/// How many messages one batch takes, and how many bytes: of the limits that were in force since
/// FIFO queues exist, the lowest.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
const BATCH_MAX: usize = 10;
const BATCH_MAX_BYTES: usize = 256 * 1024;
/// What the name, the type and the text of a trace take of that.
const TRACE_BYTES: usize = 80;
/// The longest group and deduplication id.
const ID_MAX_CHARS: usize = 128;
/// For how long jobs are sent again that a batch did not take.
const PATIENCE: Duration = Duration::from_secs(3);
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The queues of the publisher.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    client: Arc<OnDemand<Client>>,
    urls: QueueUrls,
}

/// Where the queues of the publisher are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueUrls {
    /// `NOTIFICATIONS_QUEUE_URL`
    pub notifications: String,
    /// `DELIVERIES_QUEUE_URL`
    pub deliveries: String,
    /// `DLQ_URL`
    pub dead_letters: String,
    /// `TIMERS_QUEUE_URL`, where backends hear of clients, or clients may come back
    pub timers: Option<String>,
    /// `INGRESS_QUEUE_URL`, where services of AWS may send
    pub ingress: Option<String>,
}

impl QueueUrls {
    /// The name of the ingress queue.
    pub fn ingress_name(&self) -> Option<&str> {
        self.ingress.as_deref().map(name_in)
    }

    /// The name of the queue of what is due later.
    pub fn timers_name(&self) -> Option<&str> {
        self.timers.as_deref().map(name_in)
    }
}

/// The name at the end of a queue's URL.
fn name_in(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
}

/// A batch did not take some of its messages.
#[derive(Debug, thiserror::Error)]
#[error("{left} messages were not taken: {code}")]
pub(crate) struct NotTaken {
    pub(crate) left: usize,
    pub(crate) code: String,
}

impl SqsQueue {
    /// The queues at these URLs.
    pub fn new(config: &SdkConfig, urls: QueueUrls) -> Self {
        Self { client: on_demand(config, Client::new), urls }
    }

    fn url_of(&self, queue: &str) -> &str {
        let QueueUrls { notifications, deliveries, timers, ingress, .. } = &self.urls;
        let mut known = [deliveries, notifications].into_iter().chain(timers).chain(ingress);
        known.find(|url| name_in(url) == queue).unwrap_or(&self.urls.notifications)
    }
}

/// Sends messages in order; answers the queue's id of each. All of them were taken when this answers
/// no error.
pub(crate) async fn send_in_batches(
    client: &Client,
    url: &str,
    messages: &[JobMessage],
) -> Result<Vec<String>, QueueError> {
    let mut ids = Vec::with_capacity(messages.len());
    for batch in batches(messages, |message| &message.body) {
        ids.extend(send_all(client, url, batch).await?);
    }
    Ok(ids)
}

/// Sends a batch until all of it is taken; its entries are checked one by one.
async fn send_all(
    client: &Client,
    url: &str,
    jobs: &[JobMessage],
) -> Result<Vec<String>, QueueError> {
    let until = Instant::now() + PATIENCE;
    let mut pause = FIRST_PAUSE;
    let mut ids = vec![String::new(); jobs.len()];
    let mut left: Vec<(usize, &JobMessage)> = jobs.iter().enumerate().collect();
    loop {
        let mut batch = client.send_message_batch().queue_url(url);
        for (at, job) in &left {
            let entry = entry(*at, &job.body, &job.group, &job.key);
            batch = batch.entries(entry.map_err(unavailable("enqueue_jobs"))?);
        }
        let answer = batch.send().await.map_err(unavailable("enqueue_jobs"))?;
        for taken in answer.successful {
            let place = taken.id.parse().ok().and_then(|at: usize| ids.get_mut(at));
            if let Some(id) = place {
                *id = taken.message_id;
            }
        }
        let failed = answer.failed;
        let Some(first) = failed.first() else {
            return Ok(ids);
        };
        let not_taken = NotTaken { left: failed.len(), code: first.code.clone() };
        left.retain(|(at, _)| failed.iter().any(|entry| entry.id == at.to_string()));
        if Instant::now() + pause >= until {
            return Err(unavailable("enqueue_jobs")(not_taken));
        }
        tokio::time::sleep(pause.mul_f64(fastrand::f64())).await;
        pause *= 2;
    }
}

/// An entry of a batch: a body, its message group and its key.
pub(crate) fn entry(
    at: usize,
    body: &str,
    group: &str,
    key: &str,
) -> Result<SendMessageBatchRequestEntry, BuildError> {
    SendMessageBatchRequestEntry::builder()
        .id(at.to_string())
        .message_body(body)
        .message_group_id(id(group))
        .message_deduplication_id(id(key))
        .set_message_attributes(trace_attribute(body))
        .build()
}

/// The attribute that names the trace within which a message is sent. A message that has no room for
/// the attribute goes without.
pub(crate) fn trace_attribute(body: &str) -> Option<HashMap<String, MessageAttributeValue>> {
    let trace = trace::current().filter(|_| body.len() + TRACE_BYTES <= BATCH_MAX_BYTES)?;
    let value = MessageAttributeValue::builder().data_type("String").string_value(trace.as_str());
    Some(HashMap::from([(TRACEPARENT.to_owned(), value.build().ok()?)]))
}

/// Cuts messages into batches that SQS takes, in order.
pub(crate) fn batches<T>(messages: &[T], body: impl Fn(&T) -> &str) -> Vec<&[T]> {
    let extra = if trace::current().is_some() { TRACE_BYTES } else { 0 };
    let mut batches = Vec::new();
    let mut rest = messages;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = rest.iter().take(BATCH_MAX).take_while(|message| {
            bytes += body(message).len() + extra;
            bytes <= BATCH_MAX_BYTES
        });
        let (batch, later) = rest.split_at(fits.count().max(1));
        batches.push(batch);
        rest = later;
    }
    batches
}

/// A text as SQS takes it for a group or deduplication id: as it is, or its digest.
pub(crate) fn id(text: &str) -> Cow<'_, str> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c.is_ascii_punctuation();
    if (1..=ID_MAX_CHARS).contains(&text.len()) && text.chars().all(is_allowed) {
        return Cow::Borrowed(text);
    }
    let mut hex = String::with_capacity(64);
    for byte in digest(&SHA256, text.as_bytes()).as_ref() {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    Cow::Owned(hex)
}

pub(crate) fn unavailable<E: std::error::Error + Send + Sync + 'static>(
    operation: &'static str,
) -> impl FnOnce(E) -> QueueError {
    move |source| QueueError { operation, source: Box::new(source) }
}

/// The attributes of a letter as SQS takes them.
pub(crate) fn message_attributes(
    attributes: &LetterAttributes,
) -> Result<HashMap<String, MessageAttributeValue>, BuildError> {
    let attribute = |(name, text): (&'static str, &str)| {
        let value = MessageAttributeValue::builder().data_type("String").string_value(text);
        Ok((name.to_owned(), value.build()?))
    };
    attributes.texts().map(attribute).collect()
}

impl NotificationQueue for SqsQueue {
    async fn dead_letter(&self, letter: &DeadLetter) -> Result<(), QueueError> {
        let attributes = message_attributes(&letter.attributes());
        let send = self
            .client
            .send_message()
            .queue_url(&self.urls.dead_letters)
            .message_body(&letter.body)
            .message_group_id(id(&letter.group))
            .message_deduplication_id(id(&letter.progress_key))
            .set_message_attributes(Some(attributes.map_err(unavailable("dead_letter"))?));
        send.send().await.map(|_| ()).map_err(unavailable("dead_letter"))
    }

    async fn enqueue_jobs(&self, jobs: &[JobMessage]) -> Result<(), QueueError> {
        send_in_batches(&self.client, &self.urls.deliveries, jobs).await.map(|_| ())
    }

    async fn retry_after(
        &self,
        queue: &str,
        receipt_handle: &str,
        delay: Duration,
    ) -> Result<(), QueueError> {
        let seconds = i32::try_from(delay.as_secs()).unwrap_or(i32::MAX);
        let change = self
            .client
            .change_message_visibility()
            .queue_url(self.url_of(queue))
            .receipt_handle(receipt_handle)
            .visibility_timeout(seconds);
        change.send().await.map(|_| ()).map_err(unavailable("retry_after"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(bytes: usize) -> JobMessage {
        JobMessage { body: "x".repeat(bytes), group: "g".to_owned(), key: "k".to_owned() }
    }

    #[test]
    fn batches_keep_to_the_limits_of_count_and_size() {
        let lengths = |jobs: &[JobMessage]| -> Vec<usize> {
            batches(jobs, |job| &job.body).iter().map(|batch| batch.len()).collect()
        };
        assert_eq!(lengths(&vec![job(1); 23]), [10, 10, 3]);
        assert_eq!(lengths(&vec![job(100 * 1024); 5]), [2, 2, 1]);
        assert_eq!(lengths(&[job(300 * 1024), job(1)]), [1, 1]);
        assert!(lengths(&[]).is_empty());
    }

    #[test]
    fn ids_that_sqs_does_not_take_become_digests() {
        assert_eq!(id("n:user:alice|0"), "n:user:alice|0");
        for odd in ["a b".to_owned(), "語".to_owned(), "x".repeat(129), String::new()] {
            assert_eq!(id(&odd).len(), 64, "{odd}");
        }
        assert_ne!(id("a b"), id("a c"));
    }
}
