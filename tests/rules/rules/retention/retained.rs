//! The last value of a key is there for whoever comes into a channel.

use std::time::Duration;

use hubcast_model::context::Admission;
use hubcast_model::context::Caller;
use hubcast_model::ports::QueuedMessage;
use hubcast_testkit::principal::{anonymous, joinable, principal};
use hubcast_testkit::queued::{again, in_group, message};
use hubcast_testkit::{Answer, Fault};
use serde_json::json;

use crate::stage::{HUB, SHAKE, Stage, claiming, close, invoke, records, with_groups};

const FLAGS: &str = r#"{"groupName":"g","target":"v1","retain":"flags"}"#;
const NEWER: &str = r#"{"groupName":"g","target":"v2","retain":"flags"}"#;
const CLEAR: &str = r#"{"groupName":"g","retain":"flags"}"#;
const ADD: &str = r#"{"action":"add","userId":"alice","groupName":"g"}"#;

/// A caller that may join `g`.
async fn joiner(stage: &Stage) -> Caller {
    let caller = stage.user("s1=", "alice").await;
    let principal = caller.admission.principal.clone();
    Caller { admission: Admission { principal, joinable: joinable("g") }, ..caller }
}

async fn member(stage: &Stage, socket: &str) -> Caller {
    let caller = stage.connected(socket, with_groups(principal(HUB, "alice"), &["g"])).await;
    assert_eq!(stage.answer(&caller, SHAKE).await, "");
    caller
}

#[tokio::test]
async fn the_last_value_of_each_key_is_there_after_the_handshake_in_order() {
    let stage = Stage::default();
    let now = stage.member("s0=", "zoe", "g").await;
    for body in [
        FLAGS,
        r#"{"groupName":"g","target":"licence","retain":"licence"}"#,
        NEWER,
        r#"{"groupName":"g","target":"gone"}"#,
    ] {
        stage.send(body).await;
    }
    assert_eq!(stage.called(&now), ["v1", "licence", "v2", "gone"]);
    let late = member(&stage, "s1=").await;
    assert_eq!(stage.called(&late), ["licence", "v2"]);
    assert_eq!(stage.received(&late).len(), 1, "small values share a frame");
}

#[tokio::test]
async fn hubs_users_and_groups_have_values_of_their_own() {
    let stage = Stage::default();
    for body in [
        r#"{"target":"hub","retain":"k"}"#,
        r#"{"userIds":["alice","bob"],"target":"user","retain":"k"}"#,
        r#"{"groupNames":["g","h"],"target":"group","retain":"k"}"#,
        r#"{"hub":"other","target":"elsewhere","retain":"k"}"#,
    ] {
        stage.send(body).await;
    }
    let alice = stage.ready_with("s1=", with_groups(principal(HUB, "alice"), &["g", "h"])).await;
    let zoe = stage.ready_with("s2=", principal(HUB, "zoe")).await;
    let nobody = stage.ready_with("s3=", anonymous(HUB)).await;
    let other = stage.ready_with("s4=", principal("other", "alice")).await;
    assert_eq!(stage.called(&alice), ["hub", "user", "group"], "each once, though in two groups");
    assert_eq!(stage.called(&zoe), ["hub"]);
    assert_eq!(stage.called(&nobody), ["hub"]);
    assert_eq!(stage.called(&other), ["elsewhere"]);
}

#[tokio::test]
async fn who_joins_a_group_has_its_values_before_the_answer() {
    let stage = Stage::default();
    stage.send(FLAGS).await;
    let alice = joiner(&stage).await;
    assert!(stage.called(&alice).is_empty());
    let [answer] =
        stage.replies(&alice, &invoke("1", "JoinGroup", &json!(["g"]))).await.try_into().unwrap();
    assert_eq!(answer, json!({ "type": 3, "invocationId": "1" }));
    assert_eq!(stage.called(&alice), ["v1"]);
}

