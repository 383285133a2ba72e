//! The table goes wrong.

use serde_json::{Value, json};

use crate::proxy::Fault;
use crate::rig::{Rig, again, record};

fn to_bob(target: &str) -> Value {
    json!({ "userId": "bob", "target": target })
}

#[tokio::test]
async fn a_throttled_query_is_tried_again() {
    let rig = Rig::start().await;
    let bob = rig.client("bob").await;
    rig.proxy.next("Query", [Fault::Error("ProvisionedThroughputExceededException"); 2]);
    assert!(rig.publish(&[record("m1", to_bob("t"))]).await.is_empty());
    bob.hears(&["t"]).await;
    assert_eq!(rig.proxy.count("Query"), 3);
}

#[tokio::test]
async fn while_the_table_is_away_the_group_is_held_and_comes_in_order_afterwards() {
    let rig = Rig::start().await;
    let bob = rig.client("bob").await;
    let [first, second] = [record("m1", to_bob("t")), record("m2", to_bob("u"))];
    rig.proxy.always("Query", Fault::Status(500));
    assert_eq!(rig.publish(&[first.clone(), second.clone()]).await, ["m1", "m2"]);
    rig.proxy.heal();
    assert!(rig.publish(&[again(&first), again(&second)]).await.is_empty());
    bob.hears(&["t", "u"]).await;
}

#[tokio::test]
async fn progress_that_is_not_processed_is_written_again_so_that_nobody_hears_twice() {
    let rig = Rig::start().await;
    let [alice, bob] = [rig.client("alice").await, rig.client("bob").await];
    let all = |target: &str| json!({ "everyone": true, "target": target });
    let [first, second] = [record("m1", all("t")), record("m2", all("u"))];
    rig.proxy.always(&format!("POST {}", alice.socket), Fault::Status(429));
    rig.proxy.next("BatchWriteItem", [Fault::Partial]);
    assert_eq!(rig.publish(&[first.clone(), second.clone()]).await, ["m1", "m2"]);
    assert_eq!(rig.proxy.count("BatchWriteItem"), 2);
    rig.proxy.heal();
    assert!(rig.publish(&[again(&first), again(&second)]).await.is_empty());
    assert!(rig.publish(&[record("m3", all("v"))]).await.is_empty());
    bob.hears(&["t", "u", "v"]).await;
    alice.hears(&["t", "u", "v"]).await;
}

#[tokio::test]
async fn without_progress_nothing_is_posted_to_those_who_may_have_it() {
    let rig = Rig::start().await;
    let bob = rig.client("bob").await;
    let first = again(&record("m1", to_bob("t")));
    rig.proxy.always("BatchGetItem", Fault::Status(500));
    assert_eq!(rig.publish(std::slice::from_ref(&first)).await, ["m1"]);
    assert!(bob.called().is_empty());
    rig.proxy.heal();
    assert!(rig.publish(&[again(&first)]).await.is_empty());
    bob.hears(&["t"]).await;
}
