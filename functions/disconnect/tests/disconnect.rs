//! Recorded `$disconnect` events, and what is left of a socket.

use std::sync::Arc;

use disconnect::Exits;
use hubcast_line::{Courier, LinePorts, LineSettings};
use hubcast_membership::line_end::LineEnds;
use hubcast_membership::presence::Presence;
use hubcast_model::channel::ChannelKey;
use hubcast_model::client::Client;
use hubcast_model::ports::{ChannelStore, ClientStore, NoUpstream, SocketStore};
use hubcast_model::values::Values;
use hubcast_testkit::clock::START;
use hubcast_testkit::{
    Fault, MemoryStore, RecordingAlarm, RecordingGateway, RecordingUpstream, TestClock, event,
    name, principal, socket,
};
use serde_json::{Value, json};

const TAB_CLOSED: &str = include_str!("../events/tab-closed.json");
const NO_STATUS: &str = include_str!("../events/no-status.json");
const SOCKET: &str = "L0SM9cOFvHcCIhw=";

/// A store with the socket of the events, ready, and with the row of its user.
async fn store() -> MemoryStore {
    let store = MemoryStore::default();
    let known = socket::connecting("notifications", SOCKET, "alice");
    let key = ChannelKey::user(&known.hub, &name::user("alice"));
    let row = socket::row(&key, SOCKET, START.plus(std::time::Duration::from_hours(2)));
    let written = async {
        store.create_socket(&known).await?;
        let begun = store.begin_handshake(&known.id, &[key], START).await?;
        store.put_rows(&[row]).await?;
        match begun {
            Some(socket) => store.finish_handshake(&socket).await,
            None => Ok(false),
        }
    };
    assert!(written.await.is_ok_and(|is_ready| is_ready));
    store
}

fn presence<Q>(store: &MemoryStore, queue: Option<Q>) -> Presence<MemoryStore, Q, TestClock> {
    Presence::new(Arc::new(store.clone()), queue.map(Arc::new), Arc::new(TestClock::default()))
}

async fn status(store: &MemoryStore, json: &str, change: impl FnOnce(&mut Value)) -> Option<i64> {
    let presence = presence::<NoUpstream>(store, None);
    let answer = disconnect::end_socket(&presence, event::recorded(json, change)).await;
    answer.ok().map(|answer| answer.status_code)
}

#[tokio::test]
async fn a_socket_and_its_rows_are_removed() {
    for json in [TAB_CLOSED, NO_STATUS] {
        let store = store().await;
        assert_eq!(status(&store, json, |_| {}).await, Some(200));
        assert!(store.sockets().is_empty());
        assert!(store.rows().is_empty());
    }
}

/// Where lines are granted to others, the end of a socket asks the ports for the same.
#[tokio::test]
async fn a_socket_without_a_line_pays_nothing_for_lines() {
    let (without, with) = (store().await, store().await);
    without.journal().clear();
    with.journal().clear();
    assert_eq!(status(&without, TAB_CLOSED, |_| {}).await, Some(200));
    let gateway = RecordingGateway::with_journal(with.journal().clone());
    let (clock, alarm) = (TestClock::default(), RecordingAlarm::default());
    let ports = LinePorts { store: with.clone(), gateway, clock, alarm: alarm.clone() };
    let courier = Courier::new(ports, LineSettings::default());
    let ends = LineEnds::new(courier, presence::<NoUpstream>(&with, None));
    let exits = Exits { presence: presence::<NoUpstream>(&with, None), lines: ends };
    let answer = disconnect::handle(&exits, event::recorded(TAB_CLOSED, |_| {})).await;
    assert_eq!(answer.ok().map(|answer| answer.status_code), Some(200));
    assert_eq!(with.journal().entries(), without.journal().entries());
    assert!(!with.journal().entries().is_empty() && alarm.alarms().is_empty());
}

#[tokio::test]
async fn an_end_that_is_told_twice_or_of_nobody_is_fine() {
    let store = store().await;
    for _ in 0..2 {
        assert_eq!(status(&store, TAB_CLOSED, |_| {}).await, Some(200));
    }
    let nobody = |event: &mut Value| event["requestContext"]["connectionId"] = json!("nobody=");
    assert_eq!(status(&store, TAB_CLOSED, nobody).await, Some(200));
}

#[tokio::test]
async fn only_the_event_of_an_end_ends_a_socket() {
    let changes: [fn(&mut Value); 3] = [
        |event| event["requestContext"]["eventType"] = json!("MESSAGE"),
        |event| event["requestContext"]["eventType"] = Value::Null,
        |event| event["requestContext"]["connectionId"] = Value::Null,
    ];
    for change in changes {
        let store = store().await;
        assert_eq!(status(&store, TAB_CLOSED, change).await, Some(200));
        assert_eq!((store.sockets().len(), store.rows().len()), (1, 1));
    }
}

#[tokio::test]
async fn a_table_that_does_not_answer_is_a_failure_that_can_be_repeated() {
    for operation in ["delete_socket", "delete_rows"] {
        let store = store().await;
        store.fault(operation, Fault::Unavailable);
        assert_eq!(status(&store, TAB_CLOSED, |_| {}).await, None, "{operation}");
    }
}

#[tokio::test]
async fn events_may_have_more_and_less_than_those_recorded() {
    let store = store().await;
    let change = |event: &mut Value| {
        event["headers"] = Value::Null;
        event["multiValueHeaders"] = Value::Null;
        event["isBase64Encoded"] = Value::Null;
        event["somethingNew"] = json!(1);
        let context = &mut event["requestContext"];
        for name in ["authorizer", "disconnectStatusCode", "disconnectReason", "identity"] {
            context.as_object_mut().map(|context| context.remove(name));
        }
    };
    assert_eq!(status(&store, TAB_CLOSED, change).await, Some(200));
    assert!(store.sockets().is_empty());
}

#[tokio::test]
async fn backends_hear_of_the_end_once() {
    let (store, backends) = (store().await, RecordingUpstream::default());
    let who = principal::principal("notifications", "alice");
    let client = Client::new(&who, name::connection("c"), Values::new());
    let socket = name::socket(SOCKET);
    let kept = async {
        store.put_client(&socket, &client, START).await?;
        store.mark_announced(&socket).await
    };
    assert!(kept.await.is_ok_and(|is_marked| is_marked));
    for _ in 0..2 {
        let event = event::recorded(TAB_CLOSED, |_| {});
        let presence = presence(&store, Some(backends.clone()));
        let answer = disconnect::end_socket(&presence, event).await;
        assert!(answer.is_ok());
    }
    let names: Vec<Value> = backends.events().iter().map(|event| event["event"].clone()).collect();
    assert_eq!(names, ["disconnected"]);
}