#[tokio::test]
async fn who_is_added_to_a_group_has_its_values_before_what_is_sent_next() {
    let stage = Stage::default();
    stage.send(FLAGS).await;
    let alice = stage.user("s1=", "alice").await;
    let own = stage.claimed("s2=", "c").await;
    let report = stage
        .send(&format!(
            r#"[{{"userId":"alice","target":"before"}},{ADD},
                {{"action":"add","connectionId":"c","groupName":"g"}},{{"groupName":"g","target":"after"}}]"#
        ))
        .await;
    assert_eq!(stage.called(&alice), ["before", "v1", "after"]);
    assert_eq!(stage.called(&own), ["v1", "after"]);
    assert_eq!((report.tally.replayed, report.tally.done), (2, 4));
}

#[tokio::test]
async fn who_is_not_in_the_group_gets_nothing() {
    let stage = Stage::default();
    stage.send(FLAGS).await;
    stage.put_membership("bob", "g", hubcast_model::access::Standing::Denied).await;
    let bob = stage.ready_with("s1=", with_groups(principal(HUB, "bob"), &["g"])).await;
    assert!(stage.called(&bob).is_empty());
}

#[tokio::test]
async fn a_value_that_was_taken_down_is_there_for_nobody() {
    let stage = Stage::default();
    let report = stage.send(&format!("[{FLAGS},{CLEAR}]")).await;
    assert_eq!((report.tally.kept, report.tally.done), (1, 1));
    assert!(stage.called(&member(&stage, "s1=").await).is_empty());
    stage.send(NEWER).await;
    assert_eq!(stage.called(&member(&stage, "s2=").await), ["v2"]);
}

#[tokio::test]
async fn a_value_counts_until_it_expires() {
    let stage = Stage::default();
    let body = r#"{"groupName":"g","target":"v1","retain":"k","expiresAt":"2026-11-23T10:00:01Z"}"#;
    stage.send(body).await;
    assert_eq!(stage.called(&member(&stage, "s1=").await), ["v1"]);
    stage.clock.advance(Duration::from_secs(1));
    assert!(stage.called(&member(&stage, "s2=").await).is_empty());
}

#[tokio::test]
async fn excluded_connections_are_left_out_of_the_sending_only() {
    let stage = Stage::default();
    let alice = stage.claimed("s1=", "c").await;
    let body = r#"{"target":"v1","retain":"k","excludedConnectionIds":["c"]}"#;
    stage.send(body).await;
    assert!(stage.called(&alice).is_empty());
    let next = stage.ready_with("s2=", claiming(anonymous(HUB), "d")).await;
    assert_eq!(stage.called(&next), ["v1"]);
}

/// A crash makes SQS deliver a batch again, of which all was done.
#[tokio::test]
async fn an_old_value_that_is_delivered_again_does_not_come_back() {
    let stage = Stage::default();
    let old = in_group("m1", "n:g", FLAGS);
    stage.publish([old.clone(), in_group("m2", "n:g", NEWER)]).await;
    stage.publish([again(&old)]).await;
    assert_eq!(stage.called(&member(&stage, "s1=").await), ["v2"]);
    stage.publish([in_group("m3", "n:g", CLEAR)]).await;
    stage.publish([again(&old)]).await;
    assert!(stage.called(&member(&stage, "s2=").await).is_empty());
}

#[tokio::test]
async fn a_value_that_reaches_nobody_is_kept_and_not_undeliverable() {
    let stage = Stage::default();
    let report = stage.send(FLAGS).await;
    assert_eq!((report.tally.kept, report.tally.undeliverable, report.tally.done), (1, 0, 0));
    member(&stage, "s1=").await;
    let report = stage.send(NEWER).await;
    assert_eq!((report.tally.kept, report.tally.undeliverable, report.tally.done), (0, 0, 1));
}

