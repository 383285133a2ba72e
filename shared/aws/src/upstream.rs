//! The queues that lead to backends and back.
//!
//! Events go to a FIFO queue. Reminders go to a standard one, since FIFO queues
//! delay all messages alike.

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder;
use hubcast_model::message_group::MessageGroup;
use hubcast_model::ports::{AnswerQueue, QueueError, UpstreamMessage, UpstreamQueue};

use crate::on_demand::{OnDemand, on_demand};
use crate::queue::{id, unavailable};

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
    async fn tell(&self, message: &UpstreamMessage) -> Result<(), QueueError> {
        let sent = event(&self.client, &self.urls.events, message).send().await;
        sent.map(|_| ()).map_err(unavailable("tell"))
    }

    async fn remind(&self, envelope: &str, after: Duration) -> Result<(), QueueError> {
        let seconds = i32::try_from(after.min(DELAY_MAX).as_secs()).unwrap_or_default();
        let send = self
            .client
            .send_message()
            .queue_url(&self.urls.timers)
            .message_body(envelope)
            .delay_seconds(seconds);
        send.send().await.map(|_| ()).map_err(unavailable("remind"))
    }
}

/// Where an endpoint's events come from, and where its answers go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerUrls {
    /// `UPSTREAM_QUEUE_URL`
    pub events: String,
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
            .message_deduplication_id(id(key));
        send.send().await.map(|_| ()).map_err(unavailable("answer"))
    }

    async fn put_off(&self, message: &UpstreamMessage) -> Result<(), QueueError> {
        let sent = event(&self.client, &self.urls.events, message).send().await;
        sent.map(|_| ()).map_err(unavailable("put_off"))
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
