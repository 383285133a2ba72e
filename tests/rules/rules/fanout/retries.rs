//! What is posted again, how often and for how long.

use std::time::Duration;

use hubcast_delivery::Publish;
use hubcast_testkit::Answer;
use hubcast_testkit::queued::{again, in_group, message};
use serde_json::json;
use tokio::time::Instant;

use crate::stage::Stage;

const TO_ALICE: &str = r#"{"userId":"alice","target":"t"}"#;

#[tokio::test(start_paused = true)]
async fn a_throttled_post_is_tried_again_until_it_is_taken() {
    for answer in [Answer::Throttled, Answer::Unreached] {
        let stage = Stage::default();
        let alice = stage.user("s1=", "alice").await;
        stage.gateway.answer_for(&alice.socket, [answer; 4]);
        let report = stage.send(TO_ALICE).await;
        assert_eq!(stage.called(&alice), ["t"]);
        assert_eq!(report.tally.throttled, if answer == Answer::Throttled { 4 } else { 0 });
    }
}

#[tokio::test(start_paused = true)]
async fn a_post_that_stays_throttled_fails_its_message_within_the_budget() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.gateway.always(&alice.socket, Answer::Throttled);
    let start = Instant::now();
    let report = stage.publish([message("m1", TO_ALICE)]).await;
    assert_eq!(report.failed, ["m1"]);
    assert!(start.elapsed() <= Duration::from_secs(3), "{:?}", start.elapsed());
    let tries = stage.gateway.attempts(&alice.socket) - 1;
    assert!((4..100).contains(&tries), "{tries} tries");
    assert_eq!(report.tally.failed, 1);
}

#[tokio::test(start_paused = true)]
async fn retries_are_spread_by_chance() {
    let mut ends = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let stage = Stage::default();
        let alice = stage.user("s1=", "alice").await;
        stage.gateway.answer_for(&alice.socket, [Answer::Throttled; 5]);
        let start = Instant::now();
        stage.send(TO_ALICE).await;
        ends.insert(start.elapsed());
    }
    assert!(ends.len() > 5, "{ends:?}");
}

#[tokio::test(start_paused = true)]
async fn a_post_without_an_answer_is_repeated_once_at_the_most() {
    for (answer, arrived) in [(Answer::Lost, 2), (Answer::Failed, 0)] {
        let stage = Stage::default();
        let alice = stage.user("s1=", "alice").await;
        stage.gateway.always(&alice.socket, answer);
        let report = stage.publish([message("m1", TO_ALICE)]).await;
        assert_eq!(stage.gateway.attempts(&alice.socket), 1 + 2, "{answer:?}");
        assert_eq!(stage.received(&alice).len(), arrived, "{answer:?}");
        assert_eq!(report.failed, ["m1"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_repetition_does_not_allow_another() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    let answers = [Answer::Failed, Answer::Throttled, Answer::Failed, Answer::Accepted];
    stage.gateway.answer_for(&alice.socket, answers);
    let report = stage.publish([message("m1", TO_ALICE)]).await;
    assert_eq!(report.failed, ["m1"]);
    assert!(stage.called(&alice).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_repetition_that_is_taken_is_counted_as_ambiguous() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.gateway.answer_for(&alice.socket, [Answer::Failed, Answer::Accepted]);
    let report = stage.send(TO_ALICE).await;
    assert_eq!(stage.called(&alice), ["t"]);
    assert_eq!((report.tally.ambiguous, report.tally.delivered), (1, 1));
}

#[tokio::test]
async fn a_refused_record_is_not_tried_again_and_fails_nothing() {
    for answer in [Answer::Refused, Answer::TooLarge] {
        let stage = Stage::default();
        let alice = stage.user("s1=", "alice").await;
        stage.user("s2=", "bob").await;
        stage.gateway.answer_for(&alice.socket, [answer]);
        let report = stage.send(r#"{"target":"t"}"#).await;
        assert_eq!(stage.gateway.attempts(&alice.socket), 2);
        assert_eq!((report.tally.refused, report.tally.delivered), (1, 1));
    }
}

#[tokio::test]
async fn when_no_post_at_all_is_allowed_nothing_is_lost_by_it() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.gateway.answer_for(&alice.socket, [Answer::Refused]);
    let first = message("m1", TO_ALICE);
    assert_eq!(stage.publish([first.clone()]).await.failed, ["m1"]);
    assert!(stage.publish([again(&first)]).await.failed.is_empty());
    assert_eq!(stage.called(&alice), ["t"]);
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_fails_alone_is_given_up_before_the_budget_ends() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.user("s2=", "bob").await;
    stage.gateway.always(&alice.socket, Answer::Throttled);
    let start = Instant::now();
    let report = stage.publish([message("m1", r#"{"target":"t"}"#)]).await;
    assert_eq!(report.failed, ["m1"]);
    assert!(start.elapsed() <= Duration::from_secs(1), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_there_is_no_time_for_is_left_and_kept() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.user("s2=", "bob").await;
    stage.gateway.always(&alice.socket, Answer::Late(Duration::from_secs(2)));
    let publisher = stage.publisher();
    let first = message("m1", &three_frames("alice"));
    // A second and a half are kept back to write down what is left.
    let report = publisher.publish(vec![first.clone()], Duration::from_secs(3)).await;
    assert_eq!(report.failed, ["m1"]);
    assert_eq!(stage.called(&alice), ["a"]);
    stage.gateway.heal();
    assert!(stage.publish([again(&first)]).await.failed.is_empty());
    assert_eq!(stage.called(&alice), ["a", "b", "c"]);
}

/// Three records that go in a frame each.
fn three_frames(user: &str) -> String {
    let element =
        |target| json!({ "userId": user, "target": target, "arguments": ["x".repeat(30_000)] });
    json!([element("a"), element("b"), element("c")]).to_string()
}

#[tokio::test(start_paused = true)]
async fn a_socket_whose_frame_failed_gets_nothing_more() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    let answers = [Answer::Accepted, Answer::Failed, Answer::Failed];
    stage.gateway.answer_for(&alice.socket, answers);
    let report = stage.publish([message("m1", &three_frames("alice"))]).await;
    assert_eq!(report.failed, ["m1"]);
    assert_eq!(stage.called(&alice), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_is_gone_gets_nothing_more() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.gateway.answer_for(&alice.socket, [Answer::Accepted, Answer::Gone]);
    stage.send(&three_frames("alice")).await;
    assert_eq!(stage.gateway.attempts(&alice.socket), 1 + 2);
}

#[tokio::test(start_paused = true)]
async fn one_failing_socket_costs_the_others_nothing() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    let bob = stage.user("s2=", "bob").await;
    stage.gateway.always(&alice.socket, Answer::Throttled);
    let report = stage
        .publish([
            in_group("m1", "g", r#"{"target":"all"}"#),
            in_group("m2", "h", r#"{"userId":"bob","target":"bob"}"#),
        ])
        .await;
    assert_eq!(report.failed, ["m1"]);
    assert_eq!(stage.called(&bob), ["all", "bob"]);
}