#[tokio::test]
async fn one_key_too_many_is_rejected_and_reaches_nobody() {
    let stage = Stage::default();
    let now = stage.member("s0=", "zoe", "g").await;
    let key = |n: usize| format!(r#"{{"groupName":"g","target":"t","retain":"k{n}"}}"#);
    for n in 0..32 {
        stage.send(&key(n)).await;
    }
    let several = r#"{"groupNames":["empty","g"],"target":"t","retain":"new"}"#;
    for body in [key(32), several.to_owned()] {
        let report = stage.send(&body).await;
        assert_eq!((report.tally.rejected, report.tally.delivered), (1, 0), "{body}");
    }
    assert_eq!(stage.queue.letters()[0].reason, "TooManyRetained");
    assert_eq!(stage.called(&now).len(), 32);
    stage.send(&key(7)).await;
    stage.send(r#"{"groupName":"g","retain":"k8"}"#).await;
    assert_eq!(stage.send(&key(32)).await.tally.done, 1);
    assert_eq!(stage.called(&member(&stage, "s1=").await).len(), 32);
}

#[tokio::test]
async fn large_values_come_in_frames_of_their_own() {
    let stage = Stage::default();
    for n in 0..3 {
        let text = "x".repeat(100_000);
        let body =
            json!({ "target": format!("t{n}"), "arguments": [text], "retain": format!("k{n}") });
        stage.send(&body.to_string()).await;
    }
    let alice = stage.ready_with("s1=", principal(HUB, "alice")).await;
    assert_eq!(stage.called(&alice), ["t0", "t1", "t2"]);
    assert_eq!(stage.received(&alice).len(), 3);
}

#[tokio::test]
async fn a_value_is_hung_up_before_the_audience_is_read() {
    let stage = Stage::default();
    stage.journal().clear();
    stage.send(&format!(r#"[{{"groupName":"g","target":"plain"}},{FLAGS}]"#)).await;
    let entries = stage.journal().entries();
    let last = |name: &str| entries.iter().rposition(|entry| *entry == name).unwrap();
    assert!(last("note_use") < last("put_retained"), "{entries:?}");
    assert!(last("put_retained") < last("members"), "{entries:?}");
}

#[tokio::test]
async fn a_table_that_takes_no_value_holds_the_message() {
    for operation in ["retained", "note_use", "put_retained"] {
        let stage = Stage::default();
        let now = stage.member("s0=", "zoe", "g").await;
        stage.store.fault_next(operation, [Some(Fault::Unavailable)]);
        let first = message("m1", FLAGS);
        assert_eq!(stage.publish([first.clone()]).await.failed, ["m1"], "{operation}");
        assert!(stage.called(&now).is_empty());
        assert!(stage.publish([again(&first)]).await.failed.is_empty());
        assert_eq!(stage.called(&now), ["v1"]);
    }
}

/// The handshake stands; the client comes back and has the value then.
#[tokio::test(start_paused = true)]
async fn a_connection_that_cannot_be_shown_a_value_connects_anew() {
    for answer in [Answer::Throttled, Answer::Lost, Answer::Failed, Answer::Gone] {
        let stage = Stage::default();
        stage.send(FLAGS).await;
        let who = with_groups(principal(HUB, "alice"), &["g"]);
        let alice = stage.connected("s1=", who).await;
        stage.gateway.answer_for(&alice.socket, [Answer::Accepted]);
        stage.gateway.always(&alice.socket, answer);
        let [reply] = stage.replies(&alice, SHAKE).await.try_into().unwrap();
        assert!(close(&reply), "{answer:?}");
        stage.assert_forgotten(&alice);
        assert_eq!(stage.called(&member(&stage, "s2=").await), ["v1"]);
    }
}

#[tokio::test]
async fn a_table_that_shows_nothing_lets_the_client_come_back() {
    for operation in ["uses", "retained"] {
        let stage = Stage::default();
        stage.send(FLAGS).await;
        let alice = stage.connected("s1=", with_groups(principal(HUB, "alice"), &["g"])).await;
        stage.store.fault(operation, Fault::Unavailable);
        let [reply] = stage.replies(&alice, SHAKE).await.try_into().unwrap();
        assert!(close(&reply), "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_join_whose_values_do_not_arrive_fails_and_may_be_tried_again() {
    let stage = Stage::default();
    stage.send(FLAGS).await;
    let alice = joiner(&stage).await;
    let join = invoke("1", "JoinGroup", &json!(["g"]));
    stage.gateway.always(&alice.socket, Answer::Throttled);
    let [answer] = stage.replies(&alice, &join).await.try_into().unwrap();
    assert!(answer["error"].is_string(), "{answer}");
    stage.gateway.heal();
    assert_eq!(stage.replies(&alice, &join).await, [json!({ "type": 3, "invocationId": "1" })]);
    assert_eq!(stage.called(&alice), ["v1"]);
}

/// The socket that failed is shown the value that hangs there by then.
#[tokio::test(start_paused = true)]
async fn who_could_not_be_shown_a_value_is_shown_the_newest_later() {
    let stage = Stage::default();
    stage.send(FLAGS).await;
    let [one, other] = [stage.user("s1=", "alice").await, stage.user("s2=", "alice").await];
    stage.gateway.always(&one.socket, Answer::Throttled);
    let first = in_group("m1", "g", ADD);
    assert_eq!(stage.publish([first.clone()]).await.failed, ["m1"]);
    assert_eq!(stage.called(&other), ["v1"]);

    stage.gateway.heal();
    stage.send(NEWER).await;
    assert!(stage.publish([again(&first)]).await.failed.is_empty());
    assert_eq!(stage.called(&one), ["v2", "v2"], "by the sending, and by being added");
    assert_eq!(stage.called(&other), ["v1", "v2"]);
}

#[tokio::test(start_paused = true)]
async fn values_that_cannot_be_looked_at_again_are_shown_again() {
    let stage = Stage::default();
    stage.send(FLAGS).await;
    let alice = stage.user("s1=", "alice").await;
    stage.store.fault_next("retained", [None, Some(Fault::Unavailable)]);
    let first = message("m1", ADD);
    assert_eq!(stage.publish([first.clone()]).await.failed, ["m1"]);
    let report = stage.publish([again(&first)]).await;
    assert!(report.failed.is_empty());
    assert_eq!(stage.called(&alice), ["v1", "v1"]);
    assert_eq!((report.tally.resumed, report.tally.done), (1, 1));
}

#[tokio::test]
async fn hubs_without_retained_values_pay_one_look_for_a_handshake_a_join_or_an_add() {
    let stage = Stage::default();
    let alice = joiner(&stage).await;
    let anonymous = stage.connected("s2=", anonymous(HUB)).await;
    for (expected, count) in [(1, "handshake"), (1, "join"), (1, "add")] {
        stage.journal().clear();
        match count {
            "handshake" => drop(stage.answer(&anonymous, SHAKE).await),
            "join" => drop(stage.answer(&alice, &invoke("", "JoinGroup", &json!(["g"]))).await),
            _ => drop(stage.send(ADD).await),
        }
        let journal = stage.journal();
        assert_eq!((journal.count("uses"), count), (expected, count));
        assert_eq!(journal.count("retained") + journal.count("inbox_messages"), 0, "{count}");
    }
}

#[tokio::test]
async fn a_retained_value_in_two_messages_of_a_batch_ends_as_the_second() {
    let stage = Stage::default();
    let now = stage.member("s0=", "zoe", "g").await;
    let batch: [QueuedMessage; 2] =
        [in_group("m1", "n:g", FLAGS), in_group("m2", "n:g", &format!("[{FLAGS},{NEWER}]"))];
    stage.publish(batch).await;
    assert_eq!(stage.called(&now), ["v1", "v1", "v2"]);
    let frames = stage.received(&member(&stage, "s1=").await);
    assert_eq!(frames.iter().map(|frame| records(frame).len()).sum::<usize>(), 1);
    assert!(frames[0].contains("v2"));
}
