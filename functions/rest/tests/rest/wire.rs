//! What calls of the REST API put on the queue, byte by byte.

use std::fmt::Write;

use hubcast_model::access::{Membership, Standing};
use hubcast_model::channel::ChannelKey;
use hubcast_model::ports::{ChannelStore, MembershipStore, SocketStore, UsageStore};
use hubcast_model::retention::Use;
use hubcast_model::socket::{Socket, SocketState};
use hubcast_testkit::{name, socket};
use serde_json::{Value, json};

use crate::rig::{Rig, rig, text};

const HUB: &str = "notifications";
const DATED: &str = "api-version=2024-12-01";

/// One request: its method, path and query, and its body.
struct RestCall {
    method: &'static str,
    path: &'static str,
    query: &'static str,
    body: &'static str,
}

const fn post(path: &'static str, body: &'static str) -> RestCall {
    RestCall { method: "POST", path, query: "", body }
}

const fn with(method: &'static str, path: &'static str, query: &'static str) -> RestCall {
    RestCall { method, path, query, body: "" }
}

const MESSAGE: &str =
    "{\"target\":\"m\",\"arguments\":[ 1.0, {\"b\":\"ä\u{fffe}\u{ffff}\",\"a\":null} ]}";

const CALLS: &[RestCall] = &[
    post(":send", MESSAGE),
    RestCall {
        method: "POST",
        path: ":send",
        query: "excluded=c1&excluded=c2",
        body: "{\"target\":\"a \\\"b\\\"\"}",
    },
    post("users/alice/:send", MESSAGE),
    post("users/%C3%A4lice%20%22x%22/:send", "{\"target\":\"m\"}"),
    RestCall {
        method: "POST",
        path: "groups/g/:send",
        query: "excluded=c1",
        body: "{\"target\":\"m\"}",
    },
    post("connections/s1=/:send", "{\"target\":\"m\"}"),
    with("POST", ":closeConnections", ""),
    with("POST", ":closeConnections", "reason=go%20%EF%BF%BE&allowReconnect=true&excluded=c1"),
    with("POST", "groups/g/:closeConnections", "reason=&allowReconnect=false"),
    with("POST", "users/alice/:closeConnections", "reason=bye"),
    with("POST", "users/alice/:closeConnections", "revoke=true"),
    with("POST", "users/alice/:closeConnections", "revoke=true&allowReconnect=true"),
    with("POST", "users/alice/:closeConnections", "allowReconnect=False"),
    with("DELETE", "connections/s1=", "reason=bye"),
    with("DELETE", "connections/s1=", "allowReconnect=false"),
    post("connections/s1=/:invoke", MESSAGE),
    RestCall { method: "POST", path: "connections/s1=/streams/7/:send", query: "", body: "null" },
    RestCall {
        method: "POST",
        path: "connections/s1=/streams/7/:send",
        query: "completed=true",
        body: "[ 1 ]",
    },
    with("POST", "connections/s1=/streams/7/:complete", ""),
    with("POST", "connections/s1=/streams/7/:complete", "error=no"),
    with("PUT", "groups/g/connections/s1=", ""),
    with("DELETE", "groups/g/connections/s1=", ""),
    with("DELETE", "connections/s1=/groups", ""),
    with("PUT", "users/alice/groups/g", ""),
    with("DELETE", "users/alice/groups/g", ""),
    with("DELETE", "users/alice/groups", ""),
    post(
        ":execute",
        "[{\"type\":\"JoinGroup\",\"group\":\"g\"},{\"type\":\"LeaveGroup\",\"group\":\"h\"},{\"type\":\"SendMessage\",\"message\":{\"target\":\"m\",\"arguments\":[ 1 ]}},{\"type\":\"CloseConnection\"},{\"type\":\"CloseConnection\",\"reason\":\"bye\",\"allowReconnect\":false}]",
    ),
];

/// One connection of alice that is ready and in a group whose name its key cannot hold, on a hub
/// where values are retained for groups.
async fn populate(rig: &Rig) {
    let long = name::group(&"g".repeat(300)).keyed();
    let hub = name::hub(HUB);
    let channels = [
        ChannelKey::user(&hub, &name::user("alice")),
        ChannelKey::group(&hub, &name::group("token").keyed(), 0),
        ChannelKey::group(&hub, &long, 0),
        ChannelKey::hub(&hub, 0),
    ];
    let ready = Socket {
        state: SocketState::Ready,
        channels: channels.into(),
        ..socket::connecting(HUB, "s1=", "alice")
    };
    rig.store.create_socket(&ready).await.unwrap();
    rig.store.put_rows(&ready.rows(&ready.channels, None)).await.unwrap();
    rig.store.note_use(&hub, Use::GroupBoards).await.unwrap();
    let group = name::group("lasting").keyed();
    let lasting = Membership { group, standing: Standing::Member, expires: None };
    rig.store.put_membership(&hub, &name::user("alice"), &lasting).await.unwrap();
}

/// The same text without what differs each time.
fn steady(body: &str) -> String {
    let value: Value = serde_json::from_str(body).unwrap();
    match value["invocationId"].as_str() {
        Some(id) if id.len() == 32 => body.replace(id, "{id}"),
        _ => body.to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn every_call_enqueues_the_same_bytes_as_ever() {
    let mut seen = String::new();
    for RestCall { method, path, query, body } in CALLS {
        let rig = rig();
        populate(&rig).await;
        let at = format!("/api/hubs/{HUB}/{path}");
        let answer = rig.answer(|event| {
            event["rawPath"] = json!(at);
            event["headers"][rest::RAW_PATH_HEADER] = json!(at);
            event["rawQueryString"] = json!(format!("{DATED}&{query}"));
            event["requestContext"]["http"]["method"] = json!(method);
            event["body"] = json!(body);
        });
        let status = answer.await.status_code;
        writeln!(seen, "{method} {path}?{query} {status}").unwrap();
        for sent in rig.queue.sent() {
            writeln!(seen, "  {} {}", sent.group, steady(&sent.body)).unwrap();
        }
    }
    assert_eq!(seen, include_str!("wire.txt"), "{seen}");
}

/// The page of the API says that each call with a message answers the ids.
#[tokio::test(start_paused = true)]
async fn whoever_sends_learns_the_ids_of_the_messages() {
    let envelope = r#"{"userId":"alice","target":"m","arguments":[]}"#;
    for (path, body) in [(":send", MESSAGE), (":enqueue", envelope), (":closeConnections", "")] {
        let rig = rig();
        let at = format!("/api/hubs/{HUB}/{path}");
        let answer = rig.answer(|event| {
            event["rawPath"] = json!(at);
            event["headers"][rest::RAW_PATH_HEADER] = json!(at);
            event["rawQueryString"] = json!(DATED);
            event["body"] = json!(body);
        });
        let answer = answer.await;
        assert!(answer.status_code < 300, "{path}: {}", text(&answer));
        assert_eq!(answer.headers["x-hubcast-message-id"], "id-0", "{path}");
    }
}
