//! What arrives on the ingress queue: envelopes as services of AWS deliver them.
//!
//! SNS and `EventBridge` put something of their own around a message, and give it
//! an id. Here the envelope is taken out, and the id is kept: these services,
//! and the queue itself, may deliver a message twice. A body that is nothing of
//! theirs is the envelope, as SNS with raw delivery, Scheduler, Pipes and plain
//! senders write it. Whether the envelope is good is not asked here.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::id::HexDigest;
use crate::mark::without_mark;
use crate::ports::QueuedMessage;

/// So many wrappings are taken off: an event that a rule sends through a topic has two.
const WRAPPINGS_MAX: usize = 2;
/// The longest id that is kept, in bytes: ids of services are shorter, and a key of the table has an
/// end.
const ID_MAX_BYTES: usize = 128;

/// A message of the ingress queue without what others put around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The envelope.
    pub envelope: String,
    /// The id that the innermost service gave the message; `None` when no service did.
    pub id: Option<String>,
}

/// A message that SNS delivers without raw message delivery.
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html>
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Notification<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    message_id: Cow<'a, str>,
    #[serde(borrow)]
    topic_arn: Cow<'a, str>,
    #[serde(borrow)]
    message: Cow<'a, str>,
}

/// An event of `EventBridge`, whose `detail` is what the producer wrote.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html>
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow, rename = "detail-type")]
    detail_type: Cow<'a, str>,
    #[serde(borrow)]
    detail: &'a RawValue,
}

impl Arrival {
    /// By which the message is known when it comes again from this sender; `None` when no service
    /// gave it an id. Many write through one sender, and may choose the id: so a message stands for
    /// another one only when both hold the same envelope.
    pub fn name(&self, sender: &str) -> Option<String> {
        let digest = HexDigest(&self.envelope);
        let id = self.id.as_ref()?;
        Some(format!("ingress/{sender}/{id}/{digest:x}"))
    }

    /// Takes the envelope out of the body of a message.
    pub fn of(body: String) -> Self {
        let mut arrival = Self { envelope: body, id: None };
        for _ in 0..WRAPPINGS_MAX {
            match unwrapped(&arrival.envelope) {
                Some(inner) => arrival = inner,
                None => break,
            }
        }
        arrival
    }
}

/// A message of the ingress queue as the publisher works it: the envelope alone, under the name by
/// which the message is known when it comes again.
pub fn arrived(message: QueuedMessage) -> QueuedMessage {
    let arrival = Arrival::of(message.body);
    let name = arrival.name(&message.sender).unwrap_or_else(|| message.id.clone());
    QueuedMessage {
        // A standard queue may have groups too, which keep no order.
        group: message.id.clone(),
        // In the inbox of a user, what was sent first comes first.
        sequence: message.sent_at.as_millis().to_string(),
        body: arrival.envelope,
        repeatable: Some(name),
        ..message
    }
}

fn unwrapped(body: &str) -> Option<Arrival> {
    let body = without_mark(body);
    notification(body).or_else(|| event(body))
}

fn notification(body: &str) -> Option<Arrival> {
    let found: Notification<'_> = serde_json::from_str(body).ok()?;
    let is_one = found.r#type == "Notification" && found.topic_arn.starts_with("arn:");
    is_one.then(|| Arrival { envelope: found.message.into_owned(), id: id(&found.message_id) })
}

fn event(body: &str) -> Option<Arrival> {
    let found: Event<'_> = serde_json::from_str(body).ok()?;
    let is_one = !found.source.is_empty() && !found.detail_type.is_empty();
    is_one.then(|| Arrival { envelope: found.detail.get().to_owned(), id: id(&found.id) })
}

