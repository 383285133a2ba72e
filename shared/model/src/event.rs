//! Events as backends read them, and the envelope that ends a wait for them.

use std::ops::Not;

use serde::Serialize;
use serde_json::value::RawValue;
use signalr_protocol::message::Invocation;
use signalr_protocol::texts;

use crate::client::{Client, Values};
use crate::id::{SocketId, UserId};
use crate::ports::UpstreamMessage;
use crate::time::Timestamp;

const CONNECTIONS: &str = "connections";
const MESSAGES: &str = "messages";

/// What a client asks backends for.
#[derive(Debug)]
pub struct Call {
    /// The method and its arguments.
    pub invocation: Invocation,
    /// Whether it wants a stream.
    pub is_stream: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    #[serde(rename = "eventId")]
    id: &'a str,
    category: &'a str,
    #[serde(rename = "event")]
    name: &'a str,
    hub: &'a str,
    connection_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    claims: &'a Values,
    query: &'a Values,
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invocation_id: Option<&'a str>,
    #[serde(rename = "stream", skip_serializing_if = "Not::not")]
    is_stream: bool,
}

/// A client has connected, and hears everything from now on.
pub fn started(socket: &SocketId, client: &Client, now: Timestamp) -> UpstreamMessage {
    message(client, &format!("{socket}/connected"), now, Kind::Connection("connected"))
}

/// A client that was told of has ended.
pub fn ended(socket: &SocketId, client: &Client, now: Timestamp) -> UpstreamMessage {
    message(client, &format!("{socket}/disconnected"), now, Kind::Connection("disconnected"))
}

/// A client invokes a method.
pub fn invoked(socket: &SocketId, client: &Client, call: &Call, now: Timestamp) -> UpstreamMessage {
    let id = format!("{socket}/{:032x}", fastrand::u128(..));
    message(client, &id, now, Kind::Call(call))
}

/// Which event.
#[derive(Clone, Copy)]
enum Kind<'a> {
    /// Of a connection, by its name.
    Connection(&'static str),
    Call(&'a Call),
}

fn message(client: &Client, id: &str, now: Timestamp, kind: Kind<'_>) -> UpstreamMessage {
    let (category, name, call) = match kind {
        Kind::Connection(name) => (CONNECTIONS, name, None),
        Kind::Call(call) => (MESSAGES, call.invocation.target.as_str(), Some(call)),
    };
    let invocation = call.map(|call| &call.invocation);
    let event = Event {
        id,
        category,
        name,
        hub: client.hub.as_str(),
        connection_id: client.connection.as_str(),
        user_id: client.user.as_ref().map(UserId::as_str),
        claims: &client.claims,
        query: &client.query,
        timestamp: now.to_rfc3339(),
        target: invocation.map(|call| call.target.as_str()),
        arguments: invocation.map(|call| &*call.arguments),
        invocation_id: invocation.and_then(|call| call.invocation_id.as_deref()),
        is_stream: call.is_some_and(|call| call.is_stream),
    };
    let group = format!("{}:connection:{}", client.hub, client.connection);
    UpstreamMessage { body: allowed(&event), group, id: id.to_owned() }
}

/// The JSON of a value, in characters that SQS takes. What it does not take can only stand within
/// texts, where it may as well be escaped.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
fn allowed(value: &impl Serialize) -> String {
    // The two ways in which serde_json can fail do not occur: there are no maps with keys that are
    // no texts, and a String takes everything.
    let json = serde_json::to_string(value).unwrap_or_default();
    json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff")
}

/// The envelope that answers an invocation nobody answered in time.
pub fn time_out(client: &Client, invocation_id: &str, target: &str) -> String {
    let error = texts::unanswered(target);
    answer(&Reply {
        hub: client.hub.as_str(),
        connection_id: client.connection.as_str(),
        invocation_id,
        result: None,
        error: Some(&error),
    })
}

/// What an answer's envelope says.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply<'a> {
    /// The hub of the connection.
    pub hub: &'a str,
    /// The connection that waits.
    pub connection_id: &'a str,
    /// The id of its invocation.
    pub invocation_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// The result as JSON; `None` beside an error, and for a method without a result.
    pub result: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// The text of the client's error.
    pub error: Option<&'a str>,
}

/// The envelope of an answer.
pub fn answer(reply: &Reply<'_>) -> String {
    allowed(reply)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::id::{ConnectionId, HubName, UserId};

    fn client() -> Client {
        Client {
            hub: HubName::parse("n").unwrap(),
            connection: ConnectionId::parse("c").unwrap(),
            user: Some(UserId::parse("älice").unwrap()),
            claims: [("role".to_owned(), vec!["a".to_owned(), "b".to_owned()])].into(),
            query: [("tier".to_owned(), vec!["gold".to_owned()])].into(),
        }
    }

    fn call(arguments: &str) -> Call {
        let invocation = Invocation {
            invocation_id: Some("7".to_owned()),
            target: "Ask".to_owned(),
            arguments: serde_json::from_str(arguments).unwrap(),
            stream_ids: Vec::new(),
        };
        Call { invocation, is_stream: false }
    }

    fn socket() -> SocketId {
        SocketId::parse("s=").unwrap()
    }

    #[test]
    fn a_beginning_says_who_it_is() {
        let told = started(&socket(), &client(), Timestamp::from_millis(1_795_428_000_001));
        let body: Value = serde_json::from_str(&told.body).unwrap();
        assert_eq!(
            body,
            json!({
                "eventId": "s=/connected", "category": "connections", "event": "connected",
                "hub": "n", "connectionId": "c", "userId": "älice",
                "claims": { "role": ["a", "b"] }, "query": { "tier": ["gold"] },
                "timestamp": "2026-11-23T10:00:00.001Z",
            })
        );
        assert_eq!((told.id.as_str(), told.group.as_str()), ("s=/connected", "n:connection:c"));
    }

    #[test]
    fn arguments_pass_byte_for_byte() {
        let told = invoked(
            &socket(),
            &client(),
            &call(r#"[ 1.50, {"b":1,"a":[ ]} ]"#),
            Timestamp::from_millis(0),
        );
        assert!(told.body.contains(r#""arguments":[ 1.50, {"b":1,"a":[ ]} ],"#), "{}", told.body);
    }

    #[test]
    fn what_sqs_does_not_take_is_escaped() {
        let told = invoked(
            &socket(),
            &client(),
            &call("[\"a\u{fffe}b\u{ffff}\"]"),
            Timestamp::from_millis(0),
        );
        assert!(told.body.contains(r#"["a\ufffeb\uffff"]"#), "{}", told.body);
        let body: Value = serde_json::from_str(&told.body).unwrap();
        assert_eq!(body["arguments"], json!(["a\u{fffe}b\u{ffff}"]));
    }

    #[test]
    fn every_invocation_is_an_event_of_its_own() {
        let told =
            [(); 2].map(|()| invoked(&socket(), &client(), &call("[]"), Timestamp::from_millis(0)));
        assert_ne!(told[0].id, told[1].id);
    }
}
