//! What clients do, as it stands on the upstream queue, byte by byte, and the envelope that ends a
//! wait for backends.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use hubcast_model::client::Client;
use hubcast_model::event::{self, Call};
use hubcast_model::id::{ConnectionId, HubName, SocketId, UserId};
use hubcast_model::time::Timestamp;
use signalr_protocol::message::Invocation;

const NOW: Timestamp = Timestamp::from_millis(1_795_428_000_500);

fn client(user: Option<&str>) -> Client {
    let values = |name: &str, values: &[&str]| {
        [(name.to_owned(), values.iter().map(|value| (*value).to_owned()).collect())].into()
    };
    Client {
        hub: HubName::parse("Chat").unwrap(),
        connection: ConnectionId::parse("c=").unwrap(),
        user: user.map(|user| UserId::parse(user).unwrap()),
        claims: values("role", &["a", "b\u{ffff}"]),
        query: values("tier", &["gold"]),
    }
}

fn call(invocation_id: Option<&str>, is_stream: bool) -> Call {
    let invocation = Invocation {
        invocation_id: invocation_id.map(str::to_owned),
        target: "Ask \"ä\"".to_owned(),
        arguments: serde_json::from_str("[ 1.50, {\"b\":\"\u{fffe}\",\"a\":[ ]} ]").unwrap(),
        stream_ids: Vec::new(),
    };
    Call { invocation, is_stream }
}

fn socket() -> SocketId {
    SocketId::parse("s=").unwrap()
}

#[test]
fn beginnings_and_ends_are_the_same_bytes_as_ever() {
    let started = event::started(&socket(), &client(Some("älice")), NOW);
    assert_eq!(
        started.body,
        r#"{"eventId":"s=/connected","category":"connections","event":"connected","hub":"chat","connectionId":"c=","userId":"älice","claims":{"role":["a","b\uffff"]},"query":{"tier":["gold"]},"timestamp":"2026-11-23T10:00:00.5Z"}"#
    );
    let ended = event::ended(&socket(), &client(None), None, NOW);
    assert_eq!(
        ended.body,
        r#"{"eventId":"s=/disconnected","category":"connections","event":"disconnected","hub":"chat","connectionId":"c=","claims":{"role":["a","b\uffff"]},"query":{"tier":["gold"]},"timestamp":"2026-11-23T10:00:00.5Z"}"#
    );
    assert_eq!(
        (ended.id.as_str(), ended.group.as_str()),
        ("s=/disconnected", "chat:connection:c=")
    );
}

#[test]
fn calls_are_the_same_bytes_as_ever() {
    for (invocation_id, is_stream, end) in [
        (None, false, ""),
        (Some("7"), false, r#","invocationId":"7""#),
        (Some("7"), true, r#","invocationId":"7","stream":true"#),
    ] {
        let call = call(invocation_id, is_stream);
        let told = event::invoked(&socket(), &client(Some("alice")), &call, NOW);
        let (before, rest) = told.body.split_at(r#"{"eventId":"s=/"#.len() + 32);
        assert_eq!(before, format!(r#"{{"eventId":"{}"#, told.id));
        let expected = format!(
            r#"","category":"messages","event":"Ask \"ä\"","hub":"chat","connectionId":"c=","userId":"alice","claims":{{"role":["a","b\uffff"]}},"query":{{"tier":["gold"]}},"timestamp":"2026-11-23T10:00:00.5Z","target":"Ask \"ä\"","arguments":[ 1.50, {{"b":"\ufffe","a":[ ]}} ]{end}}}"#
        );
        assert_eq!(rest, expected);
        assert_eq!(told.group.as_str(), "chat:connection:c=");
    }
}

#[test]
fn the_end_of_a_wait_is_the_same_bytes_as_ever() {
    assert_eq!(
        event::time_out(&client(None), "7", "Ask \u{fffe}"),
        r#"{"hub":"chat","connectionId":"c=","invocationId":"7","error":"Invoking 'Ask \ufffe' was not answered in time."}"#
    );
}
