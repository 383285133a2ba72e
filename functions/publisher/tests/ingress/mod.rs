//! Records of the ingress queue.

use super::*;

/// A record of the ingress queue, as Lambda hands it over.
fn ingress(id: &str, body: &str, received: u32) -> Value {
    json!({
        "messageId": id,
        "receiptHandle": format!("receipt-{id}"),
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": received.to_string(),
            "SentTimestamp": START.as_millis().to_string(),
            "SenderId": "AIDAEXAMPLE",
            "ApproximateFirstReceiveTimestamp": START.as_millis().to_string(),
        },
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:eu-west-1:1:{INGRESS}"),
    })
}

fn to_alice() -> String {
    json!({ "userId": "alice", "target": "t" }).to_string()
}

fn by_rule(id: &str, detail: &str) -> String {
    let detail: Value = serde_json::from_str(detail).unwrap_or_default();
    let event = json!({ "id": id, "source": "app", "detail-type": "changed", "detail": detail });
    event.to_string()
}

impl Rig {
    /// The ids of the records that the queue has to keep.
    async fn kept(&self, records: Vec<Value>) -> Vec<String> {
        let answer = self.publish(BATCH, |event| event["Records"] = records.into()).await;
        let failures = answer["batchItemFailures"].as_array().into_iter().flatten();
        let id = |one: &Value| one["itemIdentifier"].as_str().map(str::to_owned);
        failures.filter_map(id).collect()
    }
}

#[tokio::test]
async fn a_message_of_the_ingress_queue_that_comes_again_after_its_end_posts_nothing() {
    let rig = Rig::start().await;
    for received in [1, 2, 1] {
        assert!(rig.kept(vec![ingress("1", &to_alice(), received)]).await.is_empty());
    }
    assert_eq!(rig.frames("alice").len(), 1);
}

#[tokio::test]
async fn an_event_is_the_same_by_its_own_id_whatever_message_brings_it() {
    let rig = Rig::start().await;
    for (message, event) in [("1", "e1"), ("2", "e1"), ("3", "e2")] {
        let body = by_rule(event, &to_alice());
        assert!(rig.kept(vec![ingress(message, &body, 1)]).await.is_empty());
    }
    assert_eq!(rig.frames("alice").len(), 2);
}

#[tokio::test]
async fn the_id_of_an_event_counts_for_its_sender_only() {
    let rig = Rig::start().await;
    let mut forged = ingress("1", &by_rule("e1", &to_alice()), 1);
    forged["attributes"]["SenderId"] = json!("AIDAANOTHER");
    assert!(rig.kept(vec![forged]).await.is_empty());
    assert!(rig.kept(vec![ingress("2", &by_rule("e1", &to_alice()), 1)]).await.is_empty());
    assert_eq!(rig.frames("alice").len(), 2);
}

#[tokio::test]
async fn of_two_that_are_the_same_in_one_batch_the_second_waits_for_the_end_of_the_first() {
    let rig = Rig::start().await;
    let event = || by_rule("e1", &to_alice());
    let both = vec![ingress("1", &event(), 1), ingress("2", &event(), 1)];
    assert_eq!(rig.kept(both).await, ["2"]);
    assert_eq!(rig.queue.retries().len(), 1, "the second comes soon");
    assert!(rig.kept(vec![ingress("2", &event(), 2)]).await.is_empty());
    assert_eq!(rig.frames("alice").len(), 1);
}

#[tokio::test]
async fn a_message_waits_while_nobody_can_tell_whether_the_same_is_being_worked() {
    let rig = Rig::start().await;
    rig.store.fault_next("take_turn", [Some(Fault::Unavailable)]);
    assert_eq!(rig.kept(vec![ingress("1", &by_rule("e1", &to_alice()), 1)]).await, ["1"]);
    assert_eq!(rig.frames("alice").len(), 0, "another one may have the turn, and post");
    assert!(rig.kept(vec![ingress("1", &by_rule("e1", &to_alice()), 2)]).await.is_empty());
    assert_eq!(rig.frames("alice").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_fails_of_the_ingress_queue_holds_nothing_else_and_comes_again_for_the_rest() {
    let rig = Rig::start().await;
    rig.gateway.always(&name::socket("alice="), Answer::Throttled);
    let records = || {
        let to_bob = to_alice().replace("alice", "bob");
        vec![ingress("1", &by_rule("e1", &to_alice()), 1), ingress("2", &to_bob, 1)]
    };
    let with_group = |mut record: Value| {
        record["attributes"]["MessageGroupId"] = json!("one");
        record
    };
    assert_eq!(rig.kept(records().into_iter().map(with_group).collect()).await, ["1"]);
    rig.gateway.heal();
    assert!(rig.kept(records()).await.is_empty());
    assert_eq!((rig.frames("alice").len(), rig.frames("bob").len()), (1, 1));
}

#[tokio::test]
async fn what_is_wrong_in_a_wrapping_is_a_dead_letter_without_the_wrapping() {
    let rig = Rig::start().await;
    let wrong = r#"{"usrId":"alice"}"#;
    for received in [1, 2] {
        assert!(rig.kept(vec![ingress("1", &by_rule("e1", wrong), received)]).await.is_empty());
    }
    let letters = rig.queue.letters();
    assert!(letters.iter().all(|letter| letter.body == wrong && letter.group == "1"));
    assert_eq!(letters.len(), 1, "the end of a rejected message is kept too");
}
