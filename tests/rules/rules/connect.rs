//! Who is let in.

use std::time::Duration;

use hubcast_connection::connect::{Connect, ConnectError, ConnectRequest};
use hubcast_membership::membership::disconnect;
use hubcast_model::access::Block;
use hubcast_model::id::HubName;
use hubcast_model::ports::BlockStore;
use hubcast_model::principal::Principal;
use hubcast_model::session::{Reuse, SessionId, TokenSession};
use hubcast_model::socket::SocketState;
use hubcast_model::time::Clock;
use hubcast_testkit::clock::START;
use hubcast_testkit::principal::{admission, anonymous, caller, principal};
use hubcast_testkit::{Fault, name};

use crate::stage::{ACCEPTED, HUB, SHAKE, Stage, claiming, connect_settings};

#[tokio::test]
async fn a_socket_is_recorded_as_its_token_says_and_has_no_rows_yet() {
    let stage = Stage::default();
    let who = Principal {
        session_expires: Some(START.plus(Duration::from_mins(1))),
        ..claiming(principal(HUB, "alice"), "c")
    };
    stage.connected("s1=", who).await;

    let [socket] = stage.store.sockets().try_into().unwrap();
    assert_eq!(socket.connection, name::connection("c"));
    assert_eq!(socket.user, Some(name::user("alice")));
    assert_eq!(socket.state, SocketState::Connecting);
    assert_eq!(socket.session_expires, Some(START.plus(Duration::from_mins(1))));
    assert!(stage.store.rows().is_empty());
}

#[tokio::test]
async fn a_socket_without_a_connection_token_is_known_by_its_own_id() {
    let stage = Stage::default();
    stage.connected("s1=", anonymous(HUB)).await;
    let [socket] = stage.store.sockets().try_into().unwrap();
    assert_eq!(socket.connection.as_str(), "s1=");
    assert_eq!(stage.journal().count("take_claim"), 0);
}

async fn connect_to(stage: &Stage, hub: HubName, origin: Option<&str>) -> Result<(), ConnectError> {
    let admission = admission(principal(HUB, "alice"));
    let request = ConnectRequest {
        socket: name::socket("s1="),
        admission: &admission,
        hub,
        origin,
        host: Some("api.example"),
        query: std::collections::BTreeMap::new(),
        connected_at: START,
        is_late: false,
    };
    stage.reception(connect_settings()).connect(request).await
}

#[tokio::test]
async fn a_token_is_good_for_its_own_hub_only() {
    let stage = Stage::default();
    let outcome = connect_to(&stage, name::hub("other"), None).await;
    assert!(matches!(outcome, Err(ConnectError::WrongHub)), "{outcome:?}");
    assert!(stage.store.sockets().is_empty());
}

#[tokio::test]
async fn a_hub_that_does_not_exist_is_refused_whatever_the_token() {
    let stage = Stage::default();
    let outcome = stage.connect(&caller("s1=", principal("nowhere", "alice"))).await;
    assert!(matches!(outcome, Err(ConnectError::WrongHub)), "{outcome:?}");
}

#[tokio::test]
async fn pages_of_other_origins_are_refused_and_clients_without_one_are_not() {
    let stage = Stage::default();
    let hub = || name::hub(HUB);
    for origin in ["https://evil.example", "https://app.example.evil", "null", ""] {
        let outcome = connect_to(&stage, hub(), Some(origin)).await;
        assert!(matches!(outcome, Err(ConnectError::WrongOrigin)), "{origin}: {outcome:?}");
    }
    assert!(stage.store.sockets().is_empty());
    connect_to(&stage, hub(), Some("https://app.example")).await.unwrap();
    for own in ["https://push.example.com", "https://api.example"] {
        connect_to(&stage, hub(), Some(own)).await.unwrap();
    }
    connect_to(&stage, hub(), None).await.unwrap();
}

#[tokio::test]
async fn a_blocked_user_is_refused_until_the_block_ends() {
    let stage = Stage::default();
    let until = Some(START.plus(Duration::from_secs(10)));
    let block = Block { until, not_before: None };
    stage.store.put_block(None, &name::user("alice"), block).await.unwrap();
    let alice = caller("s1=", principal(HUB, "alice"));
    let outcome = stage.connect(&alice).await;
    assert!(matches!(outcome, Err(ConnectError::Blocked)), "{outcome:?}");
    stage.connect(&caller("s2=", principal(HUB, "bob"))).await.unwrap();
    stage.connect(&caller("s3=", anonymous(HUB))).await.unwrap();

    stage.clock.advance(Duration::from_secs(10));
    stage.connect(&alice).await.unwrap();
}