fn id(text: &str) -> Option<String> {
    (1..=ID_MAX_BYTES).contains(&text.len()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const ENVELOPE: &str = r#"{"userId":"alice","target":"t","arguments":[ 1.0 ]}"#;

    fn wrapped(message: &str) -> String {
        let topic = "arn:aws:sns:eu-west-1:123456789012:news";
        json!({
            "Type": "Notification", "MessageId": "sns-1", "TopicArn": topic, "Message": message,
            "Timestamp": "2026-12-01T00:00:00.000Z", "SignatureVersion": "1", "Signature": "x",
        })
        .to_string()
    }

    fn event_of(detail: &str) -> String {
        format!(
            r#"{{"version":"0","id":"event-1","detail-type":"changed","source":"app","account":"1","time":"2026-12-01T00:00:00Z","region":"eu-west-1","resources":[],"detail":{detail}}}"#
        )
    }

    fn arrival(envelope: &str, id: Option<&str>) -> Arrival {
        Arrival { envelope: envelope.to_owned(), id: id.map(str::to_owned) }
    }

    #[test]
    fn an_id_stands_for_one_envelope_of_one_sender() {
        let name = |envelope, sender| arrival(envelope, Some("1")).name(sender).unwrap();
        assert_eq!(name(ENVELOPE, "sns"), name(ENVELOPE, "sns"));
        assert_ne!(name(ENVELOPE, "sns"), name(ENVELOPE, "events"));
        assert_ne!(
            name(ENVELOPE, "sns"),
            name("{}", "sns"),
            "who chooses ids loses nothing of others"
        );
        assert_eq!(arrival(ENVELOPE, None).name("sns"), None);
    }

    #[test]
    fn each_service_s_wrapping_is_taken_off_and_its_id_kept() {
        for (body, id) in [
            (ENVELOPE.to_owned(), None),
            (wrapped(ENVELOPE), Some("sns-1")),
            (event_of(ENVELOPE), Some("event-1")),
            (wrapped(&event_of(ENVELOPE)), Some("event-1")),
            (format!("\u{feff}{}", event_of(ENVELOPE)), Some("event-1")),
        ] {
            assert_eq!(Arrival::of(body.clone()), arrival(ENVELOPE, id), "{body}");
        }
    }

    /// What is not quite a wrapping stays, so that the envelope's reader says what is wrong.
    #[test]
    fn what_is_no_wrapping_stays_as_it_is() {
        for body in [
            String::new(),
            "x".to_owned(),
            "[]".to_owned(),
            r#"{"Type":"Notification","Message":"x"}"#.to_owned(),
            wrapped(ENVELOPE).replace("\"Notification\"", "\"SubscriptionConfirmation\""),
            r#"{"detail-type":"","source":"","id":"1","detail":{}}"#.to_owned(),
            r#"{"detail":{},"detail-type":"x"}"#.to_owned(),
        ] {
            assert_eq!(Arrival::of(body.clone()), arrival(&body, None));
        }
    }

    #[test]
    fn an_id_that_no_key_can_hold_is_none() {
        for id in [String::new(), "x".repeat(129)] {
            let body = event_of(ENVELOPE).replace("event-1", &id);
            assert_eq!(Arrival::of(body), arrival(ENVELOPE, None));
        }
    }

    #[test]
    fn an_envelope_in_many_wrappings_is_not_looked_for() {
        let thrice = wrapped(&wrapped(&wrapped(ENVELOPE)));
        assert_eq!(Arrival::of(thrice), arrival(&wrapped(ENVELOPE), Some("sns-1")));
    }

    proptest! {
        #[test]
        fn any_text_comes_out_of_a_topic_as_it_went_in(text in "\\PC{0,80}") {
            let inner = Arrival::of(text.clone());
            let outer = Arrival::of(wrapped(&text));
            prop_assert_eq!(&outer.envelope, &inner.envelope);
            prop_assert_eq!(outer.id, inner.id.or_else(|| Some("sns-1".to_owned())));
        }

        #[test]
        fn any_body_has_an_arrival(body in any::<String>()) {
            prop_assert!(Arrival::of(body.clone()).envelope.len() <= body.len());
        }
    }
}
