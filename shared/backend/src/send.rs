//! Sends and closes: enqueued, each in its recipient's message group.

use signalr_protocol::message::invocation_record;

use super::envelope::Envelope;
use super::{Backend, BackendError, Payload};
use hubcast_model::frame::RECORD_MAX_BYTES;
use hubcast_model::id::{ConnectionId, HexDigest, HubName};
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, GrantStore, InboxStore,
    MembershipStore, NotificationSender, Outgoing, PendingStore, SessionStore, ShardStore,
    SocketStore, UsageStore,
};
use hubcast_model::recipient::Recipient;
use hubcast_model::time::Clock;

/// Something to send.
#[derive(Debug, Clone, Copy)]
pub struct Sending<'a> {
    /// On which hub.
    pub hub: &'a HubName,
    /// To whom.
    pub recipient: &'a Recipient,
    /// Who is left out.
    pub excluded: &'a [ConnectionId],
    /// The sender's own key of this request: within five minutes the same request counts once.
    pub idempotency_key: Option<&'a str>,
}

impl<'a> Sending<'a> {
    /// A request of our own: to all of them, and as often as it is made.
    pub(super) const fn plain(hub: &'a HubName, recipient: &'a Recipient) -> Self {
        Self { hub, recipient, excluded: &[], idempotency_key: None }
    }

    /// The message for the queue with this body.
    fn outgoing(&self, body: String) -> Outgoing {
        let group = self.recipient.message_group(self.hub);
        // A sender's key counts for the very request: to the same and of the same content.
        let own = |key| format!("{group}|{:x}|{key}", HexDigest(&body));
        let key = self.idempotency_key.map_or_else(fresh_key, own);
        Outgoing { body, group, key }
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
    S: SocketStore
        + ClaimStore
        + SessionStore
        + ClientStore
        + PendingStore
        + ChannelStore
        + ShardStore
        + BoardStore
        + InboxStore
        + UsageStore
        + MembershipStore
        + BlockStore
        + GrantStore,
    Q: NotificationSender,
    C: Clock,
{
    /// Has clients called, those of each sending.
    pub async fn send(
        &self,
        sendings: &[Sending<'_>],
        payload: &Payload,
    ) -> Result<(), BackendError> {
        check_size(payload)?;
        let outgoing = |sending: &Sending<'_>| {
            let envelope = Envelope {
                target: Some(&payload.target),
                arguments: Some(&payload.arguments),
                ..Envelope::to(sending.hub, sending.recipient).without(sending.excluded)
            };
            sending.outgoing(envelope.json())
        };
        let outgoing: Vec<Outgoing> = sendings.iter().map(outgoing).collect();
        Ok(self.queue.send(&outgoing).await?)
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
        Ok(self.queue.send(&[sending.outgoing(body)]).await?)
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
