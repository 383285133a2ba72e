//! What cannot be delivered ends in the dead-letter queue with a reason, and can be redriven.

use std::time::Duration;

use hubcast_model::context::Caller;
use hubcast_model::ports::QueuedMessage;
use hubcast_testkit::queued::{again, message};
use hubcast_testkit::{Answer, Fault};

use crate::stage::Stage;

const TO_ALL: &str = r#"[{"target":"t"},{"userId":"bob","target":"u"}]"#;

/// Alice and bob, of whom alice is stuck, and so is carol: one of three might be stalled, two show
/// that it is not only they who fail.
async fn stuck(stage: &Stage) -> [Caller; 2] {
    let [alice, bob] = [stage.user("s1=", "alice").await, stage.user("s2=", "bob").await];
    let carol = stage.user("s3=", "carol").await;
    stage.gateway.always(&alice.socket, Answer::Throttled);
    stage.gateway.always(&carol.socket, Answer::Throttled);
    [alice, bob]
}

/// Publishes a message again and again until the queue need not keep it; answers how often.
async fn until_done(stage: &Stage, first: &QueuedMessage) -> u32 {
    let mut message = first.clone();
    while !stage.publish([message.clone()]).await.failed.is_empty() {
        message = again(&message);
        assert!(message.receive_count < 20, "it comes back for ever");
    }
    message.receive_count
}

/// The message that a redrive of the only dead letter makes.
fn redriven(stage: &Stage) -> QueuedMessage {
    let letters = stage.queue.letters();
    let [letter] = letters.as_slice() else { panic!("one letter, not {letters:?}") };
    QueuedMessage { progress_key: Some(letter.progress_key.clone()), ..message("r", &letter.body) }
}

#[tokio::test(start_paused = true)]
async fn five_tries_that_reach_nobody_more_are_enough() {
    let stage = Stage::default();
    let [_, bob] = stuck(&stage).await;
    let receives = until_done(&stage, &message("m1", TO_ALL)).await;
    // The first try reached bob, so five more follow.
    assert_eq!(receives, 6);
    let [letter] = stage.queue.letters().try_into().expect("one letter");
    assert_eq!(letter.reason, "NoProgress");
    assert_eq!(letter.body, r#"{"target":"t"}"#);
    assert_eq!(stage.called(&bob), ["t", "u"]);
}

#[tokio::test(start_paused = true)]
async fn a_redrive_goes_on_where_it_stood() {
    let stage = Stage::default();
    let [alice, bob] = stuck(&stage).await;
    until_done(&stage, &message("m1", TO_ALL)).await;
    stage.gateway.heal();
    let report = stage.publish([redriven(&stage)]).await;
    assert!(report.failed.is_empty());
    assert_eq!((report.tally.resumed, report.tally.done), (1, 1));
    assert_eq!(stage.called(&alice), ["t"]);
    assert_eq!(stage.called(&bob), ["t", "u"]);
}

#[tokio::test(start_paused = true)]
async fn what_fails_and_is_too_old_is_given_up_at_once() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.gateway.always(&alice.socket, Answer::Throttled);
    stage.clock.advance(Duration::from_secs(3601));
    let report = stage.publish([message("m1", r#"{"target":"t"}"#)]).await;
    assert!(report.failed.is_empty());
    assert_eq!(report.tally.rejected, 1);
    assert_eq!(stage.queue.letters()[0].reason, "TooOld");
}

#[tokio::test]
async fn what_is_old_but_can_be_delivered_is_delivered() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.clock.advance(Duration::from_secs(3601));
    stage.send(r#"{"target":"t"}"#).await;
    assert_eq!(stage.called(&alice), ["t"]);
    assert!(stage.queue.letters().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_letter_that_cannot_be_sent_keeps_the_message() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.gateway.always(&alice.socket, Answer::Throttled);
    stage.queue.fault("dead_letter", Fault::Unavailable);
    stage.clock.advance(Duration::from_secs(3601));
    let report = stage.publish([message("m1", r#"{"target":"t"}"#)]).await;
    assert_eq!(report.failed, ["m1"]);
    assert_eq!(report.tally.rejected, 0);
}

#[tokio::test]
async fn a_table_that_is_away_for_too_long_gives_up_only_what_it_held_itself() {
    let stage = Stage::default();
    stage.store.fault("members", Fault::Unavailable);
    stage.clock.advance(Duration::from_secs(3601));
    let body = r#"[{"userId":"alice","target":"a"},{"userId":"alice","target":"b"}]"#;
    let report = stage.publish([message("m1", body)]).await;
    assert_eq!(report.failed, ["m1"]);
    let letters = stage.queue.letters();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].body, r#"{"userId":"alice","target":"a"}"#);
}

#[tokio::test(start_paused = true)]
async fn a_redrive_has_as_many_tries_as_the_first_time() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.gateway.always(&alice.socket, Answer::Throttled);
    assert_eq!(until_done(&stage, &message("m1", r#"{"target":"t"}"#)).await, 5);
    assert_eq!(until_done(&stage, &redriven(&stage)).await, 5);
}

/// It was never begun, so nothing of it is done.
#[tokio::test]
async fn what_the_table_held_for_too_long_is_delivered_by_a_redrive() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.store.fault("members", Fault::Unavailable);
    stage.clock.advance(Duration::from_secs(3601));
    let body = r#"{"userId":"alice","target":"t"}"#;
    assert_eq!(stage.publish([message("m1", body)]).await.tally.rejected, 1);
    stage.store.heal();
    stage.publish([redriven(&stage)]).await;
    assert_eq!(stage.called(&alice), ["t"]);
}
