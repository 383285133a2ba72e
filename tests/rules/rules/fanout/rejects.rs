//! What becomes of messages that cannot be read.

use std::sync::{Arc, Mutex};

use hubcast_delivery::{Publish, Report};
use hubcast_model::ports::{DeadLetter, QueuedMessage};
use hubcast_model::producers::{Producers, SenderPattern};
use hubcast_testkit::queued::{again, in_group, message};
use hubcast_testkit::{Answer, Fault, name};
use serde_json::json;

use crate::stage::{INVOCATION, Stage};

const BAD: &str = r#"{"usrId":"alice","target":"t"}"#;

#[tokio::test]
async fn a_bad_message_is_moved_with_its_reason_and_acknowledged() {
    let stage = Stage::default();
    let report = stage.publish([in_group("m1", "g", BAD)]).await;
    assert!(report.failed.is_empty());
    assert_eq!(report.tally.rejected, 1);
    let expected = DeadLetter {
        trace: None,
        body: BAD.to_owned(),
        reason: "UnknownProperty",
        detail: "'usrId' is not a property of the envelope; did you mean 'userId'?".to_owned(),
        progress_key: "m1/0/rejected".to_owned(),
        group: "g".to_owned(),
    };
    assert_eq!(stage.queue.letters(), [expected]);
}

#[tokio::test]
async fn a_body_that_is_no_envelope_is_moved_as_it_is() {
    for body in ["not json", "[]", "7", "\"text\""] {
        let stage = Stage::default();
        assert!(stage.publish([message("m1", body)]).await.failed.is_empty(), "{body}");
        let [letter] = stage.queue.letters().try_into().unwrap();
        assert_eq!(letter.body, body);
    }
}

