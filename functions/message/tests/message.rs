//! Recorded frames, and that the answer is 200 whatever happens.

#![expect(clippy::panic, reason = "a test that cannot go on should say so")]

use std::time::Duration;

use aws_lambda_events::encodings::Body;
use hubcast_connection::frames::{FramePorts, Frames};
use hubcast_membership::shards::Shards;
use hubcast_model::ports::SocketStore;
use hubcast_model::socket::SocketState;
use hubcast_testkit::{Answer, Fault, MemoryStore, RecordingGateway, TestClock};
use hubcast_testkit::{event, name, socket};
use hubcast_wiring::config::FramesConfig;
use serde_json::{Value, json};

const HANDSHAKE: &str = include_str!("../events/handshake.json");
const PING: &str = include_str!("../events/ping.json");
const INVOCATION: &str = include_str!("../events/invocation.json");
const SOCKET: &str = "L0SM9cOFvHcCIhw=";
const PATIENCE: Duration = Duration::from_secs(9);

struct Rig {
    store: MemoryStore,
    gateway: RecordingGateway,
    frames: Frames<MemoryStore, RecordingGateway, TestClock>,
}

/// The functions over a table that knows the socket of the events.
async fn connecting() -> Rig {
    let (store, gateway) = (MemoryStore::default(), RecordingGateway::default());
    let known = socket::connecting("notifications", SOCKET, "alice");
    assert!(store.create_socket(&known).await.is_ok());
    let config = FramesConfig::read(|name| {
        let endpoint = "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod";
        match name {
            "TABLE_NAME" => Some("t".to_owned()),
            "MANAGEMENT_ENDPOINT" => Some(endpoint.to_owned()),
            _ => None,
        }
    });
    let config = config.unwrap_or_else(|err| panic!("{err}"));
    let ports = FramePorts::new(store.clone(), gateway.clone(), TestClock::default());
    let frames = Frames::new(ports, &config.frames, Shards::new(config.shards));
    Rig { store, gateway, frames }
}

async fn ready() -> Rig {
    let rig = connecting().await;
    assert_eq!(rig.answer(HANDSHAKE, |_| {}).await, None);
    rig
}

impl Rig {
    /// The frame that API Gateway sends back.
    async fn answer(&self, json: &str, change: impl FnOnce(&mut Value)) -> Option<String> {
        let event = event::recorded(json, change);
        let answer = message::handle(&self.frames, event, PATIENCE).await;
        assert_eq!(answer.status_code, 200);
        answer.body.map(|body| match body {
            Body::Text(text) => text,
            other => panic!("{other:?}"),
        })
    }
}

#[tokio::test]
async fn a_handshake_is_answered_by_a_post_and_makes_the_socket_ready() {
    let rig = connecting().await;
    assert_eq!(rig.answer(HANDSHAKE, |_| {}).await, None);
    assert_eq!(rig.gateway.frames(&name::socket(SOCKET)), ["{}\u{1e}"]);
    assert_eq!(rig.store.sockets()[0].state, SocketState::Ready);
}

#[tokio::test]
async fn a_ping_is_answered_in_the_reply() {
    let rig = ready().await;
    assert_eq!(rig.answer(PING, |_| {}).await.as_deref(), Some("{\"type\":6}\u{1e}"));
    assert_eq!(rig.gateway.arrivals().len(), 1, "the handshake's answer only");
}

#[tokio::test]
async fn an_invocation_is_answered_in_the_reply() {
    let rig = ready().await;
    let completion = format!("{{\"type\":3,\"invocationId\":\"1\",\"result\":\"{SOCKET}\"}}\u{1e}");
    assert_eq!(rig.answer(INVOCATION, |_| {}).await, Some(completion));
}

#[tokio::test]
async fn an_event_that_is_not_ours_does_nothing() {
    let changes: [fn(&mut Value); 2] = [
        |event| event["requestContext"]["eventType"] = json!("CONNECT"),
        |event| event["requestContext"]["eventType"] = Value::Null,
    ];
    for change in changes {
        let rig = connecting().await;
        assert_eq!(rig.answer(HANDSHAKE, change).await, None);
        assert!(rig.gateway.arrivals().is_empty());
        assert_eq!(rig.store.sockets()[0].state, SocketState::Connecting);
    }
}

