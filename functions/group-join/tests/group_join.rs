//! The recorded frames that API Gateway routes by their target.

#![expect(clippy::panic, reason = "a test that cannot go on should say so")]

use std::time::Duration;

use aws_lambda_events::apigw::ApiGatewayProxyResponse;
use aws_lambda_events::encodings::Body;
use hubcast_connection::frames::{FramePorts, Frames};
use hubcast_membership::shards::Shards;
use hubcast_model::ports::SocketStore;
use hubcast_testkit::{MemoryStore, RecordingGateway, TestClock, event, name, socket};
use hubcast_wiring::config::FramesConfig;
use serde_json::{Value, json};

const JOIN: &str = include_str!("../events/join-group.json");
const LEAVE: &str = include_str!("../events/leave-group.json");
const SOCKET: &str = "L0SM9cOFvHcCIhw=";

struct Rig {
    store: MemoryStore,
    frames: Frames<MemoryStore, RecordingGateway, TestClock>,
}

impl Rig {
    /// Functions over a table in which the socket of the events is ready.
    async fn ready() -> Self {
        let (store, gateway) = (MemoryStore::default(), RecordingGateway::default());
        let known = socket::connecting("notifications", SOCKET, "alice");
        assert!(store.create_socket(&known).await.is_ok());
        let config = FramesConfig::read(|name| match name {
            "TABLE_NAME" => Some("t".to_owned()),
            "MANAGEMENT_ENDPOINT" => Some("https://api.example.com/prod".to_owned()),
            _ => None,
        });
        let config = config.unwrap_or_else(|err| panic!("{err}"));
        let ports = FramePorts::new(store.clone(), gateway, TestClock::default());
        let frames = Frames::new(ports, &config.frames, Shards::new(config.shards));
        let rig = Self { store, frames };
        let handshake = json!("{\"protocol\":\"json\",\"version\":1}\u{1e}");
        assert_eq!(rig.answer(JOIN, |event| event["body"] = handshake).await, None);
        rig
    }

    async fn handle(&self, json: &str, change: impl FnOnce(&mut Value)) -> ApiGatewayProxyResponse {
        let event = event::recorded(json, change);
        group_join::handle(&self.frames, event, Duration::from_secs(9)).await
    }

    async fn answer(&self, json: &str, change: impl FnOnce(&mut Value)) -> Option<String> {
        let answer = self.handle(json, change).await;
        assert_eq!(answer.status_code, 200);
        answer.body.map(|body| match body {
            Body::Text(text) => text,
            other => panic!("{other:?}"),
        })
    }

    fn is_in(&self, group: &str) -> bool {
        let group = name::group(group).keyed();
        let channels = self.store.channels_of(&name::socket(SOCKET));
        channels.iter().any(|channel| channel.group_of().as_ref() == Some(&group))
    }
}

#[tokio::test]
async fn a_client_leaves_a_group_and_joins_it_again() {
    let rig = Rig::ready().await;
    assert!(rig.is_in("admins"), "its token says so");
    let left = rig.answer(LEAVE, |_| {}).await;
    assert_eq!(left.as_deref(), Some("{\"type\":3,\"invocationId\":\"3\"}\u{1e}"));
    assert!(!rig.is_in("admins"));
    let joined = rig.answer(JOIN, |_| {}).await;
    assert_eq!(joined.as_deref(), Some("{\"type\":3,\"invocationId\":\"2\"}\u{1e}"));
    assert!(rig.is_in("admins"));
}

#[tokio::test]
async fn a_group_that_is_not_the_clients_is_refused() {
    let rig = Rig::ready().await;
    let other = |event: &mut Value| {
        let frame = "{\"type\":1,\"invocationId\":\"2\",\"target\":\"JoinGroup\",\"arguments\":[\"secret\"]}\u{1e}";
        event["body"] = json!(frame);
    };
    let answer = rig.answer(JOIN, other).await.unwrap();
    assert!(answer.contains("\"error\":"), "{answer}");
    assert!(!rig.is_in("secret"));
}

#[tokio::test]
async fn an_event_that_is_not_a_message_does_nothing() {
    let rig = Rig::ready().await;
    for kind in ["CONNECT", "DISCONNECT"] {
        let change = |event: &mut Value| event["requestContext"]["eventType"] = json!(kind);
        assert_eq!(rig.answer(LEAVE, change).await, None);
    }
    assert!(rig.is_in("admins"));
}
