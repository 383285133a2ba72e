//! The queues that lead to backends and back.
//!
//! Events go to a FIFO queue. Reminders go to a standard one, since FIFO queues
//! delay all messages alike.

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::BuildError;
use aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder;
use aws_sdk_sqs::types::{BatchResultErrorEntry, SendMessageBatchRequestEntry};
use hubcast_model::message_group::MessageGroup;
use hubcast_model::ports::{
    AnswerQueue, DeadEvent, QueueError, Untaken, UpstreamMessage, UpstreamQueue,
};

use crate::on_demand::{OnDemand, on_demand};
use crate::queue::{
    NotTaken, batches, entry, id, message_attributes, trace_attribute, unavailable,
};

/// The longest that SQS delays a message.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
pub const DELAY_MAX: Duration = Duration::from_mins(15);

/// Where the queues are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamUrls {
    /// `UPSTREAM_QUEUE_URL`
    pub events: String,
    /// `TIMERS_QUEUE_URL`
    pub timers: String,
}

/// The queues that lead to backends and back.
#[derive(Debug, Clone)]
pub struct SqsUpstream {
    client: Arc<OnDemand<Client>>,
    urls: UpstreamUrls,
}

impl SqsUpstream {
    /// The queues at these URLs.
    pub fn new(config: &SdkConfig, urls: UpstreamUrls) -> Self {
        Self { client: on_demand(config, Client::new), urls }
    }
}

impl UpstreamQueue for SqsUpstream {
    async fn tell(&self, events: &[UpstreamMessage]) -> Result<(), Untaken> {
        let mut parts = Vec::new();
        for batch in batches(events, |event| &event.body) {
            let entry_of = |(at, event): (usize, &UpstreamMessage)| {
                entry(at, &event.body, event.group.as_str(), &event.id)
            };
            let entries = batch.iter().enumerate().map(entry_of).collect();
            parts.push((batch.len(), self.send("tell", &self.urls.events, entries).await));
        }
        Untaken::of_parts(parts)
    }

    async fn remind(&self, envelopes: &[String], after: Duration) -> Result<(), Untaken> {
        let seconds = i32::try_from(after.min(DELAY_MAX).as_secs()).unwrap_or_default();
        let mut parts = Vec::new();
        for batch in batches(envelopes, |envelope| envelope) {
            let entry_of = |(at, envelope): (usize, &String)| {
                let entry = SendMessageBatchRequestEntry::builder().id(at.to_string());
                entry.message_body(envelope).delay_seconds(seconds).build()
            };
            let entries = batch.iter().enumerate().map(entry_of).collect();
            parts.push((batch.len(), self.send("remind", &self.urls.timers, entries).await));
        }
        Untaken::of_parts(parts)
    }
}

impl SqsUpstream {
    /// Sends one batch. Its entries are named by their places.
    async fn send(
        &self,
        operation: &'static str,
        url: &str,
        entries: Vec<Result<SendMessageBatchRequestEntry, BuildError>>,
    ) -> Result<(), Untaken> {
        let count = entries.len();
        let entries: Result<Vec<_>, _> = entries.into_iter().collect();
        let entries = entries.map_err(|err| Untaken::all(count, unavailable(operation)(err)))?;
        let batch = self.client.send_message_batch().queue_url(url).set_entries(Some(entries));
        match batch.send().await {
            Ok(output) => taken(operation, &output.failed),
            Err(err) => Err(Untaken::all(count, unavailable(operation)(err))),
        }
    }
}

/// What became of a batch with these entries that failed.
fn taken(operation: &'static str, failed: &[BatchResultErrorEntry]) -> Result<(), Untaken> {
    let Some(first) = failed.first() else {
        return Ok(());
    };
    let not_taken = NotTaken { left: failed.len(), code: first.code.clone() };
    let places = failed.iter().filter_map(|entry| entry.id.parse().ok()).collect();
    Err(Untaken { places, source: unavailable(operation)(not_taken) })
}

/// Where an endpoint's events come from, and where its answers go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerUrls {
    /// `UPSTREAM_QUEUE_URL`
    pub events: String,
    /// `UPSTREAM_DLQ_URL`
    pub dead_events: String,
    /// `NOTIFICATIONS_QUEUE_URL`
    pub notifications: String,
}

/// The queues between clients and endpoints.
#[derive(Debug, Clone)]
pub struct SqsAnswers {
    client: Arc<OnDemand<Client>>,
    urls: AnswerUrls,
}

impl SqsAnswers {
    /// The queues at these URLs.
    pub fn new(config: &SdkConfig, urls: AnswerUrls) -> Self {
        Self { client: on_demand(config, Client::new), urls }
    }
}

impl AnswerQueue for SqsAnswers {
    async fn answer(
        &self,
        envelope: &str,
        group: &MessageGroup,
        key: &str,
    ) -> Result<(), QueueError> {
        let send = self
            .client
            .send_message()
            .queue_url(&self.urls.notifications)
            .message_body(envelope)
            .message_group_id(id(group.as_str()))
            .message_deduplication_id(id(key))
            .set_message_attributes(trace_attribute(envelope));
        send.send().await.map(|_| ()).map_err(unavailable("answer"))
    }

    async fn put_off(&self, message: &UpstreamMessage) -> Result<(), QueueError> {
        let sent = event(&self.client, &self.urls.events, message).send().await;
        sent.map(|_| ()).map_err(unavailable("put_off"))
    }

    async fn dead_event(&self, letter: &DeadEvent) -> Result<(), QueueError> {
        let attributes = message_attributes(&letter.attributes);
        let send = self
            .client
            .send_message()
            .queue_url(&self.urls.dead_events)
            .message_body(&letter.body)
            .message_group_id(id(&letter.group))
            .message_deduplication_id(id(&letter.id))
            .set_message_attributes(Some(attributes.map_err(unavailable("dead_event"))?));
        send.send().await.map(|_| ()).map_err(unavailable("dead_event"))
    }

    async fn retry_event(&self, receipt_handle: &str, delay: Duration) -> Result<(), QueueError> {
        let change = self
            .client
            .change_message_visibility()
            .queue_url(&self.urls.events)
            .receipt_handle(receipt_handle)
            .visibility_timeout(i32::try_from(delay.as_secs()).unwrap_or(i32::MAX));
        change.send().await.map(|_| ()).map_err(unavailable("retry_event"))
    }
}

/// An event, for the queue at `url`.
fn event(client: &Client, url: &str, message: &UpstreamMessage) -> SendMessageFluentBuilder {
    client
        .send_message()
        .queue_url(url)
        .message_body(&message.body)
        .message_group_id(id(message.group.as_str()))
        .message_deduplication_id(id(&message.id))
}
