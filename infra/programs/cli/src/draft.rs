//! Envelopes before they are sent: checked by the rules of the publisher.

use std::collections::BTreeMap;

use hubcast_model::envelope::{self, Element, EnvelopeRules, RejectReason, Rejection};
use hubcast_model::frame::check_size;
use hubcast_model::id::HubName;
use serde_json::value::RawValue;

/// A message for the queue that nothing would be rejected of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Draft {
    /// The envelope; every element names its hub.
    pub(crate) body: String,
    /// The message group that keeps it in order.
    pub(crate) group: String,
}

/// Checks an envelope. Nobody gets a broadcast that does not say `"everyone": true`.
///
/// # Errors
/// What the publisher would reject it for.
pub(crate) fn draft(body: &str, hub: &HubName) -> Result<Draft, Rejection> {
    let rules = EnvelopeRules { default_hub: hub.clone(), implicit_broadcast: false };
    let mut group = None;
    let mut elements = Vec::new();
    for Element { json, parsed } in envelope::parse(body, &rules)? {
        let notification = parsed?;
        check_size(&notification.content)?;
        group.get_or_insert_with(|| notification.message_group());
        elements.push(with_hub(&json, hub)?);
    }
    let body = match elements.as_slice() {
        [one] if !body.trim_start().starts_with('[') => one.clone(),
        several => format!("[{}]", several.join(",")),
    };
    Ok(Draft { body, group: group.unwrap_or_default() })
}

/// The element with the hub, if it names none: the deployment may have another default.
fn with_hub(element: &RawValue, hub: &HubName) -> Result<String, Rejection> {
    let broken = |err: serde_json::Error| Rejection::new(RejectReason::NotJson, err.to_string());
    let mut fields: BTreeMap<String, &RawValue> =
        serde_json::from_str(element.get()).map_err(broken)?;
    let is_hub = |name: &String| name.eq_ignore_ascii_case("hub");
    let names_one = |value: &&RawValue| !matches!(value.get(), "null" | "\"\"");
    if fields.iter().any(|(name, value)| is_hub(name) && names_one(value)) {
        return Ok(element.get().to_owned());
    }
    fields.retain(|name, _| !is_hub(name));
    let own = serde_json::value::to_raw_value(hub.as_str()).map_err(broken)?;
    fields.insert("hub".to_owned(), &own);
    serde_json::to_string(&fields).map_err(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(body: &str) -> Result<Draft, Rejection> {
        draft(body, &HubName::parse("orders").unwrap())
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
