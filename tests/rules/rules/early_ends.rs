//! Ends that come before the answer to a handshake. A client that waits for its answer fails for
//! good on a Close, so it reads an answer with an error, or nothing.

use std::time::Duration;

use hubcast_connection::frames::{AnswerFrames, turned_away};
use hubcast_model::context::Caller;
use hubcast_model::principal::Principal;
use hubcast_testkit::Fault;
use hubcast_testkit::clock::START;
use hubcast_testkit::principal::principal;
use serde_json::json;

use crate::stage::{ACCEPTED, HUB, PATIENCE, PING, SHAKE, Stage, close, invoke, records};

/// A frame that has no answer.
const QUIET: &str = "{\"type\":42}\u{1e}";
const OVER: &str = "The session has expired.";
const SPENT: &str = "Too many calls in a short time.";

/// A session that lasts a minute.
fn short() -> Principal {
    Principal {
        session_expires: Some(START.plus(Duration::from_mins(1))),
        ..principal(HUB, "alice")
    }
}

async fn connected(stage: &Stage) -> Caller {
    stage.connected("s1=", short()).await
}

/// Completions that nobody asked for, so many that they are charged.
fn costly() -> String {
    "{\"type\":3,\"invocationId\":\"1\"}\u{1e}".repeat(100)
}

/// More than a connection may do at once.
fn endless() -> String {
    invoke("", "x", &json!([])).repeat(490)
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_session_is_the_answer_to_a_handshake_that_did_not_come() {
    for frame in [QUIET, SHAKE] {
        let stage = Stage::default();
        let alice = connected(&stage).await;
        stage.clock.advance(Duration::from_mins(1));
        let reply = stage.answer(&alice, frame).await;
        assert!(!reply.contains("\"type\":7"), "{frame}: {reply}");
        stage.assert_refused(&alice, OVER);
    }
}

/// What waits for a user is not delivered past the end of the session.
#[tokio::test(start_paused = true)]
async fn a_handshake_past_the_end_of_its_session_empties_no_inbox() {
    let stage = Stage::default();
    stage.send(r#"{"userId":"alice","target":"t","keepSeconds":3600}"#).await;
    let alice = connected(&stage).await;
    stage.clock.advance(Duration::from_mins(1));
    assert_eq!(stage.answer(&alice, SHAKE).await, "");
    stage.assert_refused(&alice, OVER);
    let bob = stage.ready_with("s2=", principal(HUB, "alice")).await;
    assert_eq!(stage.called(&bob), ["t"]);
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_is_spent_before_the_handshake_is_the_answer_to_it() {
    let stage = Stage::default();
    let alice = connected(&stage).await;
    let mut replies = String::new();
    for _ in 0..600 {
        replies += &stage.answer(&alice, QUIET).await;
    }
    assert_eq!(replies, "");
    stage.assert_refused(&alice, SPENT);
}

#[tokio::test(start_paused = true)]
async fn a_table_that_fails_before_the_handshake_makes_no_close() {
    for (faults, refusal) in [
        (vec!["note_channels"], Some("Connection closed with an error.")),
        (vec!["awaits_result", "note_channels"], Some("Connection closed with an error.")),
        (vec!["note_channels", "socket"], None),
    ] {
        let stage = Stage::default();
        let alice = connected(&stage).await;
        for operation in &faults {
            stage.store.fault(operation, Fault::Unavailable);
        }
        assert_eq!(stage.answer(&alice, &costly()).await, "", "{faults:?}");
        match refusal {
            Some(refusal) => stage.assert_refused(&alice, refusal),
            None => assert!(stage.gateway.frames(&alice.socket).is_empty()),
        }
        assert!(stage.gateway.is_deleted(&alice.socket), "{faults:?}");
    }
}

/// Whoever looks how far the handshake is may be what hangs.
#[tokio::test(start_paused = true)]
async fn a_frame_that_runs_out_of_time_before_the_handshake_is_cut_without_a_word() {
    for operation in ["socket", "mark_closed"] {
        for frame in [PING, QUIET, SHAKE] {
            let stage = Stage::default();
            let alice = connected(&stage).await;
            stage.store.fault("socket", Fault::Hang);
            stage.store.fault("begin_handshake", Fault::Hang);
            stage.store.fault(operation, Fault::Hang);
            assert_eq!(stage.answer(&alice, frame).await, "", "{frame}");
            assert!(stage.gateway.frames(&alice.socket).is_empty(), "{frame}");
            assert!(stage.gateway.is_deleted(&alice.socket), "{frame}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_runs_out_of_time_behind_its_answer_ends_in_a_close() {
    let stage = Stage::default();
    let alice = connected(&stage).await;
    stage.store.fault("uses", Fault::Hang);
    let [reply] = stage.replies(&alice, SHAKE).await.try_into().unwrap();
    assert!(close(&reply));
    assert_eq!(stage.gateway.frames(&alice.socket), [ACCEPTED]);
}

/// The handshake is under way at another instance.
#[tokio::test(start_paused = true)]
async fn an_end_in_the_middle_of_a_handshake_waits_for_its_answer() {
    let frames =
        [QUIET.to_owned(), costly(), endless(), invoke("1", "x", &json!([])), SHAKE.to_owned()];
    for rows in [1, 7].map(Duration::from_secs) {
        for frame in &frames {
            let stage = Stage::default();
            let alice = connected(&stage).await;
            stage.clock.advance(Duration::from_secs(55));
            stage.store.fault_next("put_rows", [Some(Fault::Slow(rows))]);
            let (other, clock) = (stage.second_frames(), stage.clock.clone());
            let early = async {
                tokio::time::sleep(Duration::from_millis(100)).await;
                clock.advance(Duration::from_secs(5));
                let reply = other.answer(&alice, frame, PATIENCE).await;
                (reply, stage.gateway.frames(&alice.socket))
            };
            let (reply, before) = tokio::join!(stage.answer(&alice, SHAKE), early).1;
            let closes = records(&reply).iter().any(|record| record["type"] == 7);
            assert!(!closes || before == [ACCEPTED], "{rows:?}, {frame}: {reply}");
            assert!(before.is_empty() || before == [ACCEPTED], "{before:?}");
        }
    }
}

#[test]
fn who_cannot_be_known_is_told_by_an_answer_to_its_handshake() {
    let error = "Connection closed with an error.";
    let [answer] = records(&turned_away(SHAKE)).try_into().unwrap();
    assert_eq!(answer, json!({ "error": error }));
    let [end] = records(&turned_away(PING)).try_into().unwrap();
    assert!(close(&end));
}
