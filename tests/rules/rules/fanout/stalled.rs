//! One slow socket never holds a group.

use hubcast_delivery::Publish;
use hubcast_model::ports::QueuedMessage;
use hubcast_testkit::Answer;
use hubcast_testkit::queued::{again, in_group, message};

use crate::stage::Stage;

const TO_ALL: &str = r#"{"target":"t"}"#;

#[tokio::test(start_paused = true)]
async fn a_socket_that_fails_twice_while_others_do_not_is_sent_to_connect_anew() {
    let stage = Stage::default();
    let [alice, bob] = [stage.user("s1=", "alice").await, stage.user("s2=", "bob").await];
    stage.gateway.always(&alice.socket, Answer::Throttled);
    let publisher = stage.publisher();
    let first = in_group("m1", "g", TO_ALL);
    let report = publisher.publish(vec![first.clone()], crate::stage::INVOCATION).await;
    assert_eq!(report.failed, ["m1"]);

    let next = in_group("m2", "g", r#"{"target":"next"}"#);
    let report = publisher.publish(vec![again(&first), next], crate::stage::INVOCATION).await;
    assert!(report.failed.is_empty(), "{report:?}");
    assert_eq!(report.tally.stalled, 1);
    assert_eq!(stage.called(&bob), ["t", "next"]);
    assert!(stage.gateway.is_deleted(&alice.socket));
    stage.assert_forgotten(&alice);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_can_read_it_is_told_that_it_may_come_back() {
    let stage = Stage::default();
    let [alice, _] = [stage.user("s1=", "alice").await, stage.user("s2=", "bob").await];
    stage.gateway.answer_for(&alice.socket, [Answer::Failed; 4]);
    let publisher = stage.publisher();
    let first = message("m1", TO_ALL);
    publisher.publish(vec![first.clone()], crate::stage::INVOCATION).await;
    publisher.publish(vec![again(&first)], crate::stage::INVOCATION).await;
    let last = stage.gateway.frames(&alice.socket).pop();
    assert_eq!(last.as_deref(), Some("{\"type\":7,\"allowReconnect\":true}\u{1e}"));
}

#[tokio::test(start_paused = true)]
async fn failures_that_many_share_evict_nobody() {
    let stage = Stage::default();
    let mut callers = Vec::new();
    for n in 0..4 {
        callers.push(stage.user(&format!("s{n}="), &format!("u{n}")).await);
    }
    for caller in callers.iter().take(2) {
        stage.gateway.always(&caller.socket, Answer::Throttled);
    }
    let publisher = stage.publisher();
    let first = message("m1", TO_ALL);
    publisher.publish(vec![first.clone()], crate::stage::INVOCATION).await;
    let report = publisher.publish(vec![again(&first)], crate::stage::INVOCATION).await;
    assert_eq!(report.failed, ["m1"]);
    assert_eq!(report.tally.stalled, 0);
    assert!(!stage.gateway.is_deleted(&callers[0].socket));
}

#[tokio::test(start_paused = true)]
async fn without_any_success_to_others_it_may_be_the_gateway_that_fails() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.gateway.always(&alice.socket, Answer::Throttled);
    let first = message("m1", TO_ALL);
    stage.publish([first.clone()]).await;
    let report = stage.publish([again(&first)]).await;
    assert_eq!(report.failed, ["m1"]);
    assert!(!stage.gateway.is_deleted(&alice.socket));
}

#[tokio::test(start_paused = true)]
async fn what_another_instance_reached_a_moment_ago_shows_that_others_do_not_fail() {
    let stage = Stage::default();
    let mut callers = Vec::new();
    for n in 0..24 {
        callers.push(stage.user(&format!("s{n}="), &format!("u{n}")).await);
    }
    for caller in &callers[..2] {
        stage.gateway.always(&caller.socket, Answer::Throttled);
    }
    let first = message("m1", TO_ALL);
    assert_eq!(stage.publish([first.clone()]).await.failed, ["m1"]);
    let report = stage.publish([again(&first)]).await;
    assert!(report.failed.is_empty(), "{report:?}");
    assert_eq!(report.tally.stalled, 2);
    assert!(!stage.gateway.is_deleted(&callers[2].socket));
}

#[tokio::test(start_paused = true)]
async fn what_was_reached_before_a_redrive_shows_nothing() {
    let stage = Stage::default();
    let [alice, _] = [stage.user("s1=", "alice").await, stage.user("s2=", "bob").await];
    stage.gateway.always(&alice.socket, Answer::Throttled);
    let first = message("m1", TO_ALL);
    stage.publish([first.clone()]).await;
    let redriven = QueuedMessage { progress_key: Some("m1".to_owned()), ..message("m2", TO_ALL) };
    let report = stage.publish([redriven]).await;
    assert_eq!(report.failed, ["m2"]);
    assert_eq!((report.tally.resumed, report.tally.stalled), (1, 0));
}
