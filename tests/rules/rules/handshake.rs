//! From a socket that is connected to one that is ready.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hubcast_delivery::Publish;
use hubcast_model::access::{Block, Standing};
use hubcast_model::channel::{ChannelKey, ShardCounts};
use hubcast_model::handshake::ANSWER_MAX;
use hubcast_model::ports::BlockStore;
use hubcast_model::principal::Principal;
use hubcast_model::socket::SocketState;
use hubcast_testkit::clock::START;
use hubcast_testkit::principal::{anonymous, principal};
use hubcast_testkit::queued::message;
use hubcast_testkit::{Answer, Fault, name};

use crate::stage::{ACCEPTED, HUB, INVOCATION, PING, SHAKE, Stage, claiming, close, with_groups};

#[tokio::test]
async fn a_handshake_is_answered_by_a_post_and_makes_the_socket_ready() {
    let stage = Stage::default();
    let alice = stage.ready("s1=", claiming(principal(HUB, "alice"), "c")).await;

    let [socket] = stage.store.sockets().try_into().unwrap();
    assert_eq!(socket.state, SocketState::Ready);
    let hub = name::hub(HUB);
    let expected = [
        ChannelKey::user(&hub, &name::user("alice")),
        ChannelKey::connection(&hub, &name::connection("c")),
        ShardCounts::default().hub_key(&hub, &alice.socket),
    ];
    assert_eq!(stage.store.channels_of(&alice.socket), expected.into());
    assert_eq!(socket.channels, stage.store.channels_of(&alice.socket));
}

#[tokio::test]
async fn an_anonymous_socket_with_its_own_id_has_the_hubs_row_only() {
    let stage = Stage::default();
    let socket = stage.ready("s1=", anonymous(HUB)).await.socket;
    let hub = ShardCounts::default().hub_key(&name::hub(HUB), &socket);
    assert_eq!(stage.store.channels_of(&socket), [hub].into());
}

/// What is sent after the client's start has returned finds the socket.
#[tokio::test]
async fn all_rows_are_written_before_the_answer() {
    for connection in [None, Some("c")] {
        let stage = Stage::default();
        stage.put_membership("alice", "lasting", Standing::Member).await;
        let who = with_groups(principal(HUB, "alice"), &["token"]);
        let who = Principal { connection: connection.map(name::connection), ..who };
        let alice = stage.connected("s1=", who).await;
        let (store, socket) = (stage.store.clone(), alice.socket.clone());
        let written = Arc::new(Mutex::new(BTreeSet::new()));
        let at_answer = Arc::clone(&written);
        stage.gateway.before("post", async move {
            *at_answer.lock().unwrap() = store.channels_of(&socket);
        });
        assert_eq!(stage.answer(&alice, SHAKE).await, "");
        let written = written.lock().unwrap().clone();
        assert_eq!(written, stage.store.channels_of(&alice.socket), "{connection:?}");
        assert!(stage.is_in(&alice, "token") && stage.is_in(&alice, "lasting"));
    }
}

/// A sender takes a socket as through after some time, so no answer may come after that.
#[tokio::test(start_paused = true)]
async fn an_answer_that_would_come_too_late_is_never_sent() {
    let stage = Stage::default();
    let alice = stage.connected("s1=", principal(HUB, "alice")).await;
    let clock = stage.clock.clone();
    stage.store.before("put_rows", async move { clock.advance(ANSWER_MAX) });
    assert_eq!(stage.answer(&alice, SHAKE).await, "");
    assert!(stage.gateway.arrivals().is_empty() && stage.gateway.is_deleted(&alice.socket));
    stage.assert_forgotten(&alice);
}

