//! The worst that one client can do: the numbers of the table in SECURITY.

use std::cell::Cell;
use std::time::Duration;

use hubcast_connection::frames::AnswerFrames;
use hubcast_model::context::Caller;
use hubcast_model::work::Allowance;
use hubcast_testkit::TestClock;
use hubcast_testkit::principal::principal;
use serde_json::json;
use tokio::time::Instant;

use super::{SPENT, ask, instances, join, leave, limit, ready, writes};
use crate::stage::{ALLOWANCE, HUB, PATIENCE, Rules, Stage, invoke, records};
use crate::upstream::Told;

/// The units that a client may owe.
const AT_ONCE: usize = 550;
/// The units that a client pays in a second.
const PER_SECOND: usize = 50;
/// The units of an instance that are not on the socket's record yet.
const UNNOTED: usize = 7;
const FRAME_BYTES: usize = 32 * 1024;
/// How long clients go on, in seconds.
const SECONDS: usize = 20;

#[test]
fn the_numbers_are_those_of_the_allowance() {
    let Allowance { per_second, burst, late } = ALLOWANCE;
    assert_eq!((per_second, burst + late), (50, 550));
}

/// What a client costs that sends its next frame as soon as it has the answer to the last one.
struct Cost {
    /// Until it has to wait for the first time.
    at_once: usize,
    /// In [`SECONDS`] after that.
    after: usize,
}

/// Measures a client that sends by `send`, whose cost so far is `cost`.
async fn measure(
    clock: &TestClock,
    mut send: impl AsyncFnMut(usize),
    cost: impl Fn() -> usize,
) -> Cost {
    let (start, mut costs, mut frame) = (Instant::now(), Vec::from([cost()]), 0);
    for pause in [Duration::ZERO, Duration::from_secs(SECONDS as u64)] {
        while start.elapsed() <= pause {
            let before = start.elapsed();
            send(frame).await;
            clock.advance(start.elapsed().saturating_sub(before));
            frame += 1;
            assert!(frame < 20_000, "no end");
        }
        costs.push(cost());
    }
    Cost { at_once: costs[1] - costs[0], after: costs[2] - costs[1] }
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
    let instances = instances(&stage, 50);
    let answered = flood(&stage, &alice, &instances).await;
    let most = usize::try_from(ALLOWANCE.burst + ALLOWANCE.late).unwrap();
    // Two units for a join and one for a leave; each instance may keep some to itself.
    let (least, unnoted) = (most * 2 / 3 - 50, instances.len() * UNNOTED);
    assert!((least..=(most + unnoted) * 2 / 3 + 2).contains(&answered), "{answered}");
}

/// The bound that SECURITY names: in a burst at most 12 operations of the table for two units,
/// and at most so many units.
#[tokio::test(start_paused = true)]
async fn a_hostile_client_costs_no_more_than_security_says() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    stage.journal().clear();
    let instances = instances(&stage, 50);
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
    let instances = instances(&stage, 50);
    let answered = flood(&stage, &alice, &instances).await;
    // 20 values of four units each, and two units for the join.
    assert!((12..=16).contains(&answered), "{answered}");
    let bytes: usize = stage.received(&alice).iter().map(String::len).sum();
    let most = usize::try_from(ALLOWANCE.burst + ALLOWANCE.late + 80).unwrap() * 32 * 1024;
    assert!(bytes <= most, "{bytes}");
}

/// A client that waits for its turn costs no more in each second than it pays for.
#[tokio::test(start_paused = true)]
async fn joins_and_leaves_cost_a_bounded_number_of_operations() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    let instances = instances(&stage, 4);
    let send = async |n: usize| {
        let frame = if n.is_multiple_of(2) { join("g") } else { leave("g") };
        let reply = instances[n % 4].answer(&alice, &frame, PATIENCE).await;
        assert!(!reply.contains("\"type\":7"), "{reply}");
    };
    let cost = measure(&stage.clock, send, || stage.journal().entries().len()).await;
    assert!(cost.at_once <= AT_ONCE * 6, "{}", cost.at_once);
    assert!(cost.after <= SECONDS * PER_SECOND * 6, "{}", cost.after);
    assert!(cost.after >= SECONDS * PER_SECOND * 3, "a frame is not {}", cost.after);
}

