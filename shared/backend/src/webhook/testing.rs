//! Events for the tests of this folder.

use signalr_protocol::message::Invocation;

use hubcast_model::client::Client;
use hubcast_model::event::{Call, Event, EventKind};
use hubcast_model::id::{ConnectionId, HubName};
use hubcast_model::time::Timestamp;
use hubcast_model::values::Values;

/// The beginning of a connection.
pub(super) fn connected(hub: &str) -> Event {
    let client = Client {
        hub: HubName::parse(hub).unwrap(),
        connection: ConnectionId::parse("c").unwrap(),
        user: None,
        claims: Values::new(),
        query: Values::new(),
    };
    let at = Timestamp::from_millis(0);
    let (id, kind) = ("e".to_owned(), EventKind::Connected);
    Event { id, client, at, kind, is_put_off: false, tries: 0, trace: None }
}

/// A call of a method, of which the client expects an answer.
pub(super) fn call(hub: &str, target: &str) -> Event {
    let invocation = Invocation {
        invocation_id: Some("7".to_owned()),
        target: target.to_owned(),
        arguments: serde_json::from_str("[1]").unwrap(),
        stream_ids: Vec::new(),
    };
    Event { kind: EventKind::Call(Call { invocation, is_stream: false }), ..connected(hub) }
}
