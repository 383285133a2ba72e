//! The management API goes wrong.

use serde_json::{Value, json};

use crate::client::Client;
use crate::proxy::Fault;
use crate::rig::{ATTEMPT_TIMEOUT, Rig, again, record};

fn to_all(target: &str) -> Value {
    json!({ "everyone": true, "target": target })
}

/// Alice's client, of which posts may go wrong, and bob's.
async fn two(rig: &Rig) -> ([Client; 2], String) {
    let clients = [rig.client("alice").await, rig.client("bob").await];
    let post = format!("POST {}", clients[0].socket);
    (clients, post)
}

#[tokio::test]
async fn a_throttled_post_is_tried_again() {
    let rig = Rig::start().await;
    let ([alice, bob], post) = two(&rig).await;
    rig.proxy.next(&post, [Fault::Status(429), Fault::Status(429)]);
    assert!(rig.publish(&[record("m1", to_all("t"))]).await.is_empty());
    alice.hears(&["t"]).await;
    bob.hears(&["t"]).await;
    assert_eq!(rig.proxy.count(&post), 3);
}

#[tokio::test]
async fn a_post_whose_answer_is_lost_is_repeated_once_and_what_follows_comes_after() {
    let rig = Rig::start().await;
    let ([alice, _], post) = two(&rig).await;
    rig.proxy.next(&post, [Fault::Reset]);
    assert!(rig.publish(&[record("m1", to_all("t"))]).await.is_empty());
    assert!(rig.publish(&[record("m2", to_all("u"))]).await.is_empty());
    alice.hears(&["t", "t", "u"]).await;
}

#[tokio::test]
async fn a_post_that_hangs_is_repeated_once_though_it_arrives_late_all_the_same() {
    let rig = Rig::start().await;
    let ([alice, bob], post) = two(&rig).await;
    rig.proxy.next(&post, [Fault::Hang(Some(ATTEMPT_TIMEOUT * 2))]);
    assert!(rig.publish(&[record("m1", to_all("t"))]).await.is_empty());
    bob.hears(&["t"]).await;
    alice.hears(&["t", "t"]).await;
    assert_eq!(rig.proxy.count(&post), 2);
}

#[tokio::test]
async fn what_stays_ambiguous_is_left_and_the_redelivery_posts_only_that_in_order() {
    let rig = Rig::start().await;
    let ([alice, bob], post) = two(&rig).await;
    let [first, second] = [record("m1", to_all("t")), record("m2", to_all("u"))];
    rig.proxy.next(&post, [Fault::Status(500), Fault::Status(503)]);
    assert_eq!(rig.publish(&[first.clone(), second.clone()]).await, ["m1", "m2"]);
    assert_eq!(rig.proxy.count(&post), 2, "once more at the most");
    bob.hears(&["t", "u"]).await;
    assert!(alice.called().is_empty());

    assert!(rig.publish(&[again(&first), again(&second)]).await.is_empty());
    assert!(rig.publish(&[record("m3", to_all("v"))]).await.is_empty());
    alice.hears(&["t", "u", "v"]).await;
    bob.hears(&["t", "u", "v"]).await;
}

#[tokio::test]
async fn a_false_410_ends_the_live_socket_so_that_it_is_not_deaf() {
    let rig = Rig::start().await;
    let ([alice, bob], post) = two(&rig).await;
    rig.proxy.next(&post, [Fault::Status(410)]);
    assert!(rig.publish(&[record("m1", to_all("t"))]).await.is_empty());
    alice.ends().await;
    assert!(rig.sockets("alice").await.is_empty());
    assert_eq!(rig.sockets("bob").await.len(), 1, "nobody else's rows");
    bob.hears(&["t"]).await;
}

#[tokio::test]
async fn a_refused_record_is_final_and_holds_nothing_up() {
    for status in [403, 413] {
        let rig = Rig::start().await;
        let ([alice, bob], post) = two(&rig).await;
        rig.proxy.next(&post, [Fault::Status(status)]);
        assert!(rig.publish(&[record("m1", to_all("t"))]).await.is_empty());
        assert!(rig.publish(&[record("m2", to_all("u"))]).await.is_empty());
        alice.hears(&["u"]).await;
        bob.hears(&["t", "u"]).await;
    }
}

#[tokio::test]
async fn one_socket_stuck_on_429_delays_nobody_and_is_evicted_the_second_time() {
    let mut rig = Rig::start().await;
    let ([alice, bob], post) = two(&rig).await;
    rig.proxy.always(&post, Fault::Status(429));
    let first = record("m1", to_all("t"));
    assert_eq!(rig.publish(std::slice::from_ref(&first)).await, ["m1"]);
    bob.hears(&["t"]).await;
    assert!(alice.is_open());

    // The message may come back to an instance that has not posted to anybody.
    rig.replace_publisher();
    assert!(rig.publish(&[again(&first)]).await.is_empty());
    alice.ends().await;
    assert!(rig.publish(&[record("m2", to_all("u"))]).await.is_empty());
    bob.hears(&["t", "u"]).await;
    assert!(alice.called().is_empty());
    assert!(rig.sockets("alice").await.is_empty());
}

#[tokio::test]
async fn nobody_waits_for_a_slow_socket() {
    let rig = Rig::start().await;
    let ([alice, bob], post) = two(&rig).await;
    rig.proxy.next(&post, [Fault::Slow(ATTEMPT_TIMEOUT / 2)]);
    let first = record("m1", to_all("t"));
    tokio::select! {
        biased;
        _ = rig.publish(std::slice::from_ref(&first)) => panic!("it waits for alice"),
        () = bob.hears(&["t"]) => {}
    }
    assert!(alice.called().is_empty());
}

#[tokio::test]
async fn an_invocation_killed_in_mid_fan_out_is_repeated_and_loses_nobody() {
    let mut rig = Rig::start().await;
    let ([alice, bob], post) = two(&rig).await;
    rig.proxy.next(&post, [Fault::Hang(None)]);
    let first = record("m1", to_all("t"));
    tokio::select! {
        biased;
        _ = rig.publish(std::slice::from_ref(&first)) => panic!("it does not wait for alice"),
        () = bob.hears(&["t"]) => {}
    }
    rig.replace_publisher();
    assert!(rig.publish(&[again(&first), record("m2", to_all("u"))]).await.is_empty());
    alice.hears(&["t", "u"]).await;
    bob.hears(&["t", "t", "u"]).await;
}

#[tokio::test]
async fn a_log_out_ends_a_socket_whose_close_is_refused() {
    let rig = Rig::start().await;
    let ([alice, bob], post) = two(&rig).await;
    assert!(rig.publish(&[record("m1", to_all("t"))]).await.is_empty());
    rig.proxy.always(&post, Fault::Status(413));
    let log_out = json!({ "action": "close", "userId": "alice" });
    assert!(rig.publish(&[record("m2", log_out)]).await.is_empty());
    alice.ends().await;
    assert!(bob.is_open());
}