#[tokio::test(start_paused = true)]
async fn calls_make_a_bounded_number_of_queue_messages() {
    let told = Told::default();
    let alice = told.ready("s1=", principal(HUB, "alice")).await;
    let instances: Vec<_> = (0..4).map(|_| told.second_frames()).collect();
    let send = async |n: usize| {
        let frame = invoke(&n.to_string(), "Add", &json!([]));
        let reply = instances[n % 4].answer(&alice, &frame, PATIENCE).await;
        assert!(!reply.contains("\"type\":7"), "{reply}");
    };
    let cost = measure(&told.stage.clock, send, || told.backends.told().len()).await;
    let slack = instances.len() * UNNOTED;
    assert!(cost.at_once <= 2 * (AT_ONCE + slack), "{}", cost.at_once);
    assert!(cost.after <= 2 * (SECONDS * PER_SECOND + slack), "{}", cost.after);
}

#[tokio::test(start_paused = true)]
async fn answers_take_a_bounded_number_of_bytes() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    let bytes = Cell::new(0);
    let frame = invoke(&"i".repeat(30_000), "GetConnectionId", &json!([]));
    let send = async |_| {
        let reply = stage.answer(&alice, &frame).await;
        assert!(!reply.contains("\"type\":7"));
        bytes.set(bytes.get() + reply.len());
    };
    let cost = measure(&stage.clock, send, || bytes.get()).await;
    assert!(cost.at_once <= AT_ONCE * FRAME_BYTES, "{}", cost.at_once);
    assert!(cost.after <= SECONDS * PER_SECOND * FRAME_BYTES, "{}", cost.after);
}

/// Frames that only read count in each instance alone, until the first instance ends the socket.
#[tokio::test(start_paused = true)]
async fn a_flood_of_reads_ends_at_all_instances_with_the_first() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    let instances = instances(&stage, 4);
    stage.journal().clear();
    let mut answered = 0;
    for frames in instances.iter().cycle() {
        let reply = frames.answer(&alice, &ask(answered), PATIENCE).await;
        if reply == limit(SPENT) {
            break;
        }
        answered += 1;
        assert!(answered <= instances.len() * AT_ONCE, "no end");
    }
    let operations = stage.journal().entries().len();
    assert!(operations <= answered + 3, "a read for each, {operations} for {answered}");
    assert_eq!(writes(&stage), 1);
    for frames in &instances {
        assert_eq!(frames.answer(&alice, &ask(0), PATIENCE).await, "");
    }
}

/// A call that only reads takes a moment too, and another instance would not know of it.
#[tokio::test(start_paused = true)]
async fn calls_of_group_methods_that_write_nothing_count_at_all_instances_too() {
    for call in [leave("never-joined"), join("one")] {
        let stage = Stage::default();
        let alice = ready(&stage).await;
        let mut answered = 0;
        for instance in instances(&stage, 40) {
            let reply = instance.answer(&alice, &call.repeat(100), PATIENCE).await;
            answered += records(&reply).iter().filter(|record| record["type"] == 3).count();
        }
        assert!(answered <= 600, "{answered} calls were answered");
    }
}

/// Nobody pays for a socket that has not shaken hands.
#[tokio::test(start_paused = true)]
async fn who_has_not_shaken_hands_may_not_send_completions_and_cancellations() {
    let completion = "{\"type\":3,\"invocationId\":\"1\"}\u{1e}".repeat(100);
    for frame in [completion, "{\"type\":1,\"target\":\"x\",\"arguments\":[]}\u{1e}".repeat(600)] {
        let stage = Stage::default();
        let alice = stage.connected("s1=", principal(HUB, "alice")).await;
        stage.journal().clear();
        for instance in instances(&stage, 10) {
            instance.answer(&alice, &frame, PATIENCE).await;
        }
        assert!(stage.gateway.is_deleted(&alice.socket));
        let reads = stage.journal().count("socket") + stage.journal().count("awaits_result");
        assert!(reads <= 60, "{reads} reads");
    }
}
