//! How conversations end, and what a frame may hold.

use std::time::Duration;

use hubcast_connection::frames::REPLY_MAX_BYTES;
use hubcast_model::principal::Principal;
use hubcast_model::socket::SocketState;
use hubcast_testkit::Fault;
use hubcast_testkit::clock::START;
use hubcast_testkit::principal::principal;
use serde_json::{Value, json};

use crate::stage::{HUB, PATIENCE, PING, SHAKE, Stage, close, invoke, records};

/// An invocation whose completion takes about `bytes` bytes.
fn costly(bytes: usize) -> String {
    invoke(&"i".repeat(bytes), "GetConnectionId", &json!([]))
}

#[tokio::test(start_paused = true)]
async fn replies_that_do_not_fit_a_frame_end_in_a_close_that_lets_the_client_return() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    let reply = stage.answer(&alice, &costly(10_000).repeat(4)).await;
    assert!(reply.len() <= REPLY_MAX_BYTES);
    let replies = records(&reply);
    assert_eq!(replies.len(), 4);
    assert!(close(&replies[3]));
    assert_eq!(replies[3]["error"], "The replies to one frame are too large.");
}

#[tokio::test]
async fn broken_frames_end_in_a_close_that_is_final() {
    for frame in ["{\"type\":6}", "\u{1e}", "nonsense\u{1e}", "[]\u{1e}", "{\"type\":1}\u{1e}"] {
        let stage = Stage::default();
        let alice = stage.user("s1=", "alice").await;
        let [reply] = stage.replies(&alice, frame).await.try_into().unwrap();
        assert!(!close(&reply), "{frame}");
        assert!(reply["error"].as_str().unwrap().starts_with("Connection closed with an error. "));
    }
}

#[tokio::test]
async fn records_before_a_broken_one_are_answered() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    let replies = stage.replies(&alice, &format!("{PING}nonsense\u{1e}{PING}")).await;
    let kinds: Vec<&Value> = replies.iter().map(|reply| &reply["type"]).collect();
    assert_eq!(kinds, [6, 7]);
}

#[tokio::test]
async fn an_empty_frame_is_no_frame() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    assert_eq!(stage.answer(&alice, "").await, "");
}

#[tokio::test]
async fn the_end_of_the_session_follows_the_replies() {
    let stage = Stage::default();
    let end = START.plus(Duration::from_mins(1));
    let who = Principal { session_expires: Some(end), ..principal(HUB, "alice") };
    let alice = stage.ready("s1=", who).await;
    stage.clock.set(end);
    let replies = stage.replies(&alice, &PING.repeat(2)).await;
    let kinds: Vec<&Value> = replies.iter().map(|reply| &reply["type"]).collect();
    assert_eq!(kinds, [6, 7]);
    assert!(close(&replies[1]));
    assert_eq!(stage.store.sockets()[0].state, SocketState::Closed);
}

#[tokio::test]
async fn a_session_that_lasts_is_not_ended() {
    let stage = Stage::default();
    let end = START.plus(Duration::from_mins(1));
    let who = Principal { session_expires: Some(end), ..principal(HUB, "alice") };
    let alice = stage.ready("s1=", who).await;
    stage.clock.set(START.plus(Duration::from_millis(59_999)));
    assert_eq!(stage.answer(&alice, PING).await, PING);
}

#[tokio::test]
async fn a_socket_is_renewed_before_the_gateway_cuts_it() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.clock.set(START.plus(Duration::from_millis(100 * 60 * 1000 - 1)));
    assert_eq!(stage.answer(&alice, PING).await, PING);
    stage.clock.set(START.plus(Duration::from_mins(114)));
    let replies = stage.replies(&alice, PING).await;
    assert!(close(replies.last().unwrap()), "{replies:?}");
}

#[tokio::test]
async fn a_client_that_goes_on_after_its_close_is_cut_off() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.clock.set(START.plus(Duration::from_mins(115)));
    let replies = stage.replies(&alice, PING).await;
    assert!(close(&replies[1]));
    assert!(stage.gateway.deletes().is_empty());

    let replies = stage.replies(&alice, PING).await;
    assert!(replies.iter().all(|reply| reply["type"] == 6));
    assert!(stage.gateway.is_deleted(&alice.socket));
}

#[tokio::test]
async fn a_close_is_sent_also_when_it_cannot_be_noted() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.store.fault("mark_closed", Fault::Unavailable);
    let [reply] = stage.replies(&alice, "nonsense\u{1e}").await.try_into().unwrap();
    assert!(!close(&reply));
}

#[tokio::test]
async fn a_panic_becomes_a_close_that_lets_the_client_return() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    let bob = stage.user("s2=", "bob").await;
    stage.store.fault_next("socket", [Some(Fault::Panic)]);
    let [reply] = stage.replies(&alice, PING).await.try_into().unwrap();
    assert!(close(&reply));
    assert_eq!(stage.answer(&bob, PING).await, PING, "the instance lives on");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_takes_too_long_becomes_a_close_that_lets_the_client_return() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.store.fault("socket", Fault::Hang);
    let start = tokio::time::Instant::now();
    let [reply] = stage.replies(&alice, PING).await.try_into().unwrap();
    assert!(close(&reply));
    assert_eq!(start.elapsed(), PATIENCE);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_takes_too_long_leaves_no_orphans() {
    let stage = Stage::default();
    let alice = stage.connected("s1=", principal(HUB, "alice")).await;
    stage.store.fault_next("put_rows", [None, Some(Fault::Hang)]);
    assert_eq!(stage.answer(&alice, SHAKE).await, "", "nothing comes before the answer");
    assert!(stage.gateway.arrivals().is_empty() && stage.gateway.is_deleted(&alice.socket));
    assert_eq!(stage.store.orphans(), []);
}

#[tokio::test(start_paused = true)]
async fn there_is_always_room_for_a_close() {
    for bytes in (REPLY_MAX_BYTES - 4000..REPLY_MAX_BYTES).step_by(20) {
        let stage = Stage::default();
        let alice = stage.user("s1=", "alice").await;
        stage.clock.set(START.plus(Duration::from_mins(115)));
        let reply = stage.answer(&alice, &costly(bytes)).await;
        assert!(reply.len() <= REPLY_MAX_BYTES, "{} bytes", reply.len());
        close(records(&reply).last().unwrap());
    }
}
