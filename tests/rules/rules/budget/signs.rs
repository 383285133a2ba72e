//! Pings, and the signs of life for clients that wait in vain for an answer.

use std::time::Duration;

use hubcast_connection::frames::AnswerFrames;
use hubcast_testkit::Fault;
use hubcast_testkit::principal::principal;
use serde_json::json;

use super::{ask, ready};
use crate::stage::{ACCEPTED, HUB, PATIENCE, PING, SHAKE, Stage, invoke};

#[tokio::test]
async fn a_client_that_answers_each_ping_by_a_ping_is_left_alone() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    assert_eq!(stage.answer(&alice, PING).await, PING);
    stage.clock.advance(Duration::from_millis(249));
    assert_eq!(stage.answer(&alice, PING).await, "");
    stage.clock.advance(Duration::from_millis(1));
    assert_eq!(stage.answer(&alice, PING).await, PING);
    // A call is answered whatever was before.
    assert_eq!(stage.replies(&alice, &ask(1)).await[0]["type"], 3);
}

/// Some official clients send no ping of their own until they hear something.
#[tokio::test]
async fn a_frame_without_an_answer_is_followed_by_a_ping_each_time() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    for _ in 0..3 {
        assert_eq!(stage.answer(&alice, &invoke("", "JoinGroup", &json!(["g"]))).await, PING);
        assert_eq!(stage.answer(&alice, PING).await, "", "that was an answer");
    }
    assert_eq!(stage.answer(&alice, "{\"type\":7}\u{1e}").await, "");
}

/// Frames that have no answer, and for which nobody has to look at the socket's record.
const QUIET: [&str; 6] = [
    "{\"type\":2,\"invocationId\":\"1\",\"item\":1}\u{1e}",
    "{\"type\":3,\"invocationId\":\"1\",\"result\":1}\u{1e}",
    "{\"type\":5,\"invocationId\":\"1\"}\u{1e}",
    "{\"type\":8,\"sequenceId\":1}\u{1e}",
    "{\"type\":9,\"sequenceId\":1}\u{1e}",
    "{\"type\":42}\u{1e}",
];
/// What ends a socket that does not become ready.
const LOUD: [&str; 3] =
    [PING, "{\"type\":1,\"target\":\"JoinGroup\",\"arguments\":[\"g\"]}\u{1e}", "nonsense\u{1e}"];

/// Has alice shake hands, whose rows take so long, and sends a frame to another instance
/// meanwhile. Answers the reply to the frame, and what alice had got by then.
async fn early(stage: &Stage, frame: &str, rows: Duration) -> (String, Vec<String>) {
    let alice = stage.connected("s1=", principal(HUB, "alice")).await;
    stage.store.fault_next("put_rows", [Some(Fault::Slow(rows))]);
    let other = stage.second_frames();
    let early = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let reply = other.answer(&alice, frame, PATIENCE).await;
        (reply, stage.gateway.frames(&alice.socket))
    };
    tokio::join!(stage.answer(&alice, SHAKE), early).1
}

/// A client that reads anything else first fails for good.
#[tokio::test(start_paused = true)]
async fn nothing_comes_before_the_answer_to_a_handshake_at_another_instance() {
    for frame in QUIET.into_iter().chain([PING]) {
        let stage = Stage::default();
        let (reply, before) = early(&stage, frame, Duration::from_secs(1)).await;
        assert_eq!((reply.as_str(), before), (PING, vec![ACCEPTED.to_owned()]), "{frame}");
    }
    let stage = Stage::default();
    let (reply, before) = early(&stage, "nonsense\u{1e}", Duration::from_secs(1)).await;
    assert!(reply.contains("\"type\":7") && before == [ACCEPTED], "{reply}");
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_takes_long_gets_no_record_before_its_answer() {
    for frame in QUIET.into_iter().chain(LOUD) {
        let stage = Stage::default();
        let (reply, before) = early(&stage, frame, Duration::from_secs(7)).await;
        assert_eq!((reply.as_str(), before.len()), ("", 0), "{frame}");
        let is_left = stage.gateway.deletes().is_empty();
        assert_eq!(is_left, QUIET.contains(&frame), "{frame}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_is_quiet_does_no_harm_to_a_handshake_that_comes_later() {
    for frame in QUIET {
        let stage = Stage::default();
        let alice = stage.connected("s1=", principal(HUB, "alice")).await;
        assert_eq!(stage.answer(&alice, frame).await, "");
        assert_eq!(stage.answer(&alice, SHAKE).await, "");
        assert_eq!(stage.gateway.frames(&alice.socket), [ACCEPTED]);
    }
}

/// The instance that answered the handshake need not look.
#[tokio::test]
async fn a_sign_costs_one_look_at_each_other_instance() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    stage.journal().clear();
    assert_eq!(stage.answer(&alice, QUIET[0]).await, PING);
    assert_eq!(stage.journal().entries(), [""; 0]);
    let other = stage.second_frames();
    for _ in 0..3 {
        assert_eq!(other.answer(&alice, QUIET[0], PATIENCE).await, PING);
        stage.clock.advance(Duration::from_mins(1));
    }
    assert_eq!(stage.journal().entries(), ["socket"]);
}
