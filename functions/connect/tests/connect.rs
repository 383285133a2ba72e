//! A recorded `$connect` event, and who is let in.

use std::time::Duration;

use std::collections::BTreeSet;

use aws_lambda_events::apigw::ApiGatewayProxyResponse;
use hubcast_connection::connect::{ConnectSettings, Reception};
use hubcast_model::access::Block;
use hubcast_model::ports::{BlockStore, ClientStore, SocketStore};
use hubcast_model::settings::{Hubs, Origins, PublicUrl};
use hubcast_model::socket::{Socket, SocketState};
use hubcast_model::time::Timestamp;
use hubcast_testkit::clock::START;
use hubcast_testkit::{Fault, MemoryStore, TestClock, event, name, socket};
use serde_json::{Value, json};

const BROWSER: &str = include_str!("../events/browser.json");

fn settings() -> ConnectSettings {
    ConnectSettings {
        hubs: Hubs::Only(vec![name::hub("notifications"), name::hub("orders")]),
        origins: Origins::Only(vec!["https://app.example.com".to_owned()]),
        public_url: PublicUrl::Fixed("https://push.example.com".to_owned()),
        reconnect_grace: Duration::from_mins(10),
        has_upstream: false,
    }
}

fn reception(store: &MemoryStore, settings: ConnectSettings) -> Reception<MemoryStore, TestClock> {
    Reception::new(store.clone(), TestClock::default(), settings)
}

async fn answer(store: &MemoryStore, change: impl FnOnce(&mut Value)) -> ApiGatewayProxyResponse {
    let event = event::recorded(BROWSER, change);
    connect::handle(&reception(store, settings()), event).await
}

async fn status(store: &MemoryStore, change: impl FnOnce(&mut Value)) -> i64 {
    answer(store, change).await.status_code
}

fn set_hub(event: &mut Value, hubs: &[&str]) {
    event["queryStringParameters"] =
        hubs.last().map_or_else(|| json!({}), |hub| json!({ "hub": hub }));
    // A name without a value is not in an event.
    let named = if hubs.is_empty() { json!({}) } else { json!({ "hub": hubs }) };
    event["multiValueQueryStringParameters"] = named;
}

fn expected() -> Socket {
    let id = "L0SM9cOFvHcCIhw=";
    Socket {
        connected_at: START,
        channels: BTreeSet::new(),
        ..socket::connecting("notifications", id, "alice")
    }
}

#[tokio::test]
async fn a_socket_is_recorded_and_not_yet_reachable() {
    let store = MemoryStore::default();
    let answer = answer(&store, |_| {}).await;
    assert_eq!((answer.status_code, answer.body), (200, None));
    assert_eq!(store.sockets(), [expected()]);
    assert_eq!(store.sockets()[0].state, SocketState::Connecting);
    assert!(store.rows().is_empty());
}

#[tokio::test]
async fn an_event_that_comes_twice_changes_nothing() {
    let store = MemoryStore::default();
    for _ in 0..2 {
        let change = |event: &mut Value| {
            event["requestContext"]["authorizer"]["connectionId"] = json!("c1");
        };
        assert_eq!(status(&store, change).await, 200);
    }
    assert_eq!(store.sockets().len(), 1);
}

#[tokio::test]
async fn the_connection_id_and_session_end_come_from_the_context() {
    let store = MemoryStore::default();
    let change = |event: &mut Value| {
        let authorizer = &mut event["requestContext"]["authorizer"];
        authorizer["connectionId"] = json!("c1");
        authorizer["sessionExpires"] = json!("1795431600000");
    };
    assert_eq!(status(&store, change).await, 200);
    let socket = store.sockets().remove(0);
    assert_eq!(socket.connection, name::connection("c1"));
    assert_eq!(socket.session_expires.map(Timestamp::as_seconds), Some(1_795_431_600));
}

#[tokio::test]
async fn the_hub_of_the_query_has_to_be_the_one_of_the_token() {
    let store = MemoryStore::default();
    for hubs in
        [&["orders"][..], &["unknown"], &["notifications", "notifications"], &["no hub"], &[]]
    {
        assert_eq!(status(&store, |event| set_hub(event, hubs)).await, 403, "{hubs:?}");
    }
    let unknown = |event: &mut Value| {
        set_hub(event, &["unknown"]);
        event["requestContext"]["authorizer"]["hub"] = json!("unknown");
    };
    assert_eq!(status(&store, unknown).await, 403, "that hub does not exist");
    assert!(store.sockets().is_empty());
}

