//! Recorded batches, and which of their records the queue has to keep.

#![expect(clippy::panic, reason = "a test that cannot go on should say so")]

mod ingress;
mod measured;
mod rig;

use std::time::Duration;

use hubcast_delivery::{Ports, Publisher};
use hubcast_membership::shards::Shards;
use hubcast_model::ports::InboxStore;
use hubcast_model::retention::{Inbox, QueuePosition};
use hubcast_testkit::clock::START;
use hubcast_testkit::{Answer, Fault, MemoryStore, RecordingGateway, RecordingQueue, TestClock};
use hubcast_testkit::{event, name};
use serde_json::{Value, json};

use crate::rig::PATIENCE;

/// The name of the ingress queue.
const INGRESS: &str = "hubcast-ingress";
const BATCH: &str = include_str!("../events/batch.json");
const REDELIVERED: &str = include_str!("../events/redelivered.json");
const REDRIVEN: &str = include_str!("../events/redriven.json");
const FIRST: &str = "059f36b4-87a3-44ab-83d2-661975950001";

struct Rig {
    store: MemoryStore,
    gateway: RecordingGateway,
    queue: RecordingQueue,
    publisher: Publisher<MemoryStore, RecordingGateway, RecordingQueue, TestClock>,
}

impl Rig {
    /// A publisher over a table with a ready socket of alice and one of bob.
    async fn start() -> Self {
        let config = rig::config(&[("IMPLICIT_BROADCAST", "false")]);
        let store = MemoryStore::with_page_size(1000);
        let gateway = RecordingGateway::with_journal(store.journal().clone());
        let queue = RecordingQueue::with_journal(store.journal().clone());
        let ports = Ports {
            store: store.clone(),
            gateway: gateway.clone(),
            queue: queue.clone(),
            upstream: None,
            clock: TestClock::default(),
        };
        let publisher = Publisher::new(ports, config.fanout, Shards::new(config.shards));
        for user in ["alice", "bob"] {
            online(&store, user).await;
        }
        store.journal().clear();
        Self { store, gateway, queue, publisher }
    }

    /// The answer to Lambda, as JSON.
    async fn publish(&self, json: &str, change: impl FnOnce(&mut Value)) -> Value {
        let event = event::recorded(json, change);
        let answer = publisher::handle(&self.publisher, Some(INGRESS), event, PATIENCE).await;
        serde_json::to_value(answer).unwrap_or_default()
    }

    fn frames(&self, user: &str) -> Vec<String> {
        self.gateway.frames(&name::socket(&format!("{user}=")))
    }
}

/// A ready connection of a user.
async fn online(store: &MemoryStore, user: &str) {
    rig::tab(store, &format!("{user}="), user, None).await;
}

#[tokio::test]
async fn a_batch_is_delivered_and_nothing_kept() {
    let rig = Rig::start().await;
    assert_eq!(rig.publish(BATCH, |_| {}).await, json!({ "batchItemFailures": [] }));
    let alice =
        "{\"type\":1,\"target\":\"permissionsChanged\",\"arguments\":[{\"role\":\"admin\"}]}\u{1e}";
    assert_eq!(rig.frames("alice"), [alice]);
    assert_eq!(
        rig.frames("bob"),
        ["{\"type\":1,\"target\":\"licenceExpired\",\"arguments\":[]}\u{1e}"]
    );
    assert_eq!(rig.store.journal().count("progress"), 0, "a first receive has none");
}

