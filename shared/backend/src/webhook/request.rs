//! Events as requests: their bodies, and the headers that say what they are.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use signalr_protocol::message::{HubMessage, StreamInvocation};

use super::claims::{encoded, listed};
use super::{RECORD_SEPARATOR, in_a_header};
use hubcast_model::event::{Call, Event, EventKind};
use hubcast_model::id::UserId;
use hubcast_model::queue_text;
use hubcast_model::values::Values;

/// The body of the request for an event.
pub fn body(event: &Event) -> String {
    match &event.kind {
        EventKind::Connected => r#"{"type":10}"#.to_owned(),
        EventKind::Disconnected { why } => disconnected(why.as_deref()),
        EventKind::Call(call) => without_separator(&message(call)),
        EventKind::Cancelled { invocation_id } => {
            let invocation_id = invocation_id.clone();
            without_separator(&HubMessage::CancelInvocation { invocation_id })
        }
    }
}

/// As Azure writes it, which has an error only where there is one.
fn disconnected(why: Option<&str>) -> String {
    match why {
        Some(why) => queue_text::json(&json!({ "type": 11, "error": why })),
        None => r#"{"type":11}"#.to_owned(),
    }
}

fn without_separator(message: &HubMessage) -> String {
    message.encode().trim_end_matches(RECORD_SEPARATOR).to_owned()
}

fn message(call: &Call) -> HubMessage {
    let invocation = call.invocation.clone();
    if !call.is_stream {
        return HubMessage::Invocation(invocation);
    }
    HubMessage::StreamInvocation(StreamInvocation {
        invocation_id: invocation.invocation_id.unwrap_or_default(),
        target: invocation.target,
        arguments: invocation.arguments,
        stream_ids: invocation.stream_ids,
    })
}

/// The headers that say what an event is, signatures aside. `attempt` counts the tries from 1.
///
/// No value has spaces around it: a receiver would drop them, and find another signature.
pub fn headers(event: &Event, attempt: u32) -> Vec<(&'static str, String)> {
    let client = &event.client;
    let has_claims = !client.claims.is_empty();
    let listed = Some(listed(&client.claims)).filter(|text| !text.is_empty());
    let query = (!client.query.is_empty()).then(|| query_text(&client.query));
    let entries = [
        ("X-ASRS-Connection-Id", Some(client.connection.to_string())),
        ("X-ASRS-Hub", Some(client.hub.to_string())),
        ("X-ASRS-Category", Some(event.category().as_str().to_owned())),
        ("X-ASRS-Event", Some(event.name().to_owned())),
        ("X-ASRS-User-Id", client.user.as_ref().map(UserId::to_string)),
        ("X-ASRS-User-Claims", listed),
        ("X-Hubcast-User-Claims", has_claims.then(|| encoded(&client.claims))),
        ("X-ASRS-Client-Query", query),
        ("X-Hubcast-Event-Id", Some(event.id.clone())),
        ("X-Hubcast-Event-Time", Some(event.at.to_rfc3339())),
        ("X-Hubcast-Attempt", Some(attempt.to_string())),
    ];
    let present = entries.into_iter().filter_map(|(name, value)| Some((name, value?)));
    present.map(|(name, value)| (name, in_a_header(&value).trim_matches(' ').to_owned())).collect()
}

fn query_text(query: &Values) -> String {
    let escaped = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    let items = query.iter().flat_map(|(name, values)| {
        values.iter().map(move |value| format!("{}={}", escaped(name), escaped(value)))
    });
    format!("?{}", items.collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::testing::{call, connected};

    #[test]
    fn bodies_are_messages_of_the_hub_protocol() {
        let mut event = call("n", "Count");
        let invocation = r#"{"type":1,"invocationId":"7","target":"Count","arguments":[1]}"#;
        assert_eq!(body(&event), invocation);
        let EventKind::Call(call) = &mut event.kind else { panic!("{event:?}") };
        call.is_stream = true;
        let stream = r#"{"type":4,"invocationId":"7","target":"Count","arguments":[1]}"#;
        assert_eq!(body(&event), stream);
        let event = connected("n");
        assert_eq!(body(&event), r#"{"type":10}"#);
        let ended = |why: Option<&str>| {
            let kind = EventKind::Disconnected { why: why.map(str::to_owned) };
            body(&Event { kind, ..connected("n") })
        };
        assert_eq!(ended(None), r#"{"type":11}"#);
        let told: serde_json::Value = serde_json::from_str(&ended(Some("\"idle\""))).unwrap();
        assert_eq!(told, json!({ "type": 11, "error": "\"idle\"" }));
    }

    #[test]
    fn headers_are_lines_of_the_form_that_azure_functions_reads() {
        let mut event = call("n", "a\r\nX-Evil: 1");
        event.client.user = UserId::parse("älice").ok();
        event.client.claims = [("role".to_owned(), vec!["a".to_owned(), "b\n".to_owned()])].into();
        event.client.query = [("q".to_owned(), vec!["1 &=".to_owned()])].into();
        let headers = headers(&event, 2);
        let value = |name| headers.iter().find(|(known, _)| *known == name).unwrap().1.as_str();
        assert_eq!(value("X-ASRS-Event"), "a  X-Evil: 1");
        let role = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";
        let claims = format!("{role}: a, role: a");
        assert_eq!(value("X-ASRS-User-Claims"), claims);
        assert_eq!(value("X-ASRS-Client-Query"), "?q=1%20%26%3D");
        assert_eq!(value("X-ASRS-User-Id"), "älice");
        assert_eq!(value("X-Hubcast-Event-Time"), "1970-01-01T00:00:00Z");
        assert_eq!(value("X-Hubcast-Attempt"), "2");
    }
}
