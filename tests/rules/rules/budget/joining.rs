//! What joins and leaves cost, and what they show.

use std::time::Duration;

use hubcast_membership::membership::{Groups, join as join_groups};
use hubcast_model::access::{Membership, Standing};
use hubcast_model::channel::ShardCounts;
use hubcast_model::context::Caller;
use hubcast_model::ports::MembershipStore;
use hubcast_model::principal::Principal;
use hubcast_model::time::Clock;
use hubcast_testkit::clock::START;
use hubcast_testkit::principal::principal;
use hubcast_testkit::{Answer, Fault, name};
use serde_json::{Value, json};

use super::{join, leave, ready, ready_as, writes};
use crate::stage::{ALLOWANCE, HUB, Stage, close};

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
    // The one write is the charge.
    assert_eq!((writes(&stage), stage.journal().count("note_channels")), (1, 1));
    assert_eq!(stage.journal().count("socket"), 2);
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

/// The rows of such a socket end with the session, before its record does.
#[tokio::test]
async fn a_group_is_joined_once_also_when_the_session_ends_soon() {
    let stage = Stage::default();
    let session_expires = Some(START.plus(Duration::from_mins(10)));
    let alice = ready_as(&stage, Principal { session_expires, ..principal(HUB, "alice") }).await;
    stage.send(r#"{"groupName":"g","target":"kept","retain":"k"}"#).await;
    stage.answer(&alice, &join("g")).await;
    stage.journal().clear();
    for _ in 0..3 {
        stage.answer(&alice, &join("g")).await;
    }
    assert_eq!((writes(&stage), stage.called(&alice)), (0, vec!["kept".to_owned()]));
}

/// Retains a value of so many bytes in group `g`.
async fn retain(stage: &Stage, key: &str, bytes: usize) {
    let body = json!({
        "groupName": "g", "target": "kept", "retain": key, "arguments": ["x".repeat(bytes)],
    });
    stage.send(&body.to_string()).await;
}

/// What a client owes for one call: as its record says, and the unit of the call, which the
/// instance notes once there are more.
fn owed(stage: &Stage) -> Duration {
    let paid_at = stage.store.sockets()[0].paid_at;
    paid_at.map_or(Duration::ZERO, |paid_at| paid_at.since(stage.clock.now())) + price(1)
}

fn price(units: u32) -> Duration {
    Duration::from_secs(1) * units / ALLOWANCE.per_second
}

#[tokio::test]
async fn a_join_costs_two_units_and_one_for_each_32_kb_beyond_the_first() {
    for (bytes, units) in [(0, 2), (32_000, 2), (40_000, 3), (100_000, 5)] {
        let stage = Stage::default();
        let alice = ready(&stage).await;
        retain(&stage, "k", bytes).await;
        stage.answer(&alice, &join("g")).await;
        assert_eq!(owed(&stage), price(units), "{bytes}");
    }
}

/// The values went over the wire, or nearly so.
#[tokio::test(start_paused = true)]
async fn what_could_not_be_shown_to_the_end_is_paid_for_as_well() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    retain(&stage, "k", 100_000).await;
    stage.gateway.always(&alice.socket, Answer::Throttled);
    assert!(stage.replies(&alice, &join("g")).await[0].get("error").is_some());
    assert_eq!(owed(&stage), price(5));
}

/// Whoever is denied while a join is on its way joins twice, by one call.
#[tokio::test]
async fn a_join_that_begins_anew_is_paid_for_once() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    stage.put_membership("alice", "g", Standing::Denied).await;
    let store = stage.store.clone();
    stage.store.before("forget_channels", async move { lasting(&store).await });
    assert!(stage.replies(&alice, &join("g")).await[0].get("error").is_none());
    assert_eq!((stage.journal().count("forget_channels"), owed(&stage)), (1, price(2)));
}

#[tokio::test]
async fn a_join_that_cannot_be_paid_for_is_a_join() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    retain(&stage, "k", 100_000).await;
    stage.store.fault_next("note_channels", [None, Some(Fault::Unavailable)]);
    assert!(stage.replies(&alice, &join("g")).await[0].get("error").is_none());
    assert!(stage.is_in(&alice, "g"));
    assert_eq!(stage.called(&alice), ["kept"]);
}

/// A lasting membership of alice in `g`.
async fn lasting(store: &hubcast_testkit::MemoryStore) {
    let group = name::group("g").keyed();
    let membership = Membership { group, standing: Standing::Member, expires: None };
    let put = store.put_membership(&name::hub(HUB), &name::user("alice"), &membership).await;
    put.expect("the table works");
}

/// A join whose board cannot be shown.
async fn torn(stage: &Stage, alice: &Caller) -> Vec<Value> {
    stage.gateway.always(&alice.socket, Answer::Throttled);
    stage.replies(alice, &join("g")).await
}

/// The end lets the client return, and takes no row away.
fn assert_ended(stage: &Stage, alice: &Caller, replies: &[Value]) {
    assert!(close(&replies[0]));
    assert!(stage.is_in(alice, "g"));
}

#[tokio::test(start_paused = true)]
async fn a_join_that_shows_nothing_does_not_take_away_what_a_backend_gave() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    stage.send(r#"{"action":"add","connectionId":"s1=","groupName":"g","ttlSeconds":60}"#).await;
    retain(&stage, "k", 10).await;
    let replies = torn(&stage, &alice).await;
    assert_ended(&stage, &alice, &replies);
}

#[tokio::test(start_paused = true)]
async fn a_second_join_that_shows_nothing_does_not_take_away_the_first() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    stage.store.fault_next("put_rows", [Some(Fault::Unavailable)]);
    stage.answer(&alice, &join("g")).await;
    retain(&stage, "k", 10).await;
    let replies = torn(&stage, &alice).await;
    assert!(close(&replies[0]));
}

#[tokio::test(start_paused = true)]
async fn a_user_who_is_added_during_a_join_that_shows_nothing_comes_back() {
    let stage = Stage::default();
    let alice = ready(&stage).await;
    retain(&stage, "k", 10).await;
    let (store, socket) = (stage.store.clone(), stage.store.sockets()[0].clone());
    stage.store.before("retained", async move {
        lasting(&store).await;
        let groups = Groups::from([(name::group("g").keyed(), None)]);
        join_groups(&store, ShardCounts::default(), &socket, &groups).await.unwrap();
    });
    assert!(close(&torn(&stage, &alice).await[0]));
}
