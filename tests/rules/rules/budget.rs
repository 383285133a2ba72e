//! What one client may cost, whichever instance answers it, and what an honest one may do.

mod ending;
mod joining;
mod signs;
mod worst;

use std::time::Duration;

use hubcast_model::context::{Admission, Caller};
use hubcast_model::ports::{ClientResult, InvocationKey, ResultStore};
use hubcast_model::principal::Principal;
use hubcast_model::socket::SocketState;
use hubcast_testkit::clock::START;
use hubcast_testkit::principal::{joinable, principal};
use hubcast_testkit::{Fault, name};
use serde_json::json;

use crate::stage::{HUB, PING, Rules, Stage, invoke};

/// A caller that is ready and may join any group.
async fn ready(stage: &Stage) -> Caller {
    ready_as(stage, principal(HUB, "alice")).await
}

/// The same for this principal.
async fn ready_as(stage: &Stage, who: Principal) -> Caller {
    let caller = stage.ready("s1=", who).await;
    let principal = caller.admission.principal.clone();
    Caller { admission: Admission { principal, joinable: joinable("*") }, ..caller }
}

fn ask(id: usize) -> String {
    invoke(&id.to_string(), "GetConnectionId", &json!([]))
}

fn join(group: &str) -> String {
    invoke("1", "JoinGroup", &json!([group]))
}

fn leave(group: &str) -> String {
    invoke("1", "LeaveGroup", &json!([group]))
}

/// Other instances that answer the same frames.
fn instances(stage: &Stage, count: usize) -> Vec<Rules> {
    (0..count).map(|_| stage.second_frames()).collect()
}

/// How many operations of the table write.
fn writes(stage: &Stage) -> usize {
    const WRITES: [&str; 7] = [
        "note_channels",
        "put_rows",
        "delete_rows",
        "forget_channels",
        "put_result",
        "mark_closed",
        "complete_pending",
    ];
    WRITES.into_iter().map(|name| stage.journal().count(name)).sum()
}

/// The frame of a Close for a limit that names this.
fn limit(error: &str) -> String {
    format!("{{\"type\":7,\"error\":\"{error}\",\"allowReconnect\":true}}\u{1e}")
}

const SPENT: &str = "Too many calls in a short time.";

#[tokio::test]
async fn a_loop_of_awaited_calls_is_no_attack() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    for n in 0..300 {
        let [reply] = stage.replies(&alice, &ask(n)).await.try_into().unwrap();
        assert_eq!(reply["invocationId"], n.to_string());
    }
}

#[tokio::test]
async fn four_hundred_messages_at_once_are_no_attack() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    let frame: String = (0..400).map(ask).collect();
    assert_eq!(stage.replies(&alice, &frame).await.len(), 400);
}

#[tokio::test(start_paused = true)]
async fn who_does_more_than_a_burst_waits_and_goes_on() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    stage.clock.advance(Duration::from_mins(1));
    for n in 0..500 {
        stage.answer(&alice, &ask(n)).await;
    }
    let start = tokio::time::Instant::now();
    // Each call takes as long as it takes to pay for the call.
    for n in 0..1000 {
        let before = start.elapsed();
        assert_eq!(stage.replies(&alice, &ask(n)).await[0]["type"], 3);
        stage.clock.advance(start.elapsed().saturating_sub(before));
    }
    assert!(start.elapsed() >= Duration::from_secs(19), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn who_does_not_wait_is_ended_and_may_return_after_a_while() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    let frame: String = (0..400).map(ask).collect();
    stage.answer(&alice, &frame).await;
    let start = tokio::time::Instant::now();
    assert_eq!(stage.answer(&alice, &frame).await, limit(SPENT));
    assert_eq!(start.elapsed(), Duration::from_secs(2));
    assert_eq!(stage.store.sockets()[0].state, SocketState::Closed);
}

#[tokio::test(start_paused = true)]
async fn completions_that_nobody_asked_for_write_nothing_but_their_charge() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    stage.journal().clear();
    let answer =
        |id: usize| format!("{}\u{1e}", json!({ "type": 3, "invocationId": id.to_string() }));
    for n in 0..64 {
        stage.answer(&alice, &answer(n)).await;
    }
    assert_eq!((stage.journal().count("put_result"), writes(&stage)), (0, 8));
    let frame: String = (0..490).map(answer).collect();
    assert_eq!(stage.answer(&alice, &frame).await, limit(SPENT));
}

/// One after another they would take longer than a frame may, where the table is slow.
#[tokio::test(start_paused = true)]
async fn the_answers_of_one_frame_are_kept_side_by_side_and_the_first_of_two_counts() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    let key = |id: usize| InvocationKey {
        hub: name::hub(HUB),
        connection: alice.connection(),
        invocation: id.to_string(),
    };
    for id in 0..400 {
        stage.store.expect_result(&key(id), START.plus(Duration::from_hours(1))).await.unwrap();
    }
    stage.store.fault("awaits_result", Fault::Slow(Duration::from_millis(100)));
    let answer = |id: usize, result: usize| {
        format!("{{\"type\":3,\"invocationId\":\"{id}\",\"result\":{result}}}\u{1e}")
    };
    let frame: String = (0..400).map(|id| answer(id, id)).collect();
    assert_eq!(stage.answer(&alice, &(frame + &answer(7, 8))).await, PING);
    for id in 0..400 {
        let kept = stage.store.result(&key(id)).await.unwrap();
        assert_eq!(kept, Some(ClientResult::Value(id.to_string())));
    }
}

#[tokio::test]
async fn frames_that_write_nothing_get_no_write() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    stage.journal().clear();
    for n in 0..100 {
        stage.answer(&alice, &ask(n)).await;
        stage.answer(&alice, PING).await;
        stage.answer(&alice, &invoke("1", "Nope", &json!([]))).await;
    }
    assert_eq!(writes(&stage), 0);
}