#[tokio::test]
async fn a_message_counts_as_soon_as_the_handshake_is_through() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    for body in [
        r#"{"userId":"alice","target":"a"}"#,
        r#"{"connectionId":"s1=","target":"b"}"#,
        r#"{"target":"c"}"#,
    ] {
        stage.send(body).await;
    }
    assert_eq!(stage.called(&alice), ["a", "b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn handshakes_are_refused_with_the_texts_of_the_net_server() {
    let refusals = [
        (
            r#"{"protocol":"messagepack","version":1}"#,
            "Cannot use the 'messagepack' protocol on the current transport. The transport does not support 'Binary' transfer format.",
        ),
        (r#"{"protocol":"xml","version":1}"#, "The protocol 'xml' is not supported."),
        (
            r#"{"protocol":"json","version":9}"#,
            "The server does not support version 9 of the 'json' protocol.",
        ),
        (r#"{"protocol":"json"}"#, "An unexpected error occurred during connection handshake."),
        ("nonsense", "An unexpected error occurred during connection handshake."),
    ];
    for (request, text) in refusals {
        let stage = Stage::default();
        let alice = stage.connected("s1=", principal(HUB, "alice")).await;
        let start = tokio::time::Instant::now();
        assert_eq!(stage.answer(&alice, &format!("{request}\u{1e}")).await, "");
        assert!(stage.store.rows().is_empty());
        stage.assert_refused(&alice, text);
        assert_eq!(start.elapsed(), Duration::from_secs(1), "the client can read why");
        // Nothing that comes later makes a difference.
        stage.answer(&alice, SHAKE).await;
        stage.assert_refused(&alice, text);
    }
}

#[tokio::test]
async fn a_second_handshake_is_answered_by_a_close() {
    for second in [SHAKE, "{\"protocol\":\"xml\",\"version\":1}\u{1e}"] {
        let stage = Stage::default();
        let alice = stage.user("s1=", "alice").await;
        let [reply] = stage.replies(&alice, second).await.try_into().unwrap();
        assert!(!close(&reply));
        assert_eq!(stage.gateway.frames(&alice.socket), [ACCEPTED]);
    }
}

#[tokio::test]
async fn two_handshakes_in_one_frame_are_answered_once_and_closed() {
    let stage = Stage::default();
    let alice = stage.connected("s1=", principal(HUB, "alice")).await;
    let [reply] = stage.replies(&alice, &SHAKE.repeat(2)).await.try_into().unwrap();
    assert!(!close(&reply));
    assert_eq!(stage.gateway.frames(&alice.socket), [ACCEPTED]);
}

#[tokio::test]
async fn a_frame_may_go_on_after_its_handshake() {
    let stage = Stage::default();
    let alice = stage.connected("s1=", principal(HUB, "alice")).await;
    assert_eq!(stage.answer(&alice, &format!("{SHAKE}{PING}")).await, PING);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_surely_did_not_arrive_is_posted_again() {
    for answer in [Answer::Throttled, Answer::Unreached] {
        let stage = Stage::default();
        let alice = stage.connected("s1=", principal(HUB, "alice")).await;
        stage.gateway.answer([answer, answer, answer]);
        assert_eq!(stage.answer(&alice, SHAKE).await, "");
        assert_eq!(stage.gateway.frames(&alice.socket), [ACCEPTED]);
        assert_eq!(stage.gateway.attempts(&alice.socket), 4);
        assert!(stage.gateway.deletes().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_whose_answer_is_not_sure_is_cut_off() {
    let answers = [
        (Answer::Lost, 1),
        (Answer::Failed, 1),
        (Answer::Gone, 1),
        (Answer::Refused, 1),
        (Answer::Throttled, 4),
    ];
    for (answer, attempts) in answers {
        let stage = Stage::default();
        let alice = stage.connected("s1=", claiming(principal(HUB, "alice"), "c")).await;
        stage.gateway.always(&alice.socket, answer);
        assert_eq!(stage.answer(&alice, SHAKE).await, "", "{answer:?}");
        assert_eq!(stage.gateway.attempts(&alice.socket), attempts, "{answer:?}");
        assert!(stage.gateway.is_deleted(&alice.socket), "{answer:?}");
        stage.assert_forgotten(&alice);
    }
}

#[tokio::test]
async fn a_client_whose_rows_cannot_be_written_may_return() {
    let operations =
        ["put_rows", "block", "memberships", "note_channels", "uses", "finish_handshake"];
    for operation in operations {
        let stage = Stage::default();
        let alice = stage.connected("s1=", with_groups(principal(HUB, "alice"), &["g"])).await;
        stage.store.fault(operation, Fault::Unavailable);
        let [reply] = stage.replies(&alice, SHAKE).await.try_into().unwrap();
        assert!(close(&reply), "{operation}");
        assert_eq!(stage.gateway.frames(&alice.socket), [ACCEPTED], "{operation}");
        assert_eq!(stage.store.orphans(), [], "{operation}");
    }
}

/// The client is gone already, or cannot be told.
#[tokio::test(start_paused = true)]
async fn a_refused_client_that_cannot_be_told_is_cut_off() {
    for answer in [Answer::Gone, Answer::Unreached] {
        let stage = Stage::default();
        let alice = stage.connected("s1=", principal(HUB, "alice")).await;
        stage.gateway.always(&alice.socket, answer);
        assert_eq!(stage.answer(&alice, "nonsense\u{1e}").await, "");
        assert!(stage.gateway.is_deleted(&alice.socket));
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_cannot_begin_is_refused() {
    for operation in ["raise_shard_counts", "begin_handshake"] {
        let stage = Stage::default();
        let alice = stage.connected("s1=", principal(HUB, "alice")).await;
        stage.store.fault(operation, Fault::Unavailable);
        assert_eq!(stage.answer(&alice, SHAKE).await, "", "{operation}");
        let error = "An unexpected error occurred during connection handshake.";
        stage.assert_refused(&alice, error);
        assert!(stage.store.rows().is_empty());
    }
}

#[tokio::test]
async fn a_socket_that_is_not_on_record_is_cut_off() {
    let stage = Stage::default();
    let stranger = hubcast_testkit::principal::caller("s1=", principal(HUB, "alice"));
    assert_eq!(stage.answer(&stranger, SHAKE).await, "");
    assert!(stage.gateway.is_deleted(&stranger.socket));
    assert!(stage.gateway.arrivals().is_empty() && stage.store.rows().is_empty());
}

#[tokio::test]
async fn a_user_who_was_blocked_meanwhile_is_signed_out() {
    let stage = Stage::default();
    let alice = stage.connected("s1=", claiming(principal(HUB, "alice"), "c")).await;
    let block = Block { until: None, not_before: Some(START) };
    stage.store.put_block(Some(&name::hub(HUB)), &name::user("alice"), block).await.unwrap();
    let [reply] = stage.replies(&alice, SHAKE).await.try_into().unwrap();
    assert!(!close(&reply));
    assert_eq!(reply["error"], "You have been signed out.");
    stage.assert_forgotten(&alice);
}

/// A push before the answer makes a client's start fail.
#[tokio::test(start_paused = true)]
async fn nothing_reaches_a_client_before_the_answer() {
    for connection in [None, Some("c")] {
        let stage = Stage::default();
        stage.put_membership("alice", "lasting", Standing::Member).await;
        let who = with_groups(principal(HUB, "alice"), &["token"]);
        let who = Principal { connection: connection.map(name::connection), ..who };
        let alice = stage.connected("s1=", who).await;
        let publisher = stage.publisher();
        let id = connection.unwrap_or("s1=");
        let bodies = [
            r#"{"userId":"alice","target":"user"}"#.to_owned(),
            r#"{"groupNames":["token","lasting"],"target":"groups"}"#.to_owned(),
            r#"{"target":"hub"}"#.to_owned(),
            r#"{"action":"add","userId":"alice","groupName":"late"}"#.to_owned(),
            format!(r#"{{"action":"add","connectionId":"{id}","groupName":"later"}}"#),
            r#"{"groupNames":["late","later"],"target":"added"}"#.to_owned(),
            format!(r#"{{"connectionId":"{id}","target":"connection"}}"#),
        ];
        let body = format!("[{}]", bodies.join(","));
        let sender = Arc::new(Mutex::new(None));
        let sending = Arc::clone(&sender);
        stage.gateway.before("post", async move {
            let send =
                async move { publisher.publish(vec![message("m", &body)], INVOCATION).await };
            *sending.lock().unwrap() = Some(tokio::spawn(send));
            // The sender has found the socket by then, and waits.
            tokio::time::sleep(Duration::from_secs(1)).await;
        });

        assert_eq!(stage.answer(&alice, SHAKE).await, "");
        let sender = sender.lock().unwrap().take().unwrap();
        assert!(sender.await.unwrap().failed.is_empty(), "{connection:?}");

        let called = stage.called(&alice);
        assert_eq!(called, ["user", "groups", "hub", "added", "connection"], "{connection:?}");
    }
}
