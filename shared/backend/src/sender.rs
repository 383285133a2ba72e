//! Sends and closes: enqueued, each in its audience's message group.

use std::collections::BTreeSet;

use serde_json::value::RawValue;
use signalr_protocol::message::invocation_record;

use super::{BackendError, Payload};
use hubcast_model::audience::Audience;
use hubcast_model::envelope::{Action, Answer, Content, Notification, joined};
use hubcast_model::frame::{RECORD_MAX_BYTES, answer_message};
use hubcast_model::id::{ConnectionId, HexDigest, HubName};
use hubcast_model::journey::{Step, TARGET, is_sampled, names};
use hubcast_model::message_group::MessageGroup;
use hubcast_model::ports::{NotificationSender, Outgoing, QueueError};

/// What a send, or a close, is for.
#[derive(Debug, Clone, Copy)]
pub struct Sending<'a> {
    /// The connections that are reached.
    pub audience: &'a Audience,
    /// Connections that are left out.
    pub excluded: &'a BTreeSet<ConnectionId>,
    /// The sender's own key of this request: within five minutes the same request counts once.
    pub idempotency_key: Option<&'a str>,
}

/// What a part of a stream is for.
#[derive(Debug, Clone, Copy)]
pub struct StreamSending<'a> {
    /// The connection whose client asked for the stream.
    pub connection: &'a ConnectionId,
    /// The id that the client gave the stream.
    pub stream_id: &'a str,
    /// The sender's own key of this request: within five minutes the same request counts once.
    pub idempotency_key: Option<&'a str>,
}

/// The end of a stream.
#[derive(Debug, Clone, Copy)]
pub struct StreamEnd<'a> {
    /// The text of the client's error; none when the stream is complete.
    pub error: Option<&'a str>,
}

/// How connections are closed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Closing<'a> {
    /// The text of the error that clients report.
    pub reason: Option<&'a str>,
    /// Whether clients may come back by themselves; not together with `revoke`.
    pub allow_reconnect: bool,
    /// Whether tokens that a user was issued before are refused.
    pub revoke: bool,
}

/// The notifications queue, as a hub's backends send to it.
#[derive(Debug)]
pub struct Sender<'a, Q> {
    queue: &'a Q,
    hub: &'a HubName,
}

impl<'a, Q> Sender<'a, Q> {
    pub(crate) const fn new(queue: &'a Q, hub: &'a HubName) -> Self {
        Self { queue, hub }
    }

    fn notification(&self, content: Content) -> Notification {
        Notification::new(self.hub.clone(), content)
    }

    /// A message for the queue. A sender's key counts for the very request: for the same audience
    /// and with the same content. Without a key each message counts.
    fn outgoing(&self, audience: &Audience, body: String, key: Option<&str>) -> Outgoing {
        message(MessageGroup::of(self.hub, audience), body, key)
    }
}

