//! What is kept of a message that could not be finished, and what a second run does.

use std::time::Duration;

use hubcast_model::id::SocketId;
use hubcast_model::ports::QueuedMessage;
use hubcast_model::time::Clock;
use hubcast_testkit::clock::START;
use hubcast_testkit::queued::{again, in_group, message};
use hubcast_testkit::{Answer, Fault, name};

use crate::stage::Stage;

const TO_ALL: &str = r#"{"target":"t"}"#;

fn left(sockets: &[&str]) -> Vec<SocketId> {
    sockets.iter().map(|socket| name::socket(socket)).collect()
}

/// The sockets that the table says are left, by progress key.
fn rows(stage: &Stage) -> Vec<(String, Vec<SocketId>)> {
    let rows = stage.store.progress_rows().into_iter();
    rows.map(|(key, (progress, _))| (key, progress.left)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_second_run_posts_only_what_was_left() {
    let stage = Stage::default();
    let [alice, bob] = [stage.user("s1=", "alice").await, stage.user("s2=", "bob").await];
    stage.gateway.always(&alice.socket, Answer::Throttled);
    let first = message("m1", r#"[{"target":"a"},{"userId":"bob","target":"b"}]"#);
    assert_eq!(stage.publish([first.clone()]).await.failed, ["m1"]);
    assert_eq!(rows(&stage), [("m1/0".to_owned(), left(&["s1="])), ("m1/1".to_owned(), left(&[]))]);

    stage.gateway.heal();
    let report = stage.publish([again(&first)]).await;
    assert!(report.failed.is_empty());
    assert_eq!(stage.called(&alice), ["a"]);
    assert_eq!(stage.called(&bob), ["a", "b"]);
    assert_eq!(report.tally.resumed, 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_left_shrinks_with_every_run() {
    let stage = Stage::default();
    let callers =
        [stage.user("s1=", "a").await, stage.user("s2=", "b").await, stage.user("s3=", "c").await];
    for caller in &callers {
        stage.gateway.always(&caller.socket, Answer::Throttled);
    }
    let first = message("m1", TO_ALL);
    stage.publish([first.clone()]).await;
    assert_eq!(rows(&stage), [("m1/0".to_owned(), left(&["s1=", "s2=", "s3="]))]);
    stage.gateway.always(&callers[0].socket, Answer::Accepted);
    stage.publish([again(&first)]).await;
    assert_eq!(rows(&stage), [("m1/0".to_owned(), left(&["s2=", "s3="]))]);
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_went_meanwhile_is_not_left_any_more() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.gateway.always(&alice.socket, Answer::Throttled);
    let first = message("m1", TO_ALL);
    stage.publish([first.clone()]).await;
    stage.gateway.always(&alice.socket, Answer::Gone);
    let report = stage.publish([again(&first)]).await;
    assert!(report.failed.is_empty());
    stage.assert_forgotten(&alice);
}

#[tokio::test]
async fn a_message_that_went_through_leaves_no_row() {
    let stage = Stage::default();
    stage.user("s1=", "alice").await;
    stage.send(TO_ALL).await;
    assert_eq!(rows(&stage), []);
    assert_eq!(stage.journal().count("progress"), 0, "a first receive has nothing to look up");
}

#[tokio::test(start_paused = true)]
async fn later_messages_of_the_group_are_held_and_not_posted_twice() {
    let stage = Stage::default();
    let [alice, bob] = [stage.user("s1=", "alice").await, stage.user("s2=", "bob").await];
    stage.gateway.always(&alice.socket, Answer::Throttled);
    let messages = [
        in_group("m0", "g", r#"{"userId":"bob","target":"0"}"#),
        in_group("m1", "g", r#"{"userId":"alice","target":"1"}"#),
        in_group("m2", "g", r#"{"userIds":["alice","bob"],"target":"2"}"#),
        in_group("m3", "g", r#"{"userId":"bob","target":"3"}"#),
        in_group("m4", "other", r#"{"userId":"bob","target":"4"}"#),
    ];
    let report = stage.publish(messages.clone()).await;
    assert_eq!(report.failed, ["m1", "m2", "m3"]);
    assert_eq!(stage.called(&bob), ["0", "2", "3", "4"]);

    stage.gateway.heal();
    let report = stage.publish(messages[1..4].iter().map(again)).await;
    assert!(report.failed.is_empty());
    assert_eq!(stage.called(&alice), ["1", "2"]);
    assert_eq!(stage.called(&bob), ["0", "2", "3", "4"]);
}

#[tokio::test(start_paused = true)]
async fn a_held_message_is_retried_soon_and_later_each_time() {
    let stage = Stage::default();
    stage.store.fault("members", Fault::Unavailable);
    for receive_count in [1, 2, 3, 4, 5, 50] {
        let message = QueuedMessage { receive_count, ..message("m1", TO_ALL) };
        stage.publish([message]).await;
    }
    let delays: Vec<u64> = stage.queue.retries().iter().map(|(_, delay)| delay.as_secs()).collect();
    assert_eq!(delays, [1, 2, 4, 8, 15, 15]);
    assert!(stage.queue.retries().iter().all(|(receipt, _)| receipt == "receipt-m1"));
}

#[tokio::test]
async fn a_table_that_does_not_answer_holds_the_message_and_its_group() {
    let stage = Stage::default();
    let [alice, bob] = [stage.user("s1=", "alice").await, stage.user("s2=", "bob").await];
    stage.store.fault_next("members", [Some(Fault::Unavailable)]);
    let messages = [
        in_group("m1", "g", r#"{"userId":"alice","target":"1"}"#),
        in_group("m2", "g", r#"{"userId":"alice","target":"2"}"#),
        in_group("m3", "other", r#"{"userId":"bob","target":"3"}"#),
    ];
    let report = stage.publish(messages.clone()).await;
    assert_eq!(report.failed, ["m1", "m2"]);
    assert!(stage.called(&alice).is_empty());
    assert_eq!(stage.called(&bob), ["3"]);
    assert_eq!(rows(&stage), [], "what was not begun starts from the start");

    let report = stage.publish([again(&messages[0]), again(&messages[1])]).await;
    assert!(report.failed.is_empty());
    assert_eq!(stage.called(&alice), ["1", "2"]);
}

#[tokio::test]
async fn of_a_message_that_stopped_halfway_the_rest_is_done_later() {
    let stage = Stage::default();
    let [alice, bob] = [stage.user("s1=", "alice").await, stage.user("s2=", "bob").await];
    stage.store.fault_next("members", [None, Some(Fault::Unavailable)]);
    let body = r#"[{"userId":"alice","target":"a"},{"userId":"bob","target":"b"},{"userId":"alice","target":"c"}]"#;
    let first = message("m1", body);
    assert_eq!(stage.publish([first.clone()]).await.failed, ["m1"]);
    assert_eq!(rows(&stage), [("m1/0".to_owned(), left(&[]))]);
    assert!(stage.publish([again(&first)]).await.failed.is_empty());
    assert_eq!(stage.called(&alice), ["a", "c"]);
    assert_eq!(stage.called(&bob), ["b"]);
}

#[tokio::test]
async fn a_redelivered_message_whose_progress_is_unknown_waits() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.store.fault_next("progress", [Some(Fault::Unavailable)]);
    let old = again(&in_group("m1", "g", r#"{"userId":"alice","target":"old"}"#));
    let new = in_group("m2", "other", r#"{"userId":"alice","target":"new"}"#);
    let report = stage.publish([old.clone(), new]).await;
    assert_eq!(report.failed, ["m1"]);
    assert_eq!(stage.called(&alice), ["new"]);

    assert!(stage.publish([again(&old)]).await.failed.is_empty());
    assert_eq!(stage.called(&alice), ["new", "old"]);
}

/// The queue would move it without a reason. template.yaml has this limit as `maxReceiveCount`.
#[tokio::test(start_paused = true)]
async fn a_message_outlasts_the_longest_outage_in_fewer_receives_than_the_queue_has() {
    const RECEIVES_MAX: u32 = 1000;
    let outage = Duration::from_hours(13 * 24);
    let stage = Stage::default();
    stage.store.fault("members", Fault::Unavailable);
    stage.store.fault("progress", Fault::Unavailable);
    let mut queued = message("m1", r#"{"userId":"alice","target":"t"}"#);
    while stage.clock.now().since(START) < outage {
        assert_eq!(stage.publish([queued.clone()]).await.failed, ["m1"]);
        let (_, pause) = stage.queue.retries().pop().expect("it is retried");
        assert!(pause <= Duration::from_secs(15).max(stage.clock.now().since(START) / 100));
        stage.clock.advance(pause);
        queued = again(&queued);
    }
    assert!(queued.receive_count < RECEIVES_MAX, "{}", queued.receive_count);
    stage.store.heal();
    let report = stage.publish([queued]).await;
    assert!(report.failed.is_empty());
    assert_eq!(
        report.tally.undeliverable, 1,
        "the publisher decides, and nobody is there any more"
    );
}

#[tokio::test(start_paused = true)]
async fn a_message_is_held_also_when_its_progress_cannot_be_kept() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.gateway.always(&alice.socket, Answer::Throttled);
    stage.store.fault("put_progress", Fault::Unavailable);
    stage.queue.fault("retry_after", Fault::Unavailable);
    assert_eq!(stage.publish([message("m1", TO_ALL)]).await.failed, ["m1"]);
}

#[tokio::test(start_paused = true)]
async fn progress_lives_as_long_as_the_dead_letter_queue_keeps_a_message() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.gateway.always(&alice.socket, Answer::Throttled);
    stage.publish([message("m1", TO_ALL)]).await;
    let (_, end) = stage.store.progress_rows()["m1/0"].clone();
    assert_eq!(end, START.plus(Duration::from_hours(14 * 24)));
}

#[tokio::test(start_paused = true)]
async fn a_redriven_message_finds_its_progress_by_key() {
    let stage = Stage::default();
    let [alice, bob] = [stage.user("s1=", "alice").await, stage.user("s2=", "bob").await];
    stage.gateway.always(&alice.socket, Answer::Throttled);
    stage.publish([message("m1", TO_ALL)]).await;
    stage.gateway.heal();
    let redriven = QueuedMessage { progress_key: Some("m1".to_owned()), ..message("m9", TO_ALL) };
    assert!(stage.publish([redriven]).await.failed.is_empty());
    assert_eq!(stage.called(&alice), ["t"]);
    assert_eq!(stage.called(&bob), ["t"]);
}

/// A key of the table holds 2 KB; a sender may write any text into the attribute.
#[tokio::test(start_paused = true)]
async fn a_progress_key_that_hubcast_never_writes_is_not_used() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.gateway.always(&alice.socket, Answer::Throttled);
    let progress_key = Some("k".repeat(3000));
    let odd = QueuedMessage { progress_key, ..message("m1", TO_ALL) };
    assert_eq!(stage.publish([odd]).await.failed, ["m1"]);
    assert_eq!(rows(&stage), [("m1/0".to_owned(), left(&["s1="]))]);
}
