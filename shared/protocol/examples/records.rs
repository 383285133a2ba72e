//! Writes one of every record that a server sends, as one frame.
//!
//! `tests/conformance/codec.test.js` shows it to the official clients.

use std::io::{self, Write};

use serde_json::value::RawValue;
use signalr_protocol::message::{
    Close, Completion, HubMessage, Invocation, Outcome, PING, StreamItem, invocation_record,
};

fn completion(invocation_id: &str, outcome: Outcome) -> String {
    let invocation_id = invocation_id.to_owned();
    HubMessage::Completion(Completion { invocation_id, outcome }).encode()
}

fn close(error: Option<&str>, allow_reconnect: bool) -> String {
    HubMessage::Close(Close { error: error.map(ToOwned::to_owned), allow_reconnect }).encode()
}

fn main() -> io::Result<()> {
    let json = |text: &str| RawValue::from_string(text.to_owned());
    let question = Invocation {
        invocation_id: Some("s1".to_owned()),
        target: "ask".to_owned(),
        arguments: json("[]")?,
        stream_ids: Vec::new(),
    };
    let records = [
        invocation_record(
            "notify",
            &json(r#"[ "你好，世界", {"n":1.50,"t":"\u001e\ud83d\ude00"}, null ]"#)?,
        ),
        invocation_record("発表\u{1e}\"", &json("[]")?),
        HubMessage::Invocation(question).encode(),
        HubMessage::StreamItem(StreamItem { invocation_id: "0".to_owned(), item: json("null")? })
            .encode(),
        completion("1", Outcome::Void),
        completion("2", Outcome::Result(json("null")?)),
        completion("3", Outcome::Result(json(r#"{"a":[false]}"#)?)),
        completion("4", Outcome::Error("Unknown hub method 'X'".to_owned())),
        PING.to_owned(),
        close(None, false),
        close(Some("Connection closed with an error."), false),
        close(Some("The session has expired."), true),
        HubMessage::Ack { sequence_id: 1 }.encode(),
        HubMessage::Sequence { sequence_id: 2 }.encode(),
    ];
    io::stdout().write_all(records.concat().as_bytes())
}