impl<Q: NotificationSender> Sender<'_, Q> {
    /// Has clients called, those of each sending; answers the queue's id of each message.
    pub async fn send(
        &self,
        sendings: &[Sending<'_>],
        payload: &Payload,
    ) -> Result<Vec<String>, BackendError> {
        check_payload(payload)?;
        let outgoing = |sending: &Sending<'_>| {
            let notification = Notification {
                excluded: sending.excluded.clone(),
                ..self.notification(payload.message(sending.audience.clone()))
            };
            self.outgoing(sending.audience, notification.to_json(), sending.idempotency_key)
        };
        let outgoing: Vec<Outgoing> = sendings.iter().map(outgoing).collect();
        let ids = self.put(&outgoing).await?;
        for (sending, message_id) in sendings.iter().zip(&ids) {
            self.accepted(message_id, "message", sending.audience);
        }
        Ok(ids)
    }

    /// Ends connections; answers the queue's id of the message.
    pub async fn close(
        &self,
        sending: &Sending<'_>,
        closing: &Closing<'_>,
    ) -> Result<Vec<String>, BackendError> {
        // A close of users that does not say so would revoke.
        let is_of_users = matches!(sending.audience, Audience::Users(_));
        let content = Content::Action(Action::Close {
            audience: sending.audience.clone(),
            reason: closing.reason.map(str::to_owned),
            allow_reconnect: closing.allow_reconnect,
            revoke: is_of_users.then_some(closing.revoke),
        });
        let excluded = sending.excluded.clone();
        let notification = Notification { excluded, ..self.notification(content) };
        let body = notification.to_json();
        let message = self.outgoing(sending.audience, body, sending.idempotency_key);
        self.put_one(message, "close", sending.audience).await
    }

    /// Sends an item of a stream, the end of the stream, or both; answers the queue's id of the
    /// message.
    pub(crate) async fn stream(
        &self,
        sending: &StreamSending<'_>,
        item: Option<&RawValue>,
        end: Option<StreamEnd<'_>>,
    ) -> Result<Vec<String>, BackendError> {
        let item = item.map(|item| Answer::Item(item.to_owned()));
        let end = end.map(|end| match end.error {
            Some(error) => Answer::Error(error.to_owned()),
            None => Answer::Result(None),
        });
        let mut elements = Vec::new();
        for answer in item.into_iter().chain(end) {
            check_record(answer_message(sending.stream_id.to_owned(), &answer).encode().len())?;
            let (connection, invocation_id) =
                (sending.connection.clone(), sending.stream_id.to_owned());
            let content = Content::Answer { connection, invocation_id, answer };
            elements.push(self.notification(content).to_json());
        }
        let audience = Audience::Connection(sending.connection.clone());
        let message = self.outgoing(&audience, joined(&elements), sending.idempotency_key);
        self.put_one(message, "answer", &audience).await
    }

    /// Enqueues one thing to do, behind what its message group has.
    pub(crate) async fn enqueue(
        &self,
        group: MessageGroup,
        content: Content,
    ) -> Result<(), QueueError> {
        let (kind, audience) = (content.kind(), content.audience());
        let body = self.notification(content).to_json();
        let ids = self.put(&[Outgoing { body, group, key: fresh_key() }]).await?;
        for message_id in &ids {
            self.accepted(message_id, kind, &audience);
        }
        Ok(())
    }

    async fn put_one(
        &self,
        message: Outgoing,
        kind: &'static str,
        audience: &Audience,
    ) -> Result<Vec<String>, BackendError> {
        let ids = self.put(&[message]).await?;
        for message_id in &ids {
            self.accepted(message_id, kind, audience);
        }
        Ok(ids)
    }

    /// Enqueues messages, in their order; answers the queue's ids.
    pub(crate) async fn put(&self, messages: &[Outgoing]) -> Result<Vec<String>, QueueError> {
        self.queue.send(messages).await
    }
}

impl<Q> Sender<'_, Q> {
    /// Tells the log that a message is on the queue.
    pub(crate) fn accepted(&self, message_id: &str, kind: &'static str, audience: &Audience) {
        if is_sampled(message_id) {
            tracing::info!(
                target: TARGET,
                step = Step::Accepted.as_str(),
                message_id,
                hub = self.hub.as_str(),
                kind,
                audience_kind = audience.kind(),
                audience = names::audience(self.hub, audience),
                "a message is on the queue"
            );
        }
    }

    /// Tells the log that an envelope is on the queue. Of an array it tells how many elements there
    /// are; the lines of the publisher name the audience of each.
    pub(crate) fn accepted_envelope(&self, message_id: &str, elements: &[Notification]) {
        match elements {
            [one] => self.accepted(message_id, one.content.kind(), &one.content.audience()),
            many if is_sampled(message_id) => tracing::info!(
                target: TARGET,
                step = Step::Accepted.as_str(),
                message_id,
                hub = self.hub.as_str(),
                kind = "envelope",
                elements = many.len(),
                "an envelope is on the queue"
            ),
            _ => {}
        }
    }
}

/// A message for the queue, in a message group. Without a key each message counts.
pub(crate) fn message(group: MessageGroup, body: String, key: Option<&str>) -> Outgoing {
    let own = |key| format!("{group}|{:x}|{key}", HexDigest(&body));
    let key = key.map_or_else(fresh_key, own);
    Outgoing { body, group, key }
}

/// A key that no other message has.
pub(crate) fn fresh_key() -> String {
    format!("{:032x}", fastrand::u128(..))
}

/// Refuses here and now what the publisher would only put on the dead-letter queue.
pub(crate) fn check_payload(payload: &Payload) -> Result<(), BackendError> {
    check_record(invocation_record(&payload.target, &payload.arguments).len())
}

/// Refuses a record of more bytes than a socket takes.
pub(crate) const fn check_record(bytes: usize) -> Result<(), BackendError> {
    if bytes > RECORD_MAX_BYTES {
        return Err(BackendError::TooLarge { bytes, most: RECORD_MAX_BYTES });
    }
    Ok(())
}
