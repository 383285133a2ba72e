//! What one client may cost, whichever instance answers it, and what an honest one may do.

use std::time::Duration;

use hubcast_connection::frames::AnswerFrames;
use hubcast_membership::membership::disconnect;
use hubcast_model::context::{Admission, Caller};
use hubcast_model::socket::SocketState;
use hubcast_testkit::Fault;
use hubcast_testkit::clock::START;
use hubcast_testkit::principal::joinable;
use serde_json::json;

use crate::stage::{ALLOWANCE, PATIENCE, PING, Rules, Stage, close, invoke, records};

/// A caller that is ready and may join any group.
async fn ready(stage: &Stage) -> Caller {
    let caller = stage.user("s1=", "alice").await;
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

/// A cut would bring the client back at once.
#[tokio::test(start_paused = true)]
async fn frames_behind_a_limit_do_not_end_the_socket_before_its_close_is_sent() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    let others = [stage.second_frames(), stage.second_frames()];
    let flood: String = (0..501).map(ask).collect();
    let late = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        for frames in [&stage.frames, &others[0], &others[1]] {
            assert_eq!(frames.answer(&alice, &ask(1), PATIENCE).await, "");
        }
        assert!(!stage.gateway.is_deleted(&alice.socket));
    };
    let (reply, ()) = tokio::join!(stage.answer(&alice, &flood), late);
    assert_eq!(reply, limit("the frame holds more than 500 records"));
    stage.clock.advance(Duration::from_secs(3));
    assert_eq!(stage.answer(&alice, PING).await, "");
    assert!(stage.gateway.is_deleted(&alice.socket));
}

/// Joins and leaves frames in turn, each on another instance, until the client is ended. Answers
/// how many frames were answered.
async fn flood(stage: &Stage, alice: &Caller, instances: &[Rules]) -> usize {
    for (n, frames) in instances.iter().cycle().enumerate() {
        let frame = if n % 2 == 0 { join("g") } else { leave("g") };
        let reply = frames.answer(alice, &frame, PATIENCE).await;
        if records(&reply).iter().any(|record| record["type"] == 7) {
            return n;
        }
        assert!(n < 10_000, "{} writes", writes(stage));
    }
    0
}

#[tokio::test(start_paused = true)]
async fn joins_count_whichever_instance_answers() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    let instances: Vec<Rules> = (0..50).map(|_| stage.second_frames()).collect();
    let answered = flood(&stage, &alice, &instances).await;
    let most = usize::try_from(ALLOWANCE.burst + ALLOWANCE.late).unwrap();
    assert!((most - 50..=most + 2).contains(&answered), "{answered}");
}

/// The bound that SECURITY names: in a burst at most 10 operations of the table for two units,
/// and at most so many units.
#[tokio::test(start_paused = true)]
async fn a_hostile_client_costs_no_more_than_security_says() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    stage.journal().clear();
    let instances: Vec<Rules> = (0..50).map(|_| stage.second_frames()).collect();
    flood(&stage, &alice, &instances).await;
    let units = usize::try_from(ALLOWANCE.burst + ALLOWANCE.late).unwrap();
    let operations = stage.journal().entries().len();
    assert!(operations <= units * 6, "{operations}");
    // Whatever follows costs one operation on each instance, and nothing on the next try.
    for frames in instances.iter().chain(&instances) {
        frames.answer(&alice, &join("g"), PATIENCE).await;
    }
    let more = stage.journal().entries().len() - operations;
    assert!(more <= instances.len() * 4, "{more}");
}

#[tokio::test]
async fn a_group_is_joined_once_however_often_the_client_asks() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    stage.answer(&alice, &join("g")).await;
    stage.journal().clear();
    for _ in 0..3 {
        assert!(stage.replies(&alice, &join("g")).await[0].get("error").is_none());
    }
    assert_eq!((writes(&stage), stage.is_in(&alice, "g")), (0, true));
}

/// The row may be missing although the record names it, or end before the socket does.
#[tokio::test]
async fn a_join_that_is_not_whole_is_joined_again() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    stage.store.fault("put_rows", Fault::Unavailable);
    assert!(stage.replies(&alice, &join("g")).await[0].get("error").is_some());
    stage.store.heal();
    stage.answer(&alice, &join("g")).await;
    stage.send(r#"{"groupName":"g","target":"t"}"#).await;

    stage
        .send(r#"{"action":"add","connectionId":"s1=","groupName":"short","ttlSeconds":60}"#)
        .await;
    stage.answer(&alice, &join("short")).await;
    stage.clock.advance(Duration::from_mins(2));
    stage.send(r#"{"groupName":"short","target":"late"}"#).await;
    assert_eq!(stage.called(&alice), ["t", "late"]);
}

#[tokio::test]
async fn a_group_that_was_never_joined_is_left_without_a_write() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    stage.journal().clear();
    let frame: String = (0..256).map(|n| leave(&format!("g{n}"))).collect();
    let replies = stage.replies(&alice, &frame).await;
    assert!(replies.len() == 256 && replies.iter().all(|reply| reply.get("error").is_none()));
    assert_eq!((writes(&stage), stage.journal().count("socket")), (0, 2));
}

#[tokio::test]
async fn retained_values_are_shown_at_the_first_join() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    stage.send(r#"{"groupName":"g","target":"kept","retain":"k"}"#).await;
    for _ in 0..3 {
        stage.answer(&alice, &join("g")).await;
    }
    assert_eq!(stage.called(&alice), ["kept"]);
    // Whoever comes back gets what there is by then.
    stage.answer(&alice, &leave("g")).await;
    stage.answer(&alice, &join("g")).await;
    assert_eq!(stage.called(&alice), ["kept", "kept"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_join_shows_is_paid_for_by_its_bytes() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    for key in 0..20 {
        let body = json!({
            "groupName": "g", "target": "kept", "retain": key.to_string(),
            "arguments": ["x".repeat(120_000)],
        });
        stage.send(&body.to_string()).await;
    }
    let instances: Vec<Rules> = (0..50).map(|_| stage.second_frames()).collect();
    let answered = flood(&stage, &alice, &instances).await;
    // 20 values of four units each, and two units for the join.
    assert!((12..=16).contains(&answered), "{answered}");
    let bytes: usize = stage.received(&alice).iter().map(String::len).sum();
    let most = usize::try_from(ALLOWANCE.burst + ALLOWANCE.late + 80).unwrap() * 32 * 1024;
    assert!(bytes <= most, "{bytes}");
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

#[tokio::test(start_paused = true)]
async fn a_frame_that_runs_out_of_time_ends_its_socket() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    stage.store.fault("note_channels", Fault::Hang);
    let [reply] = stage.replies(&alice, &join("g")).await.try_into().unwrap();
    assert!(close(&reply));
    stage.store.heal();
    for frames in [&stage.frames, &stage.second_frames()] {
        assert_eq!(frames.answer(&alice, &join("g"), PATIENCE).await, "");
        assert!(stage.gateway.is_deleted(&alice.socket));
    }
    disconnect(&stage.store, &alice.socket, START).await.unwrap();
    assert_eq!(stage.store.orphans(), []);
}

#[tokio::test]
async fn a_client_that_answers_each_ping_by_a_ping_is_left_alone() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    assert_eq!(stage.answer(&alice, PING).await, PING);
    stage.clock.advance(Duration::from_millis(999));
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
