//! The event source between a queue and its function.

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use hubcast_local::gateway::InvokeError;
use hubcast_local::poller::{Consumer, poll};
use hubcast_local::{Options, Stack};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::rig::{Answer, PATIENCE, sdk};

/// A stack with two queues that only the test uses.
struct Rig {
    _stack: Stack,
    sqs: Client,
    queue: String,
    dlq: String,
    pollers: JoinSet<()>,
}

impl Rig {
    /// A message goes to the dead-letter queue after two receives.
    async fn start(visibility_seconds: u32) -> Self {
        let stack = Stack::start(&Options::on_free_port()).await.unwrap();
        let sqs = Client::new(&sdk(stack.url()));
        let create = |name| {
            sqs.create_queue().queue_name(name).attributes(QueueAttributeName::FifoQueue, "true")
        };
        let dlq = create("test-dlq.fifo").send().await.unwrap().queue_url.unwrap();
        let redrive = json!({
            "deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:test-dlq.fifo",
            "maxReceiveCount": 2,
        });
        let queue = create("test.fifo")
            .attributes(QueueAttributeName::VisibilityTimeout, visibility_seconds.to_string())
            .attributes(QueueAttributeName::RedrivePolicy, redrive.to_string());
        let queue = queue.send().await.unwrap().queue_url.unwrap();
        Self { _stack: stack, sqs, queue, dlq, pollers: JoinSet::new() }
    }

    async fn send(&self, group: &str, body: &str) {
        let send = self.sqs.send_message().queue_url(&self.queue).message_body(body);
        send.message_group_id(group).message_deduplication_id(body).send().await.unwrap();
    }

    /// Polls the queue; answers the records that the consumer is given.
    fn poll(&mut self, consumer: impl Fn(&Value) -> Answer + Send + Sync + 'static) -> Records {
        let (sender, records) = watch::channel(Vec::new());
        let (sqs, queue) = (self.sqs.clone(), self.queue.clone());
        self.pollers.spawn(async move {
            poll(&sqs, &queue, &Recorder { consumer, records: sender }).await;
        });
        Records(records)
    }
}

struct Recorder<F> {
    consumer: F,
    records: watch::Sender<Vec<Value>>,
}

impl<F: Fn(&Value) -> Answer + Send + Sync> Consumer for Recorder<F> {
    async fn consume(&self, event: Value) -> Answer {
        let answer = (self.consumer)(&event);
        let records = event["Records"].as_array().unwrap();
        self.records.send_modify(|known| known.extend(records.iter().cloned()));
        answer
    }
}

struct Records(watch::Receiver<Vec<Value>>);

impl Records {
    /// Body and receive count of the first `count` records.
    async fn first(&mut self, count: usize) -> Vec<(String, String)> {
        let waited = self.0.wait_for(|records| records.len() >= count);
        let records = tokio::time::timeout(PATIENCE, waited).await.unwrap().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let of = |record: &Value| {
            (text(&record["body"]), text(&record["attributes"]["ApproximateReceiveCount"]))
        };
        records.iter().map(of).collect()
    }
}

fn pair(body: &str, receives: &str) -> (String, String) {
    (body.to_owned(), receives.to_owned())
}

fn failed<'a>(records: impl Iterator<Item = &'a Value>) -> Value {
    let failures: Vec<Value> =
        records.map(|record| json!({ "itemIdentifier": record["messageId"] })).collect();
    json!({ "batchItemFailures": failures })
}

#[tokio::test]
async fn what_is_reported_comes_again_and_ends_in_the_dead_letter_queue() {
    let mut rig = Rig::start(0).await;
    rig.send("a", "good").await;
    rig.send("b", "bad").await;
    let mut records = rig.poll(|event| {
        let records = event["Records"].as_array().unwrap().iter();
        Ok(failed(records.filter(|record| record["body"] == "bad")))
    });
    records.first(3).await;
    let receive = rig.sqs.receive_message().queue_url(&rig.dlq).wait_time_seconds(10);
    let letters = receive.send().await.unwrap().messages.unwrap();
    assert_eq!(letters[0].body(), Some("bad"));
    let mut all = records.first(3).await;
    all.sort();
    assert_eq!(all, [pair("bad", "1"), pair("bad", "2"), pair("good", "1")]);
}

