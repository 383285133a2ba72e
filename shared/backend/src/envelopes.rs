//! Envelopes that backends send by a call, as others put them on the queue.

use super::BackendError;
use super::sender::{Sender, message};
use hubcast_model::envelope::{
    self, Content, Element, EnvelopeRules, Notification, RejectReason, Rejection, joined, with_hub,
};
use hubcast_model::frame::check_size;
use hubcast_model::id::HubName;
use hubcast_model::ports::NotificationSender;
use hubcast_model::queue_text;

/// The most that a message of the queue takes, in bytes.
const MESSAGE_MAX_BYTES: usize = 256 * 1024;

/// An envelope for one hub of which nothing would be rejected.
#[derive(Debug)]
pub struct Envelope {
    body: String,
    notifications: Vec<Notification>,
}

impl Envelope {
    /// Reads an envelope as the publisher reads it. Elements that name no hub are for `hub`, and no
    /// element is for another one.
    ///
    /// # Errors
    /// What the publisher would reject the envelope for.
    pub fn read(text: &str, hub: &HubName, implicit_broadcast: bool) -> Result<Self, Rejection> {
        let rules = EnvelopeRules { default_hub: hub.clone(), implicit_broadcast };
        let (mut elements, mut notifications) = (Vec::new(), Vec::new());
        for Element { json, parsed } in envelope::parse(text, &rules)? {
            notifications.push(checked(parsed?, hub)?);
            elements.push(with_hub(&json, hub)?);
        }
        if elements.is_empty() {
            return Err(Rejection::new(RejectReason::NoContent, "the envelope is empty"));
        }
        let body = queue_text::escaped(joined(&elements));
        if body.len() > MESSAGE_MAX_BYTES {
            let detail =
                format!("an envelope takes at most {MESSAGE_MAX_BYTES} bytes; send several");
            return Err(Rejection::new(RejectReason::TooLarge, detail));
        }
        Ok(Self { body, notifications })
    }

    /// What its elements ask for.
    pub fn notifications(&self) -> &[Notification] {
        &self.notifications
    }
}

fn checked(notification: Notification, hub: &HubName) -> Result<Notification, Rejection> {
    check_size(&notification.content)?;
    if matches!(&notification.content, Content::Action(action) if action.is_everywhere()) {
        let detail =
            format!("an element is for all hubs, and the call is for '{hub}'; use the queue");
        return Err(Rejection::new(RejectReason::BadName, detail));
    }
    if notification.hub != *hub {
        let detail = format!(
            "an element is for the hub '{}', and the call is for '{hub}'",
            notification.hub
        );
        return Err(Rejection::new(RejectReason::BadName, detail));
    }
    Ok(notification)
}

impl<Q: NotificationSender> Sender<'_, Q> {
    /// Enqueues an envelope in the message group of its first element, and gives the ids of its
    /// messages, which is one unless the envelope is empty.
    ///
    /// # Errors
    /// When the queue does not answer.
    pub async fn put_envelope(
        &self,
        envelope: &Envelope,
        idempotency_key: Option<&str>,
    ) -> Result<Vec<String>, BackendError> {
        let Some(first) = envelope.notifications.first() else {
            return Ok(Vec::new());
        };
        let group = first.message_group();
        let ids = self.put(&[message(group, envelope.body.clone(), idempotency_key)]).await?;
        for message_id in &ids {
            self.accepted_envelope(message_id, &envelope.notifications);
        }
        Ok(ids)
    }
}
