//! SQS as those need it who send notifications.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchResultEntry;
use hubcast_model::ports::{NotificationSender, Outgoing, QueueError};

use crate::on_demand::{OnDemand, on_demand};
use crate::queue::{NotTaken, batches, entry, id, trace_attribute, unavailable};

/// The notifications queue.
#[derive(Debug, Clone)]
pub struct SqsSender {
    client: Arc<OnDemand<Client>>,
    url: String,
}

impl SqsSender {
    /// The queue at this URL.
    pub fn new(config: &SdkConfig, url: impl Into<String>) -> Self {
        Self { client: on_demand(config, Client::new), url: url.into() }
    }

    async fn send_one(&self, message: &Outgoing) -> Result<String, QueueError> {
        let send = self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_body(&message.body)
            .message_group_id(id(message.group.as_str()))
            .message_deduplication_id(id(&message.key))
            .set_message_attributes(trace_attribute(&message.body));
        let answer = send.send().await.map_err(unavailable("send"))?;
        Ok(answer.message_id.unwrap_or_default())
    }

    /// Sends a batch. What it does not take is not sent again: what follows it in its group was
    /// taken, and would come before it.
    async fn send_batch(&self, messages: &[Outgoing]) -> Result<Vec<String>, QueueError> {
        let mut batch = self.client.send_message_batch().queue_url(&self.url);
        for (at, message) in messages.iter().enumerate() {
            let entry = entry(at, &message.body, message.group.as_str(), &message.key);
            batch = batch.entries(entry.map_err(unavailable("send"))?);
        }
        let answer = batch.send().await.map_err(unavailable("send"))?;
        let (taken, failed) = (answer.successful, answer.failed);
        match failed.first() {
            None => Ok(ids(messages.len(), &taken)),
            Some(first) => {
                let not_taken = NotTaken { left: failed.len(), code: first.code.clone() };
                Err(unavailable("send")(not_taken))
            }
        }
    }
}

impl NotificationSender for SqsSender {
    async fn send(&self, messages: &[Outgoing]) -> Result<Vec<String>, QueueError> {
        let mut ids = Vec::with_capacity(messages.len());
        for batch in batches(messages, |message| &message.body) {
            match batch {
                [one] => ids.push(self.send_one(one).await?),
                many => ids.extend(self.send_batch(many).await?),
            }
        }
        Ok(ids)
    }
}

/// The queue's ids of a batch, in the order of its messages: an answer has an order of its own.
fn ids(messages: usize, taken: &[SendMessageBatchResultEntry]) -> Vec<String> {
    let id = |at: usize| taken.iter().find(|entry| entry.id == at.to_string());
    (0..messages).map(|at| id(at).map(|one| one.message_id.clone()).unwrap_or_default()).collect()
}
