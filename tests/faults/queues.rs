//! The queues go wrong.

use std::time::Duration;

use serde_json::{Value, json};

use crate::proxy::Fault;
use crate::rig::{Record, Rig, again, attribute, record};

fn to_all(target: &str) -> Value {
    json!({ "everyone": true, "target": target })
}

/// The stack's own consumers work the jobs.
#[tokio::test]
async fn jobs_that_a_batch_did_not_take_are_sent_again() {
    let rig = Rig::with_direct_max("1").await;
    let mut clients = Vec::new();
    for user in ["alice", "bob", "carol"] {
        clients.push(rig.client(user).await);
    }
    rig.proxy.next("SendMessageBatch", [Fault::Partial, Fault::Partial]);
    assert!(rig.publish(&[record("m1", to_all("t"))]).await.is_empty());
    assert_eq!(rig.proxy.count("SendMessageBatch"), 3);
    for client in &clients {
        client.hears(&["t"]).await;
    }
}

#[tokio::test]
async fn jobs_that_may_be_enqueued_twice_reach_everybody_once() {
    let rig = Rig::with_direct_max("1").await;
    let [alice, bob] = [rig.client("alice").await, rig.client("bob").await];
    rig.proxy.next("SendMessageBatch", [Fault::Reset]);
    let first = record("m1", to_all("t"));
    if !rig.publish(std::slice::from_ref(&first)).await.is_empty() {
        assert!(rig.publish(&[again(&first)]).await.is_empty());
    }
    assert!(rig.publish(&[record("m2", to_all("u"))]).await.is_empty());
    alice.hears(&["t", "u"]).await;
    bob.hears(&["t", "u"]).await;
}

#[tokio::test]
async fn a_bad_record_is_kept_until_its_letter_is_sent_and_costs_nobody() {
    let rig = Rig::start().await;
    let bob = rig.client("bob").await;
    let bad = record("m1", json!({ "usrId": "bob", "target": "t" }));
    rig.proxy.always("SendMessage", Fault::Error("RequestThrottled"));
    assert_eq!(rig.publish(std::slice::from_ref(&bad)).await, ["m1"]);
    assert!(rig.letters().await.is_empty());
    rig.proxy.heal();
    assert!(rig.publish(&[again(&bad), record("m2", to_all("u"))]).await.is_empty());
    bob.hears(&["u"]).await;
    let [letter] = rig.letters().await.try_into().unwrap();
    assert_eq!(attribute(&letter, "RejectReason"), "UnknownProperty");
    assert_eq!(letter.body.as_deref(), Some(bad.body.to_string().as_str()));
}

#[tokio::test]
async fn what_is_given_up_goes_on_where_it_stood_when_it_is_redriven() {
    let rig = Rig::start().await;
    let [alice, bob] = [rig.client("alice").await, rig.client("bob").await];
    rig.proxy.always(&format!("POST {}", alice.socket), Fault::Status(429));
    let old = Record { age: Duration::from_hours(30), ..record("m1", to_all("t")) };
    assert!(rig.publish(&[old]).await.is_empty());
    bob.hears(&["t"]).await;
    let [letter] = rig.letters().await.try_into().unwrap();
    assert_eq!(attribute(&letter, "RejectReason"), "TooOld");

    rig.proxy.heal();
    let body = serde_json::from_str(letter.body.as_deref().unwrap()).unwrap();
    let progress_key = Some(attribute(&letter, "ProgressKey"));
    let redriven = Record { progress_key, ..record("m2", body) };
    assert!(rig.publish(&[redriven, record("m3", to_all("u"))]).await.is_empty());
    alice.hears(&["t", "u"]).await;
    bob.hears(&["t", "u"]).await;
}
