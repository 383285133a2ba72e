//! Sends and closes: enqueued, each in its recipient's message group.

use signalr_protocol::message::invocation_record;

use super::envelope::Envelope;
use super::{Backend, BackendError, Payload, Recipient};
use crate::fanout::RECORD_MAX_BYTES;
use crate::id::{ConnectionId, HubName};
use crate::ports::{AccessStore, ChannelStore, NotificationSender, Outgoing, SocketStore};
use crate::time::Clock;

/// Something to send.
#[derive(Debug, Clone, Copy)]
pub struct Sending<'a> {
    /// On which hub.
    pub hub: &'a HubName,
    /// To whom.
    pub recipient: &'a Recipient,
    /// Who is left out.
    pub excluded: &'a [ConnectionId],
    /// The sender's own key of this request: within five minutes it counts once.
    pub idempotency_key: Option<&'a str>,
}

impl<'a> Sending<'a> {
    /// A request of our own: to all of them, and as often as it is made.
    pub(super) const fn plain(hub: &'a HubName, recipient: &'a Recipient) -> Self {
        Self { hub, recipient, excluded: &[], idempotency_key: None }
    }
}

/// How connections are closed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Closing<'a> {
    /// The text of the error that clients report.
    pub reason: Option<&'a str>,
    /// Whether clients may come back by themselves.
    pub allow_reconnect: bool,
    /// Whether tokens that a user was issued before are refused.
    pub revoke: bool,
}

impl<S, Q, C> Backend<S, Q, C>
where
    S: SocketStore + ChannelStore + AccessStore,
    Q: NotificationSender,
    C: Clock,
{
    /// Has clients called.
    pub async fn send(&self, sending: &Sending<'_>, payload: &Payload) -> Result<(), BackendError> {
        check_size(payload)?;
        let envelope = Envelope {
            target: Some(&payload.target),
            arguments: Some(&payload.arguments),
            ..Envelope::to(sending.hub, sending.recipient).without(sending.excluded)
        };
        self.enqueue(sending, envelope.json()).await
    }

    /// Ends connections.
    pub async fn close(
        &self,
        sending: &Sending<'_>,
        closing: &Closing<'_>,
    ) -> Result<(), BackendError> {
        let envelope = Envelope {
            action: Some("close"),
            reason: closing.reason,
            allow_reconnect: closing.allow_reconnect.then_some(true),
            // Without a word a close of a user would revoke.
            revoke: matches!(sending.recipient, Recipient::User(_)).then_some(closing.revoke),
            ..Envelope::to(sending.hub, sending.recipient).without(sending.excluded)
        };
        self.enqueue(sending, envelope.json()).await
    }

    pub(super) async fn enqueue(
        &self,
        sending: &Sending<'_>,
        body: String,
    ) -> Result<(), BackendError> {
        let group = sending.recipient.message_group(sending.hub);
        // A sender's key counts for what it was sent with, not for all groups.
        let own = sending.idempotency_key.map(|key| format!("{group}|{key}"));
        let key = own.unwrap_or_else(fresh_key);
        Ok(self.queue.send(&[Outgoing { body, group, key }]).await?)
    }
}

/// A key that no other message has.
pub(super) fn fresh_key() -> String {
    format!("{:032x}", fastrand::u128(..))
}

/// Refuses here and now what the publisher would only put on the dead-letter queue.
pub(super) fn check_size(payload: &Payload) -> Result<(), BackendError> {
    check_record(invocation_record(&payload.target, &payload.arguments).len())
}

pub(super) const fn check_record(bytes: usize) -> Result<(), BackendError> {
    if bytes > RECORD_MAX_BYTES {
        return Err(BackendError::TooLarge { bytes, most: RECORD_MAX_BYTES });
    }
    Ok(())
}