#[tokio::test]
async fn of_an_array_only_the_bad_elements_are_moved() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    let body = format!(
        r#"[{{"userId":"alice","target":"a"}},{BAD},{{"userId":"alice","target":"b"}},{{"action":"dance"}}]"#
    );
    let report = stage.send(&body).await;
    assert_eq!(stage.called(&alice), ["a", "b"]);
    assert_eq!((report.tally.rejected, report.tally.notifications), (2, 4));
    let [letter] = stage.queue.letters().try_into().unwrap();
    assert_eq!(letter.body, format!(r#"[{BAD},{{"action":"dance"}}]"#));
    assert_eq!(letter.reason, "UnknownProperty");
}

#[tokio::test]
async fn a_bad_message_holds_nobody_up() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    let report =
        stage.publish([in_group("m1", "g", BAD), in_group("m2", "g", r#"{"target":"t"}"#)]).await;
    assert!(report.failed.is_empty());
    assert_eq!(stage.called(&alice), ["t"]);
}

#[tokio::test]
async fn a_record_that_no_socket_takes_is_rejected_before_anything_is_posted() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    let fits = |bytes: usize| json!({ "target": "t", "arguments": ["x".repeat(bytes)] });
    // The rest of the record takes 41 bytes.
    stage.send(&fits(128 * 1024 - 41).to_string()).await;
    assert_eq!(stage.received(&alice)[0].len(), 128 * 1024);
    assert!(stage.queue.letters().is_empty());

    stage.send(&fits(128 * 1024 - 40).to_string()).await;
    assert_eq!(stage.received(&alice).len(), 1);
    assert_eq!(stage.queue.letters()[0].reason, "TooLarge");
}

#[tokio::test]
async fn a_letter_that_cannot_be_sent_keeps_the_message_but_repeats_nothing() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.queue.fault("dead_letter", Fault::Unavailable);
    let first = message("m1", &format!(r#"[{{"target":"a"}},{BAD}]"#));
    let report = stage.publish([first.clone()]).await;
    assert_eq!(report.failed, ["m1"]);
    assert_eq!(report.tally.rejected, 0);
    assert_eq!(stage.called(&alice), ["a"]);

    stage.queue.heal();
    assert!(stage.publish([again(&first)]).await.failed.is_empty());
    assert_eq!(stage.called(&alice), ["a"]);
    assert_eq!(stage.queue.letters().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_letter_that_was_sent_is_not_sent_again_with_what_is_left() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.gateway.always(&alice.socket, Answer::Throttled);
    let first = message("m1", &format!(r#"[{BAD},{{"target":"a"}}]"#));
    assert_eq!(stage.publish([first.clone()]).await.failed, ["m1"]);
    stage.gateway.heal();
    let report = stage.publish([again(&first)]).await;
    assert!(report.failed.is_empty());
    assert_eq!(stage.called(&alice), ["a"]);
    assert_eq!(stage.journal().count("dead_letter"), 1);
}

/// What a publisher with this list of producers, which is itself `AROAOWN`, does with messages.
async fn publish_by(stage: &Stage, producers: &str, messages: Vec<QueuedMessage>) -> Report {
    let own = vec![SenderPattern::parse("AROAOWN:*").unwrap()];
    let producers = Producers::parse(producers, own).unwrap();
    stage.publisher_of(producers).publish(messages, INVOCATION).await
}

fn sent_by(sender: &str, id: &str, body: &str) -> QueuedMessage {
    QueuedMessage { sender: sender.to_owned(), ..message(id, body) }
}

#[tokio::test]
async fn what_a_sender_may_not_produce_is_moved_with_the_senders_id() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    let list = r#"[{"sender":"AROANEWS:*","hubs":["n"],"actions":["message"]}]"#;
    let close = r#"{"action":"close","userId":"alice"}"#;
    let body = format!(r#"[{{"target":"a"}},{close},{{"target":"b","hub":"other"}}]"#);
    let report = publish_by(&stage, list, vec![sent_by("AROANEWS:x", "m1", &body)]).await;
    assert!(report.failed.is_empty());
    assert_eq!(stage.called(&alice), ["a"]);
    let [letter] = stage.queue.letters().try_into().unwrap();
    assert_eq!(letter.body, format!(r#"[{close},{{"target":"b","hub":"other"}}]"#));
    assert_eq!(letter.reason, "NotAllowed");
    let why = "the sender 'AROANEWS:x' may not produce 'close' on the hub 'n'; see PRODUCERS";
    assert_eq!(letter.detail, why);
}

#[tokio::test]
async fn a_stranger_produces_nothing_and_hubcasts_own_functions_everything() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    let job = r#"{"job":{"key":"k","channels":[]},"element":{"target":"t"}}"#;
    let strange = vec![
        sent_by("AROASTRANGER:x", "m1", r#"{"target":"t"}"#),
        sent_by("", "m2", r#"{"target":"t"}"#),
        sent_by("AROASTRANGER:x", "m3", job),
        sent_by("AROANEWS:x", "m4", job),
    ];
    let list = r#"[{"sender":"AROANEWS:*","actions":["message"]}]"#;
    publish_by(&stage, list, strange).await;
    let letters = stage.queue.letters();
    assert_eq!(letters.iter().map(|letter| letter.reason).collect::<Vec<_>>(), ["NotAllowed"; 4]);
    assert_eq!(stage.received(&alice), [] as [&str; 0]);
    let own =
        vec![sent_by("AROAOWN:rest", "m5", r#"{"target":"t"}"#), sent_by("AROAOWN:p", "m6", job)];
    publish_by(&stage, list, own).await;
    assert_eq!(stage.called(&alice), ["t"]);
    assert_eq!(stage.queue.letters().len(), 4);
}

/// A message to all that one of two got, and a letter of it as somebody redrives it.
async fn half_done(stage: &Stage, sender: &str) -> QueuedMessage {
    let [alice, _] = [stage.user("s1=", "alice").await, stage.user("s2=", "bob").await];
    stage.gateway.always(&alice.socket, Answer::Throttled);
    assert_eq!(stage.publish([message("m1", TO_ALL)]).await.failed, ["m1"]);
    stage.gateway.heal();
    QueuedMessage { progress_key: Some("m1".to_owned()), ..sent_by(sender, "m2", TO_ALL) }
}

const TO_ALL: &str = r#"{"target":"t"}"#;
const OPERATORS: &str = r#"[{"sender":"AIDAADMIN"},{"sender":"AIDALESS","actions":["message"]}]"#;

#[tokio::test(start_paused = true)]
async fn whoever_may_do_everything_redrives_what_is_left() {
    let stage = Stage::default();
    let redriven = half_done(&stage, "AIDAADMIN").await;
    assert!(publish_by(&stage, OPERATORS, vec![redriven]).await.failed.is_empty());
    let frames = |socket: &str| stage.gateway.frames(&name::socket(socket)).len();
    assert_eq!((frames("s1="), frames("s2=")), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_redrive_by_whoever_may_do_less_is_a_new_message_and_spends_no_progress() {
    let stage = Stage::default();
    let redriven = half_done(&stage, "AIDALESS").await;
    let before = stage.store.progress_rows();
    assert!(publish_by(&stage, OPERATORS, vec![redriven]).await.failed.is_empty());
    let frames = |socket: &str| stage.gateway.frames(&name::socket(socket)).len();
    assert_eq!((frames("s1="), frames("s2=")), (2, 3));
    assert_eq!(stage.store.progress_rows(), before);
}

#[tokio::test]
async fn the_letter_of_a_sender_who_may_do_less_has_a_key_of_its_own() {
    let stage = Stage::default();
    let letter = QueuedMessage {
        progress_key: Some("m1/0/rejected".to_owned()),
        ..sent_by("AIDALESS", "m2", BAD)
    };
    publish_by(&stage, OPERATORS, vec![letter]).await;
    let keys = stage.queue.letters().into_iter().map(|letter| letter.progress_key);
    assert_eq!(keys.collect::<Vec<_>>(), ["m2/0/rejected"]);
}

/// What was logged.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_refusal_is_logged_for_audits_with_sender_hub_and_action() {
    let log = Log::default();
    let writer = log.clone();
    // With one subscriber alone, what another test logs first would count as switched off for all.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    let lines = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone());
    let _listening = tracing::subscriber::set_default(lines.finish());
    let close = r#"[{"action":"close","userId":"alice"},{"target":"t"}]"#;
    let sent = sent_by("AIDALESS", "m1", close);
    publish_by(&Stage::default(), OPERATORS, vec![sent]).await;
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> =
        text.lines().filter(|line| line.contains(r#"outcome="refused""#)).collect();
    let [line] = lines[..] else { panic!("{text}") };
    for part in
        ["audit", r#"who="AIDALESS""#, r#"hub="n""#, r#"action="close""#, r#"message_id="m1""#]
    {
        assert!(line.contains(part), "{part}: {line}");
    }
}
