//! Envelopes before they are sent: checked by the rules of the publisher.

use std::collections::BTreeMap;

use hubcast_model::envelope::{
    self, Element, EnvelopeRules, Notification, RejectReason, Rejection, joined, with_hub,
};
use hubcast_model::frame::check_size;
use hubcast_model::id::HubName;
use hubcast_model::message_group::MessageGroup;
use hubcast_model::queue_text;
use serde_json::value::RawValue;

/// A message for the queue that nothing would be rejected of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Draft {
    /// The envelope, as JSON in characters that SQS takes; every element names its hub.
    pub(crate) body: String,
    /// The message group that keeps the message in order.
    pub(crate) group: MessageGroup,
}

impl Draft {
    /// Checks a notification and writes it.
    ///
    /// # Errors
    /// What the publisher would reject it for.
    pub(crate) fn of(notification: &Notification) -> Result<Self, Rejection> {
        let json = notification.to_json();
        checked(&json, &notification.hub)?;
        Ok(Self { body: sorted(&json)?, group: notification.message_group() })
    }

    /// Checks an envelope that somebody wrote. Nobody gets a broadcast that does not say
    /// `"everyone": true`. Elements that name no hub are for `hub`.
    ///
    /// # Errors
    /// What the publisher would reject it for.
    pub(crate) fn read(body: &str, hub: &HubName) -> Result<Self, Rejection> {
        let checked = checked(body, hub)?;
        let group = checked.first().map(|(_, notification)| notification.message_group());
        let nothing = || Rejection::new(RejectReason::NoContent, "the envelope is empty");
        let elements = checked.iter().map(|(json, _)| with_hub(json, hub));
        let elements: Vec<String> = elements.collect::<Result<_, _>>()?;
        let body = match elements.as_slice() {
            [one] if !body.trim_start().starts_with('[') => one.clone(),
            several => joined(several),
        };
        Ok(Self { body: queue_text::escaped(body), group: group.ok_or_else(nothing)? })
    }
}

/// The elements of an envelope, none of which would be rejected.
fn checked(body: &str, hub: &HubName) -> Result<Vec<(Box<RawValue>, Notification)>, Rejection> {
    let rules = EnvelopeRules { default_hub: hub.clone(), implicit_broadcast: false };
    let checked = |Element { json, parsed }: Element| {
        let notification = parsed?;
        check_size(&notification.content)?;
        Ok((json, notification))
    };
    envelope::parse(body, &rules)?.into_iter().map(checked).collect()
}

/// The element with its properties in the order of their names, as `--dry-run` shows all elements
/// that get their hub here.
fn sorted(element: &str) -> Result<String, Rejection> {
    serde_json::to_string(&properties(element)?).map_err(broken)
}

fn properties(element: &str) -> Result<BTreeMap<String, &RawValue>, Rejection> {
    serde_json::from_str(element).map_err(broken)
}

#[expect(clippy::needless_pass_by_value, reason = "it maps errors")]
fn broken(err: serde_json::Error) -> Rejection {
    Rejection::not_json(&err)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(body: &str) -> Result<Draft, Rejection> {
        Draft::read(body, &HubName::parse("orders").unwrap())
    }

    #[test]
    fn the_hub_is_added_where_none_is_named_and_arguments_stay() {
        let draft = checked(r#"{"userId":"alice","target":"t","arguments":[ 1e2 ]}"#).unwrap();
        let expected = r#"{"arguments":[ 1e2 ],"hub":"orders","target":"t","userId":"alice"}"#;
        assert_eq!((draft.body.as_str(), draft.group.as_str()), (expected, "orders:user:alice"));
        let null = checked(r#"{"Hub":null,"userId":"alice","target":"t"}"#).unwrap();
        assert_eq!(null.body, r#"{"hub":"orders","target":"t","userId":"alice"}"#);
        let own = r#"{"HUB":"Chat","userId":"alice","target":"t"}"#;
        let draft = checked(own).unwrap();
        assert_eq!((draft.body.as_str(), draft.group.as_str()), (own, "chat:user:alice"));
    }

    #[test]
    fn an_array_stays_one_in_the_group_of_its_first_element() {
        let draft = checked(r#" [{"groupName":"g","target":"t"}]"#).unwrap();
        assert_eq!(draft.body, r#"[{"groupName":"g","hub":"orders","target":"t"}]"#);
        assert_eq!(draft.group, "orders:group:g");
    }

    #[test]
    fn what_the_publisher_would_reject_is_refused() {
        let large =
            format!(r#"{{"everyone":true,"target":"t","arguments":["{}"]}}"#, "x".repeat(140_000));
        for (body, reason) in [
            (r#"{"target":"t"}"#, RejectReason::ImplicitBroadcast),
            (r#"{"usrId":"alice","target":"t"}"#, RejectReason::UnknownProperty),
            ("nonsense", RejectReason::NotJson),
            (large.as_str(), RejectReason::TooLarge),
        ] {
            assert_eq!(checked(body).unwrap_err().reason, reason);
        }
    }
}
