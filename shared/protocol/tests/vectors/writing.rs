//! Messages, and the records that they are written as.

use serde_json::value::RawValue;
use signalr_protocol::message::{
    Close, Completion, HubMessage, Invocation, Json, Outcome, StreamInvocation, StreamItem,
    invocation_record,
};

fn json(text: &str) -> Json {
    RawValue::from_string(text.to_owned()).unwrap()
}

fn call(invocation_id: Option<&str>, stream_ids: &[&str]) -> HubMessage {
    HubMessage::Invocation(Invocation {
        invocation_id: invocation_id.map(ToOwned::to_owned),
        target: "m".to_owned(),
        arguments: json("[1, 2]"),
        stream_ids: stream_ids.iter().map(ToString::to_string).collect(),
    })
}

fn end(outcome: Outcome) -> HubMessage {
    HubMessage::Completion(Completion { invocation_id: "1".to_owned(), outcome })
}

fn close(error: Option<&str>, allow_reconnect: bool) -> HubMessage {
    HubMessage::Close(Close { error: error.map(ToOwned::to_owned), allow_reconnect })
}

#[test]
fn messages_are_written_as_the_net_server_writes_them() {
    let invocation_id = || "1".to_owned();
    let written = [
        (call(None, &[]), r#"{"type":1,"target":"m","arguments":[1, 2]}"#),
        (call(Some("1"), &[]), r#"{"type":1,"invocationId":"1","target":"m","arguments":[1, 2]}"#),
        (call(Some(""), &[]), r#"{"type":1,"target":"m","arguments":[1, 2]}"#),
        (call(None, &["s"]), r#"{"type":1,"target":"m","arguments":[1, 2],"streamIds":["s"]}"#),
        (
            HubMessage::StreamItem(StreamItem {
                invocation_id: invocation_id(),
                item: json("null"),
            }),
            r#"{"type":2,"invocationId":"1","item":null}"#,
        ),
        (end(Outcome::Void), r#"{"type":3,"invocationId":"1"}"#),
        (end(Outcome::Result(json("null"))), r#"{"type":3,"invocationId":"1","result":null}"#),
        (
            end(Outcome::Error("Unknown hub method 'X'".to_owned())),
            r#"{"type":3,"invocationId":"1","error":"Unknown hub method 'X'"}"#,
        ),
        (
            HubMessage::StreamInvocation(StreamInvocation {
                invocation_id: invocation_id(),
                target: "発\"".to_owned(),
                arguments: json("[]"),
                stream_ids: Vec::new(),
            }),
            r#"{"type":4,"invocationId":"1","target":"発\"","arguments":[]}"#,
        ),
        (
            HubMessage::CancelInvocation { invocation_id: invocation_id() },
            r#"{"type":5,"invocationId":"1"}"#,
        ),
        (HubMessage::Ping, r#"{"type":6}"#),
        (close(None, false), r#"{"type":7}"#),
        (close(Some("a\u{1e}b"), false), r#"{"type":7,"error":"a\u001eb"}"#),
        (close(Some("E"), true), r#"{"type":7,"error":"E","allowReconnect":true}"#),
        (HubMessage::Ack { sequence_id: 1 }, r#"{"type":8,"sequenceId":1}"#),
        (HubMessage::Sequence { sequence_id: 2 }, r#"{"type":9,"sequenceId":2}"#),
    ];
    for (message, record) in written {
        assert_eq!(message.encode(), format!("{record}\u{1e}"));
    }
}

#[test]
fn a_notification_is_written_like_an_invocation_that_wants_no_answer() {
    assert_eq!(invocation_record("m", &json("[1, 2]")), call(None, &[]).encode());
}