/// Its client would wait for an answer in vain, and stay connected and deaf.
#[tokio::test]
async fn a_frame_of_nobody_is_answered_by_an_end_that_its_client_can_read() {
    let changes: [fn(&mut Value); 5] = [
        |event| event["requestContext"]["authorizer"] = Value::Null,
        |event| event["requestContext"]["authorizer"]["issuedAt"] = json!("yesterday"),
        |event| event["requestContext"]["authorizer"]["hub"] = Value::Null,
        |event| event["requestContext"]["connectionId"] = Value::Null,
        |event| event["requestContext"]["connectedAt"] = json!(-1),
    ];
    for change in changes {
        let rig = connecting().await;
        let error = "Connection closed with an error.";
        let refusal = format!("{{\"error\":\"{error}\"}}\u{1e}");
        assert_eq!(rig.answer(HANDSHAKE, change).await, Some(refusal));
        let close = format!("{{\"type\":7,\"error\":\"{error}\",\"allowReconnect\":true}}\u{1e}");
        assert_eq!(rig.answer(PING, change).await, Some(close));
        assert!(rig.gateway.arrivals().is_empty());
        assert_eq!(rig.store.sockets()[0].state, SocketState::Connecting);
    }
}

#[tokio::test]
async fn a_frame_of_nothing_or_of_nonsense_is_answered_with_a_close_at_most() {
    for body in [Value::Null, json!(""), json!("\u{1e}"), json!("nonsense"), json!("[1]\u{1e}")] {
        let rig = ready().await;
        let answer = rig.answer(PING, |event| event["body"] = body.clone()).await;
        if let Some(answer) = answer {
            assert!(answer.starts_with("{\"type\":7,"), "{body}: {answer}");
            assert!(answer.ends_with('\u{1e}'), "{body}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_table_that_fails_or_panics_still_makes_200() {
    for fault in [Fault::Unavailable, Fault::Panic] {
        let rig = ready().await;
        for operation in ["socket", "note_channels"] {
            rig.store.fault(operation, fault);
        }
        let join = |event: &mut Value| {
            let frame = "{\"type\":1,\"invocationId\":\"1\",\"target\":\"JoinGroup\",\"arguments\":[\"admins\"]}\u{1e}";
            event["body"] = json!(frame);
        };
        let answer = rig.answer(INVOCATION, join).await;
        assert!(answer.is_some_and(|answer| answer.ends_with('\u{1e}')), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_table_that_hangs_still_makes_200_in_time() {
    let rig = connecting().await;
    rig.store.fault("begin_handshake", Fault::Hang);
    let started = tokio::time::Instant::now();
    assert_eq!(rig.answer(HANDSHAKE, |_| {}).await, None);
    assert!(started.elapsed() <= PATIENCE && rig.gateway.is_deleted(&name::socket(SOCKET)));

    let rig = ready().await;
    rig.store.fault("socket", Fault::Hang);
    let started = tokio::time::Instant::now();
    let answer = rig.answer(PING, |_| {}).await.unwrap();
    assert!(answer.contains("\"allowReconnect\":true"), "{answer}");
    assert!(started.elapsed() <= PATIENCE);
}

#[tokio::test]
async fn a_handshake_whose_post_fails_leaves_the_socket_unready() {
    let rig = connecting().await;
    rig.gateway.always(&name::socket(SOCKET), Answer::Gone);
    rig.answer(HANDSHAKE, |_| {}).await;
    let states: Vec<SocketState> = rig.store.sockets().iter().map(|socket| socket.state).collect();
    assert!(!states.contains(&SocketState::Ready), "{states:?}");
    assert!(rig.store.rows().is_empty());
}

#[tokio::test]
async fn events_may_have_more_and_less_than_those_recorded() {
    let rig = ready().await;
    let more = |event: &mut Value| {
        event["requestContext"]["somethingNew"] = json!({ "a": 1 });
        event["headers"] = json!({ "Host": "x" });
    };
    assert!(rig.answer(PING, more).await.is_some());
    let less = |event: &mut Value| {
        event["isBase64Encoded"] = Value::Null;
        let context = event["requestContext"].as_object_mut();
        if let Some(context) = context {
            context.retain(|name, _| {
                let needed =
                    ["eventType", "connectionId", "connectedAt", "authorizer", "requestTimeEpoch"];
                needed.contains(&name.as_str())
            });
        }
    };
    assert!(ready().await.answer(PING, less).await.is_some());
}