#[tokio::test]
async fn a_function_that_fails_gets_its_whole_batch_again() {
    let mut rig = Rig::start(0).await;
    rig.send("a", "one").await;
    let invocations = AtomicUsize::new(0);
    let mut records = rig.poll(move |_| match invocations.fetch_add(1, Ordering::Relaxed) {
        0 => Err(InvokeError("it broke".into())),
        _ => Ok(json!({ "batchItemFailures": [] })),
    });
    assert_eq!(records.first(2).await, [pair("one", "1"), pair("one", "2")]);
}

#[tokio::test]
async fn a_group_waits_for_its_first_message() {
    let mut rig = Rig::start(0).await;
    for body in ["one", "two"] {
        rig.send("a", body).await;
    }
    let invocations = AtomicUsize::new(0);
    let mut records = rig.poll(move |event| match invocations.fetch_add(1, Ordering::Relaxed) {
        0 => Ok(failed(event["Records"].as_array().unwrap().iter())),
        _ => Ok(Value::Null),
    });
    assert_eq!(records.first(3).await, [pair("one", "1"), pair("one", "2"), pair("two", "1")]);
}

#[tokio::test]
async fn a_function_can_shorten_the_visibility_of_what_it_reports() {
    let mut rig = Rig::start(12 * 3600).await;
    rig.send("a", "one").await;
    let (handles, mut handle) = watch::channel(String::new());
    let mut records = rig.poll(move |event| {
        let record = &event["Records"][0];
        handles.send_replace(record["receiptHandle"].as_str().unwrap().to_owned());
        Ok(failed([record].into_iter()))
    });
    let handle = handle.wait_for(|handle| !handle.is_empty()).await.unwrap().clone();
    let change = rig.sqs.change_message_visibility().queue_url(&rig.queue);
    change.receipt_handle(handle).visibility_timeout(0).send().await.unwrap();
    assert_eq!(records.first(2).await, [pair("one", "1"), pair("one", "2")]);
}

#[tokio::test]
async fn records_have_the_shape_of_lambda() {
    let mut rig = Rig::start(0).await;
    let attribute = |kind| aws_sdk_sqs::types::MessageAttributeValue::builder().data_type(kind);
    let text = attribute("String").string_value("key").build().unwrap();
    let bytes = aws_sdk_sqs::primitives::Blob::new([1, 2]);
    let binary = attribute("Binary").binary_value(bytes).build().unwrap();
    let send = rig.sqs.send_message().queue_url(&rig.queue).message_body("hello");
    let send = send.message_attributes("ProgressKey", text).message_attributes("Raw", binary);
    send.message_group_id("g").message_deduplication_id("d").send().await.unwrap();
    let mut records = rig.poll(|_| Ok(Value::Null));
    records.first(1).await;
    let record = records.0.borrow()[0].clone();
    for name in [
        "SentTimestamp",
        "SequenceNumber",
        "SenderId",
        "ApproximateFirstReceiveTimestamp",
        "ApproximateReceiveCount",
    ] {
        assert!(record["attributes"][name].is_string(), "{name}: {record}");
    }
    assert_eq!(record["attributes"]["MessageGroupId"], "g");
    assert_eq!(record["attributes"]["MessageDeduplicationId"], "d");
    assert_eq!(record["body"], "hello");
    assert_eq!(record["md5OfBody"], "5d41402abc4b2a76b9719d911017c592");
    assert_eq!(record["eventSource"], "aws:sqs");
    assert_eq!(record["eventSourceARN"], "arn:aws:sqs:us-east-1:000000000000:test.fifo");
    assert_eq!(record["awsRegion"], "us-east-1");
    let own = &record["messageAttributes"];
    assert_eq!(own["ProgressKey"]["stringValue"], "key");
    assert_eq!(own["ProgressKey"]["dataType"], "String");
    assert_eq!(own["Raw"]["binaryValue"], "AQI=");
}