#[tokio::test]
async fn a_warm_notification_to_five_tabs_is_one_query_and_five_posts_and_nothing_else() {
    let rig = Rig::start().await;
    for id in ["a1=", "a2=", "a3=", "a4="] {
        rig::tab(&rig.store, id, "alice", None).await;
    }
    let only_the_first = |event: &mut Value| {
        event["Records"].as_array_mut().unwrap().truncate(1);
    };
    for _cold_then_warm in 0..2 {
        rig.store.journal().clear();
        let answer = rig.publish(BATCH, only_the_first).await;
        assert_eq!(answer, json!({ "batchItemFailures": [] }));
        let calls = ["members", "post", "post", "post", "post", "post"];
        assert_eq!(rig.store.journal().entries(), calls);
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_that_failed_is_named_and_made_visible_soon() {
    let rig = Rig::start().await;
    rig.gateway.always(&name::socket("alice="), Answer::Throttled);
    let answer = rig.publish(BATCH, |_| {}).await;
    assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": FIRST }] }));
    assert_eq!(rig.frames("bob").len(), 1, "another group goes on");
    let retries = rig.queue.retries();
    assert_eq!(retries.len(), 1);
    assert_eq!(retries[0].0, "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a0001", "by its receipt");

    rig.gateway.heal();
    let answer = rig.publish(REDELIVERED, |_| {}).await;
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
    assert_eq!(rig.frames("alice").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn later_records_of_a_failed_ones_group_are_kept_too() {
    let rig = Rig::start().await;
    rig.gateway.always(&name::socket("alice="), Answer::Throttled);
    let same_group = |event: &mut Value| {
        let group = event["Records"][0]["attributes"]["MessageGroupId"].clone();
        event["Records"][1]["attributes"]["MessageGroupId"] = group;
    };
    let answer = rig.publish(BATCH, same_group).await;
    assert_eq!(answer["batchItemFailures"].as_array().map(Vec::len), Some(2), "{answer}");
}

#[tokio::test]
async fn progress_is_read_when_a_record_was_received_before_or_redriven() {
    for json in [REDELIVERED, REDRIVEN] {
        let rig = Rig::start().await;
        assert_eq!(rig.publish(json, |_| {}).await, json!({ "batchItemFailures": [] }));
        assert_eq!(rig.store.journal().count("progress"), 1);
        assert_eq!(rig.frames("alice").len(), 1);
    }
}

#[tokio::test]
async fn a_redriven_record_resumes_by_its_progress_key() {
    use hubcast_model::ports::{Progress, ProgressStore};
    let rig = Rig::start().await;
    // The key of the first element of a message with that ProgressKey.
    let key = "059f36b4-87a3-44ab-83d2-661975950009/0/0".to_owned();
    let rows = [(key, Progress::default())].into();
    let expires = START.plus(Duration::from_hours(1));
    rig.store.put_progress(&rows, expires).await.unwrap();
    assert_eq!(rig.publish(REDRIVEN, |_| {}).await, json!({ "batchItemFailures": [] }));
    assert!(rig.frames("alice").is_empty(), "it was finished before");
}

/// Its place is what orders it among the others, and what an older record never replaces.
#[tokio::test]
async fn what_waits_stands_where_the_queue_says() {
    let rig = Rig::start().await;
    let carol = json!({ "userId": "carol", "target": "t", "keepSeconds": 60 }).to_string();
    let kept = |event: &mut Value| event["Records"][0]["body"] = json!(carol);
    assert_eq!(rig.publish(BATCH, kept).await, json!({ "batchItemFailures": [] }));
    let inbox = Inbox::of(&name::hub("notifications"), &name::user("carol"));
    let [waiting] = rig.store.inbox_messages(&inbox, START).await.unwrap().try_into().unwrap();
    let place = QueuePosition::new("notifications:user:alice", "18849496460467696101", 0);
    assert_eq!(waiting.position, place);
}

#[tokio::test]
async fn a_bad_record_goes_to_the_dead_letters_and_is_not_kept() {
    let rig = Rig::start().await;
    let bad = |event: &mut Value| event["Records"][0]["body"] = json!("{\"usrId\":\"alice\"}");
    assert_eq!(rig.publish(BATCH, bad).await, json!({ "batchItemFailures": [] }));
    let letters = rig.queue.letters();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].body, "{\"usrId\":\"alice\"}");
    assert_eq!(letters[0].group, "notifications:user:alice");
    assert!(letters[0].progress_key.starts_with(FIRST));
    assert_eq!(rig.frames("bob").len(), 1);
}

/// A body of every kind that cannot be delivered, and why.
fn bad_bodies() -> Vec<(String, &'static str)> {
    let many = |of: &str, count: usize| format!("[{}]", vec![of; count].join(","));
    let ids = many("\"u\"", 501);
    let text = |body: &str| body.to_owned();
    vec![
        (text("not json"), "NotJson"),
        (text("7"), "NotAnObject"),
        (many(r#"{"target":"t","userId":"alice"}"#, 101), "TooManyElements"),
        (text(r#"{"target":"t","usrId":"alice"}"#), "UnknownProperty"),
        (text(r#"{"target":"t","userId":"alice","UserID":"bob"}"#), "DuplicateProperty"),
        (text(r#"{"target":"t","userId":"alice","ttlSeconds":1}"#), "MisplacedProperty"),
        (text(r#"{"target":"t","userId":7}"#), "BadType"),
        (text(r#"{"target":"t","userId":"alice","hub":"a/b"}"#), "BadName"),
        (format!(r#"{{"target":"t","userIds":{ids}}}"#), "TooManyIds"),
        (text(r#"{"action":"dance","userId":"alice"}"#), "UnknownAction"),
        (text(r#"{"userId":"alice"}"#), "NoContent"),
        (text(r#"{"target":"t","action":"close","userId":"alice"}"#), "SeveralContents"),
        (text(r#"{"target":"t","userId":"alice","arguments":{}}"#), "ArgumentsNotArray"),
        (text(r#"{"action":"add","groupName":"g"}"#), "MissingAudience"),
        (text(r#"{"action":"add","userId":"alice"}"#), "MissingGroup"),
        (text(r#"{"target":"t"}"#), "ImplicitBroadcast"),
        (text(r#"{"target":"t","userId":"alice","expiresAt":"soon"}"#), "BadExpiry"),
        (
            json!({ "target": "t", "userId": "alice", "arguments": ["x".repeat(131_072)] })
                .to_string(),
            "TooLarge",
        ),
    ]
}

#[tokio::test]
async fn of_ten_records_nine_are_bad_in_every_way_and_the_tenth_is_delivered() {
    for nine in bad_bodies().chunks(9) {
        let rig = Rig::start().await;
        let fill = |event: &mut Value| {
            let good = event["Records"][0].clone();
            let group = good["attributes"]["MessageGroupId"].clone();
            let bad = nine.iter().enumerate().map(|(n, (body, _))| {
                let mut record = good.clone();
                record["messageId"] = json!(format!("bad{n}"));
                record["body"] = json!(body);
                record["attributes"]["MessageGroupId"] = group.clone();
                record
            });
            event["Records"] = bad.chain([good.clone()]).collect();
        };
        assert_eq!(rig.publish(BATCH, fill).await, json!({ "batchItemFailures": [] }));
        assert_eq!(rig.frames("alice").len(), 1, "of the tenth");
        let letters = rig.queue.letters();
        let told: Vec<_> =
            letters.iter().map(|letter| (letter.body.clone(), letter.reason)).collect();
        assert_eq!(told, nine);
        assert!(letters.iter().all(|letter| !letter.detail.is_empty()));
    }
}

#[tokio::test]
async fn a_record_without_attributes_counts_as_redelivered() {
    let rig = Rig::start().await;
    let bare = |event: &mut Value| {
        for record in event["Records"].as_array_mut().into_iter().flatten() {
            record["attributes"] = Value::Null;
            record["messageAttributes"] = Value::Null;
            record["somethingNew"] = json!(1);
        }
    };
    assert_eq!(rig.publish(BATCH, bare).await, json!({ "batchItemFailures": [] }));
    assert_eq!(rig.store.journal().count("progress"), 1);
    assert_eq!((rig.frames("alice").len(), rig.frames("bob").len()), (1, 1));
}

#[tokio::test]
async fn a_batch_of_nothing_is_fine() {
    let rig = Rig::start().await;
    let nothing = |event: &mut Value| event["Records"] = json!([]);
    assert_eq!(rig.publish(BATCH, nothing).await, json!({ "batchItemFailures": [] }));
}

#[tokio::test]
async fn all_that_is_measured_is_looked_at_by_alarms_or_dashboard_and_nothing_else_is() {
    let names = measured::Names::default();
    let _listening = metrics::set_default_local_recorder(&names);
    Rig::start().await.publish(BATCH, |_| {}).await;
    assert_eq!(names.seen(), measured::looked_at());
}

/// The queue of reminders has no groups: what fails of it holds nothing else.
#[tokio::test(start_paused = true)]
async fn a_record_without_a_group_waits_for_no_other_and_is_as_old_as_its_first_receive() {
    let rig = Rig::start().await;
    rig.gateway.always(&name::socket("alice="), Answer::Throttled);
    let reminder = |id: &str, user: &str| {
        json!({
            "messageId": id,
            "receiptHandle": id,
            "body": format!("{{\"userId\":\"{user}\",\"target\":\"t\"}}"),
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": "0",
                "ApproximateFirstReceiveTimestamp": START.as_millis().to_string(),
            },
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-west-1:1:hubcast-timers",
        })
    };
    let records = json!([reminder("1", "alice"), reminder("2", "bob")]);
    let answer = rig.publish(BATCH, |event| event["Records"] = records).await;
    assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": "1" }] }));
    assert_eq!(rig.frames("bob").len(), 1);
    assert!(rig.queue.letters().is_empty());
}
