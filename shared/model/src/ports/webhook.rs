//! A backend's HTTP endpoint, and the way back from it, as those who deliver to it see them.

use std::future::Future;
use std::time::Duration;

use super::{Cause, QueueError, UpstreamMessage};
use crate::dead_letter::LetterAttributes;
use crate::message_group::MessageGroup;

/// A request to a backend's endpoint, by POST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookRequest {
    /// Where to.
    pub url: String,
    /// Names and values, without the length and the type of the body, which is JSON.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

/// What an endpoint answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookAnswer {
    /// The status.
    pub status: u16,
    /// Where the endpoint sends the request instead, without its query, which may hold a key.
    pub location: Option<String>,
    /// The body, or as much as was read of it: more than a socket takes.
    pub body: Vec<u8>,
}

/// Why an endpoint gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// No connection was made, so nothing was sent.
    #[error("the endpoint cannot be reached")]
    Unreachable(#[source] Cause),
    /// The endpoint did not answer in time.
    #[error("the endpoint does not answer within {0:?}")]
    TimedOut(Duration),
    /// The request or its answer broke off.
    #[error("the endpoint does not answer")]
    Broken(#[source] Cause),
}

/// Backends' endpoints.
pub trait Webhook: Send + Sync {
    /// Makes one attempt, which takes no longer than `patience`.
    fn post(
        &self,
        request: WebhookRequest,
        patience: Duration,
    ) -> impl Future<Output = Result<WebhookAnswer, WebhookError>> + Send;
}

/// An event that is given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadEvent {
    /// The body of the message.
    pub body: String,
    /// The message group, so that a redrive keeps the order.
    pub group: String,
    /// The id of the message.
    pub id: String,
    /// Why the event is given up.
    pub attributes: LetterAttributes,
}

/// The queues between clients and endpoints.
pub trait AnswerQueue: Send + Sync {
    /// Puts an envelope on the notifications queue, once for each id.
    fn answer(
        &self,
        envelope: &str,
        group: &MessageGroup,
        id: &str,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Puts an event on the upstream queue again, once for each id.
    fn put_off(
        &self,
        message: &UpstreamMessage,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Puts an event that is given up on the queue of dead events, once for each id.
    fn dead_event(&self, letter: &DeadEvent)
    -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Makes an event visible again after `delay` (whole seconds).
    fn retry_event(
        &self,
        receipt_handle: &str,
        delay: Duration,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;
}
