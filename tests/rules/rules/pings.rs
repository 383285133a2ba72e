//! Pings, and whether their socket still hears anything.

use std::time::Duration;

use hubcast_connection::frames::AnswerFrames;
use hubcast_membership::membership::disconnect;
use hubcast_model::context::Caller;
use hubcast_testkit::Fault;
use hubcast_testkit::clock::START;
use hubcast_testkit::principal::{caller, principal};

use crate::stage::{HUB, PATIENCE, PING, SHAKE, Stage, close};

/// A point in time at which a ping of this socket is one that looks, or not.
fn set_old(stage: &Stage, caller: &Caller, looks: bool) {
    let old = START.plus(Duration::from_secs(45));
    let offset = (0..16).find(|offset| {
        let now = old.plus(Duration::from_millis(*offset)).as_millis();
        (caller.socket.spread() ^ now).is_multiple_of(16)
    });
    let offset = offset.expect("one in sixteen") + u64::from(!looks);
    stage.clock.set(old.plus(Duration::from_millis(offset)));
}

#[tokio::test]
async fn a_ping_of_an_old_socket_is_answered_without_asking_anyone() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.journal().clear();
    set_old(&stage, &alice, false);
    assert_eq!(stage.answer(&alice, PING).await, PING);
    assert_eq!(stage.journal().entries(), [""; 0]);
}

#[tokio::test]
async fn a_ping_of_a_young_socket_looks_once() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.clock.advance(Duration::from_millis(44_999));
    stage.journal().clear();
    assert_eq!(stage.answer(&alice, PING).await, PING);
    assert_eq!(stage.journal().entries(), ["socket"]);
}

#[tokio::test]
async fn one_of_the_later_pings_in_sixteen_looks() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.clock.advance(Duration::from_secs(45));
    stage.journal().clear();
    for _ in 0..160 {
        stage.clock.advance(Duration::from_millis(1001));
        assert_eq!(stage.answer(&alice, PING).await, PING);
    }
    assert_eq!(stage.journal().entries(), ["socket"; 10]);
}

#[tokio::test]
async fn an_instance_that_does_not_know_an_old_socket_looks_once() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    let other = stage.second_frames();
    set_old(&stage, &alice, false);
    stage.journal().clear();
    for _ in 0..3 {
        assert_eq!(other.answer(&alice, PING, PATIENCE).await, PING);
        // The moment decides which ping looks, so this one does not.
        stage.clock.advance(Duration::from_millis(16 * 64));
    }
    assert_eq!(stage.journal().entries(), ["socket"]);
    stage.clock.advance(Duration::from_mins(11));
    assert_eq!(stage.second_frames().answer(&alice, PING, PATIENCE).await, PING);
    assert_eq!(stage.journal().entries(), ["socket"]);
}

/// Who sends nothing is ended by API Gateway, and who sends anything is ended here.
#[tokio::test(start_paused = true)]
async fn nothing_keeps_an_old_socket_that_never_shook_hands() {
    for frame in [PING, "", "{\"type\":42}\u{1e}", "{\"type\":7}\u{1e}"] {
        let stage = Stage::default();
        let alice = stage.connected("s1=", principal(HUB, "alice")).await;
        set_old(&stage, &alice, false);
        assert_eq!(stage.answer(&alice, frame).await, "", "{frame}");
        assert!(stage.gateway.is_deleted(&alice.socket), "{frame}");
        assert!(stage.gateway.frames(&alice.socket).is_empty(), "{frame}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_is_not_on_record_is_sent_to_connect_anew() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    disconnect(&stage.store, &alice.socket, START).await.unwrap();
    let [reply] = stage.replies(&alice, PING).await.try_into().unwrap();
    assert!(close(&reply));

    set_old(&stage, &alice, true);
    assert_eq!(stage.answer(&alice, PING).await, "");
    assert!(stage.gateway.is_deleted(&alice.socket));
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_does_not_get_ready_is_cut() {
    let stage = Stage::default();
    let alice = stage.connected("s1=", principal(HUB, "alice")).await;
    stage.store.fault("finish_handshake", Fault::Hang);
    let ping = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let reply = stage.answer(&alice, PING).await;
        (reply, stage.gateway.is_deleted(&alice.socket))
    };
    let (_, (reply, is_cut)) = tokio::join!(stage.answer(&alice, SHAKE), ping);
    assert_eq!((reply.as_str(), is_cut), ("", true));
}

#[tokio::test]
async fn a_ping_that_cannot_look_lets_the_client_return() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.store.fault("socket", Fault::Unavailable);
    let [reply] = stage.replies(&alice, PING).await.try_into().unwrap();
    assert!(close(&reply));
}

#[tokio::test(start_paused = true)]
async fn a_stranger_who_only_pings_is_sent_to_connect_anew() {
    let stage = Stage::default();
    let stranger = caller("s9=", principal(HUB, "alice"));
    let [reply] = stage.replies(&stranger, PING).await.try_into().unwrap();
    assert!(close(&reply));
}

#[tokio::test(start_paused = true)]
async fn a_ping_waits_for_the_rows_of_its_handshake() {
    let stage = Stage::default();
    let alice = stage.connected("s1=", principal(HUB, "alice")).await;
    stage.store.fault_next("finish_handshake", [Some(Fault::Slow(Duration::from_secs(1)))]);
    let ping = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stage.answer(&alice, PING).await
    };
    let (shake, ping) = tokio::join!(stage.answer(&alice, SHAKE), ping);
    assert_eq!((shake.as_str(), ping.as_str()), ("", PING));
}
