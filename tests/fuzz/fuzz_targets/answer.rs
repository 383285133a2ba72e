//! Whatever an endpoint answers, the client's call is settled by an envelope that can be read, or goes
//! on as a stream.
#![no_main]

use std::sync::LazyLock;

use hubcast_backend::webhook::OpenCall;
use hubcast_model::envelope::{Content, EnvelopeRules, parse};
use hubcast_model::event::{Event, EventKind};
use hubcast_model::id::HubName;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

static RULES: LazyLock<EnvelopeRules> = LazyLock::new(|| EnvelopeRules {
    default_hub: HubName::parse("n").expect("a name"),
    implicit_broadcast: false,
});
static CALL: LazyLock<Event> = LazyLock::new(|| event(false));
static STREAM: LazyLock<Event> = LazyLock::new(|| event(true));

fn event(is_stream: bool) -> Event {
    let event = json!({
        "eventId": "e", "category": "messages", "event": "Add", "hub": "n", "connectionId": "c",
        "claims": {}, "query": {}, "timestamp": "2026-11-23T10:00:00Z", "target": "Add",
        "arguments": [1], "invocationId": "7", "stream": is_stream,
    });
    let event = Event::parse(&event.to_string()).expect("an event");
    assert!(matches!(event.kind, EventKind::Call(_)));
    event
}

fuzz_target!(|input: &[u8]| {
    let Some((how, body)) = input.split_first() else { return };
    let status = [200, 204, 500][usize::from(*how >> 1) % 3];
    let event = if how & 1 == 0 { &CALL } else { &STREAM };
    let open = OpenCall::of(event).expect("a call that is open");
    let Some(envelope) = open.answered(status, body) else {
        assert!(how & 1 == 1 && body.is_empty());
        return;
    };
    let [element] = parse(&envelope, &RULES).expect("an envelope").try_into().expect("an element");
    let content = element.parsed.expect("a notification").content;
    assert!(matches!(content, Content::Answer { invocation_id, .. } if invocation_id == "7"));
});