#[tokio::test]
async fn a_token_from_before_the_log_out_is_refused_and_a_newer_one_is_not() {
    let stage = Stage::default();
    let block = Block { until: None, not_before: Some(START) };
    stage.store.put_block(Some(&name::hub(HUB)), &name::user("alice"), block).await.unwrap();
    let old = principal(HUB, "alice");
    let outcome = stage.connect(&caller("s1=", old.clone())).await;
    assert!(matches!(outcome, Err(ConnectError::Blocked)), "{outcome:?}");

    stage.clock.advance(Duration::from_millis(1));
    let fresh = Principal { issued_at: stage.clock.now(), ..old };
    stage.connect(&caller("s1=", fresh)).await.unwrap();
}

#[tokio::test]
async fn a_connection_is_in_use_once_its_holder_shook_hands() {
    let stage = Stage::default();
    let who = || claiming(principal(HUB, "alice"), "c");
    let holder = stage.ready("s1=", who()).await;
    let outcome = stage.connect(&caller("s2=", who())).await;
    assert!(matches!(outcome, Err(ConnectError::InUse)), "{outcome:?}");
    assert_eq!(stage.store.sockets().len(), 1);

    disconnect(&stage.store, &holder.socket, START).await.unwrap();
    stage.ready("s2=", who()).await;
}

#[tokio::test]
async fn an_upgrade_that_is_tried_again_takes_the_connection_over() {
    let stage = Stage::default();
    let who = || claiming(principal(HUB, "alice"), "c");
    let first = stage.connected("s1=", who()).await;
    let second = stage.connected("s2=", who()).await;

    assert_eq!(stage.answer(&first, SHAKE).await, "");
    assert!(stage.gateway.is_deleted(&first.socket));
    stage.assert_forgotten(&first);

    assert_eq!(stage.answer(&second, SHAKE).await, "");
    stage.send(r#"{"connectionId":"c","target":"t"}"#).await;
    assert_eq!(stage.called(&second), ["t"]);
}

/// Someone with a token that may be used once.
fn once(connection: &str) -> Principal {
    let session = TokenSession { id: SessionId::of(&name::hub(HUB), "token"), reuse: Reuse::Once };
    Principal { session: Some(session), ..claiming(principal(HUB, "alice"), connection) }
}

#[tokio::test]
async fn a_token_for_one_use_opens_nothing_more_once_its_socket_shook_hands() {
    let stage = Stage::default();
    let first = stage.ready("s1=", once("c")).await;
    disconnect(&stage.store, &first.socket, START).await.unwrap();
    for connection in ["c", "d"] {
        let outcome = stage.connect(&caller("s2=", once(connection))).await;
        assert!(matches!(outcome, Err(ConnectError::Used)), "{connection}: {outcome:?}");
    }
    assert!(stage.store.sockets().is_empty());
}

#[tokio::test]
async fn of_two_sockets_with_a_token_for_one_use_one_shakes_hands() {
    let stage = Stage::default();
    let first = stage.connected("s1=", once("c")).await;
    disconnect(&stage.store, &first.socket, START).await.unwrap();
    let second = stage.connected("s2=", once("c")).await;
    let third = stage.connected("s3=", once("c")).await;
    assert_eq!(stage.answer(&third, SHAKE).await, "");
    assert_eq!(stage.gateway.frames(&third.socket), [ACCEPTED]);
    disconnect(&stage.store, &third.socket, START).await.unwrap();
    assert_eq!(stage.answer(&second, SHAKE).await, "");
    assert_eq!(stage.gateway.frames(&second.socket), [] as [&str; 0]);
    assert!(stage.gateway.is_deleted(&second.socket));
}

#[tokio::test]
async fn a_table_that_does_not_answer_lets_nobody_in() {
    for operation in ["block", "take_claim", "create_socket"] {
        let stage = Stage::default();
        stage.store.fault(operation, Fault::Unavailable);
        let alice = caller("s1=", claiming(principal(HUB, "alice"), "c"));
        let outcome = stage.connect(&alice).await;
        assert!(matches!(outcome, Err(ConnectError::Store(_))), "{operation}: {outcome:?}");
        stage.store.heal();
        stage.connect(&alice).await.unwrap();
    }
}
