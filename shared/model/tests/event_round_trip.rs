//! The reader and the writer of events agree.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use hubcast_model::client::Client;
use hubcast_model::event::{Call, Category, Event, EventError, EventKind};
use hubcast_model::id::{ConnectionId, HubName, UserId};
use hubcast_model::time::Timestamp;
use hubcast_model::trace::Traceparent;
use hubcast_model::values::Values;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use signalr_protocol::message::Invocation;

const LAST_MILLISECOND: u64 = 253_402_300_799_999;

fn text() -> impl Strategy<Value = String> {
    "[ -~ä語😀\u{fffe}\u{ffff}\n]{0,12}"
}

fn values() -> impl Strategy<Value = Values> {
    btree_map(text(), vec(text(), 0..3), 0..3)
}

fn client() -> impl Strategy<Value = Client> {
    let user = "[a-zä語\"#.]([a-zä語 \"#]{0,8}[a-z])".prop_map(|id| UserId::parse(&id).unwrap());
    let connection = "[A-Za-z0-9+/=_-]{1,22}".prop_map(|id| ConnectionId::parse(&id).unwrap());
    let hub = select(vec!["n", "Chat", "a_b`c,d.e[f]"]).prop_map(|n| HubName::parse(n).unwrap());
    (hub, connection, option::of(user), values(), values()).prop_map(
        |(hub, connection, user, claims, query)| Client { hub, connection, user, claims, query },
    )
}

fn call() -> impl Strategy<Value = Call> {
    let arguments = select(vec!["[]", "[ 1.50, {\"b\":1,\"a\":[ ]} ]", "[null]"])
        .prop_map(|text| RawValue::from_string(text.to_owned()).unwrap());
    (option::of(text()), text(), arguments, any::<bool>()).prop_map(
        |(invocation_id, target, arguments, is_stream)| {
            let stream_ids = Vec::new();
            let invocation = Invocation { invocation_id, target, arguments, stream_ids };
            Call { invocation, is_stream }
        },
    )
}

fn event() -> impl Strategy<Value = Event> {
    let kind = prop_oneof![
        Just(EventKind::Connected),
        Just(EventKind::Disconnected { why: None }),
        Just(EventKind::Disconnected { why: Some("why".to_owned()) }),
        call().prop_map(EventKind::Call),
        text().prop_map(|invocation_id| EventKind::Cancelled { invocation_id }),
    ];
    let at = (0..=LAST_MILLISECOND).prop_map(Timestamp::from_millis);
    (text(), client(), at, kind, any::<bool>()).prop_map(|(id, client, at, kind, is_put_off)| {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let trace = Traceparent::parse(trace).filter(|_| is_put_off);
        Event { id, client, at, kind, is_put_off, tries: u32::from(is_put_off), trace }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn what_is_written_reads_back_the_same(event in event()) {
        let message = event.to_message();
        let read = Event::parse(&message.body).unwrap();
        prop_assert_eq!(format!("{read:?}"), format!("{event:?}"), "{}", message.body);
        let again = if event.is_put_off { "/later" } else { "" };
        prop_assert_eq!(&message.id, &format!("{}{again}", event.id));
        prop_assert!(!message.body.contains(['\u{fffe}', '\u{ffff}']), "{}", message.body);
    }

    #[test]
    fn what_was_read_writes_back_the_same(event in event()) {
        let written = event.to_message();
        // Backends may write a JSON object in any order.
        let sorted: Map<String, Value> = serde_json::from_str(&written.body).unwrap();
        let again = Event::parse(&written.body).unwrap().to_message();
        prop_assert_eq!(&again, &written);
        let of_sorted = Event::parse(&Value::Object(sorted).to_string()).unwrap();
        prop_assert_eq!(of_sorted.name(), event.name());
        prop_assert_eq!(of_sorted.category(), event.category());
    }
}

#[test]
fn what_is_no_event_says_why() {
    let base = r#""eventId":"e","hub":"n","connectionId":"c","timestamp":"2026-11-23T10:00:00Z""#;
    let read = |more: &str| Event::parse(&format!("{{{base},{more}}}"));
    let begun = read(r#""category":"connections","event":"connected""#).unwrap();
    assert_eq!((begun.name(), begun.category()), ("connected", Category::Connections));
    let other = read(r#""category":"connections","event":"renamed""#);
    assert!(matches!(other, Err(EventError::Unknown)));
    let incomplete = read(r#""category":"messages","event":"Add","target":"Add""#);
    assert!(matches!(incomplete, Err(EventError::Incomplete)));
    for body in ["", "nonsense", "{}", "[1]", &format!(r#"{{{base},"category":"x","event":"y"}}"#)]
    {
        assert!(matches!(Event::parse(body), Err(EventError::Json(_))), "{body}");
    }
    let connected = format!(r#"{{{base},"category":"connections","event":"connected"}}"#);
    let nobody = connected.replace(r#""connectionId":"c""#, r#""connectionId":"""#);
    assert!(matches!(Event::parse(&nobody), Err(EventError::Name(_))));
    let never = connected.replace("2026-11-23T10:00:00Z", "today");
    assert!(matches!(Event::parse(&never), Err(EventError::Time(_))));
}