#[tokio::test]
async fn pages_of_other_origins_are_refused_and_programs_have_none() {
    let store = MemoryStore::default();
    let evil = |event: &mut Value| event["headers"]["Origin"] = json!("https://evil.example");
    assert_eq!(status(&store, evil).await, 403);
    let unreadable = |event: &mut Value| event["headers"]["Origin"] = json!("https://münchen.de");
    assert_eq!(status(&store, unreadable).await, 403);
    let twice = |event: &mut Value| {
        let origins = json!(["https://evil.example", "https://app.example.com"]);
        event["multiValueHeaders"]["Origin"] = origins;
    };
    assert_eq!(status(&store, twice).await, 403);
    assert!(store.sockets().is_empty());
    let program = |event: &mut Value| {
        event["headers"].as_object_mut().map(|headers| headers.remove("Origin"));
    };
    assert_eq!(status(&store, program).await, 200);
}

#[tokio::test]
async fn a_blocked_user_is_refused() {
    let store = MemoryStore::default();
    let block = Block { until: None, not_before: Some(START) };
    store.put_block(None, &name::user("alice"), block).await.unwrap();
    let answer = answer(&store, |_| {}).await;
    assert_eq!(answer.status_code, 403);
    assert!(store.sockets().is_empty());
}

#[tokio::test]
async fn a_connection_whose_socket_is_ready_is_in_use() {
    let store = MemoryStore::default();
    let with_id = |event: &mut Value| {
        event["requestContext"]["authorizer"]["connectionId"] = json!("c1");
    };
    assert_eq!(status(&store, with_id).await, 200);
    let first = name::socket("L0SM9cOFvHcCIhw=");
    let again = |event: &mut Value| {
        with_id(event);
        event["requestContext"]["connectionId"] = json!("second=");
    };
    assert_eq!(status(&store, again).await, 200, "the first has not shaken hands");
    assert_eq!(status(&store, with_id).await, 200);
    let socket = store.begin_handshake(&first, &[], START).await.unwrap().unwrap();
    assert!(store.finish_handshake(&socket).await.unwrap());
    assert_eq!(status(&store, again).await, 409);
}

#[tokio::test]
async fn a_table_that_does_not_answer_makes_500_without_details() {
    for operation in ["block", "take_claim", "create_socket"] {
        let store = MemoryStore::default();
        store.fault(operation, Fault::Unavailable);
        let answer = answer(&store, |event| {
            event["requestContext"]["authorizer"]["connectionId"] = json!("c1");
        })
        .await;
        assert_eq!(answer.status_code, 500, "{operation}");
        let shown = serde_json::to_string(&answer).unwrap();
        assert!(!shown.contains("told to fail"), "{shown}");
    }
}

#[tokio::test]
async fn an_event_that_is_not_ours_makes_500() {
    let changes: [fn(&mut Value); 4] = [
        |event| event["requestContext"]["eventType"] = json!("MESSAGE"),
        |event| event["requestContext"]["authorizer"] = Value::Null,
        |event| event["requestContext"]["authorizer"]["tokenKind"] = json!("other"),
        |event| event["requestContext"]["authorizer"]["issuedAt"] = json!(5),
    ];
    for change in changes {
        let store = MemoryStore::default();
        assert_eq!(status(&store, change).await, 500);
        assert!(store.sockets().is_empty());
    }
}

#[tokio::test]
async fn events_may_have_more_and_less_than_the_recorded_one() {
    let store = MemoryStore::default();
    let more = |event: &mut Value| {
        event["requestContext"]["somethingNew"] = json!({ "a": 1 });
        event["requestContext"]["authorizer"]["integrationLatency"] = json!("41");
        event["version"] = json!("1.0");
    };
    assert_eq!(status(&store, more).await, 200);
    let less = |event: &mut Value| {
        event["multiValueQueryStringParameters"] = Value::Null;
        event["multiValueHeaders"] = Value::Null;
        event["requestContext"]["identity"] = json!({});
        event["requestContext"]["extendedRequestId"] = Value::Null;
    };
    assert_eq!(status(&store, less).await, 200);
}

#[tokio::test]
async fn backends_are_to_hear_of_the_query_without_its_secrets() {
    let with_query = |event: &mut Value| {
        let query = json!({
            "hub": ["notifications"], "id": ["c.secret"], "access_token": ["secret"],
            "ID": ["c.secret"], "Access_Token": ["secret"], "device": ["phone", "2"], "empty": [""],
        });
        event["multiValueQueryStringParameters"] = query;
    };
    for has_upstream in [true, false] {
        let store = MemoryStore::default();
        let settings = ConnectSettings { has_upstream, ..settings() };
        let event = event::recorded(BROWSER, with_query);
        let answer = connect::handle(&reception(&store, settings), event).await;
        assert_eq!(answer.status_code, 200);
        let known = store.client(&name::socket("L0SM9cOFvHcCIhw=")).await.unwrap();
        let query = known.map(|known| json!(known.client.query));
        let told = json!({ "hub": ["notifications"], "device": ["phone", "2"], "empty": [""] });
        assert_eq!(query, has_upstream.then_some(told));
    }
}
