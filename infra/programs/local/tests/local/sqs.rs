//! SQS over the wire, as AWS answers it.

use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use hubcast_local::{Options, Stack};
use serde_json::{Value, json};

use crate::rig::sdk;

async fn stack() -> (Stack, aws_sdk_sqs::Client) {
    let stack = Stack::start(&Options::on_free_port()).await.unwrap();
    let sqs = aws_sdk_sqs::Client::new(&sdk(stack.url()));
    (stack, sqs)
}

/// A queue that nobody polls.
async fn quiet_queue(sqs: &aws_sdk_sqs::Client) -> String {
    let create = sqs.create_queue().queue_name("quiet.fifo");
    let create = create.attributes(aws_sdk_sqs::types::QueueAttributeName::FifoQueue, "true");
    create.send().await.unwrap().queue_url.unwrap()
}

async fn raw(stack: &Stack, target: &str, host: Option<&str>, body: Value) -> reqwest::Response {
    let post = reqwest::Client::new().post(stack.url()).header("X-Amz-Target", target);
    let post = match host {
        Some(host) => post.header("Host", host),
        None => post,
    };
    post.body(body.to_string()).send().await.unwrap()
}

#[tokio::test]
async fn a_message_without_a_deduplication_id_is_refused() {
    let (stack, sqs) = stack().await;
    let send = sqs.send_message().queue_url(stack.queue_url()).message_body("{}");
    let err = send.message_group_id("g").send().await.unwrap_err().into_service_error();
    assert_eq!(err.code(), Some("InvalidParameterValue"));
    assert!(err.message().unwrap().contains("MessageDeduplicationId"), "{err:?}");
}

#[tokio::test]
async fn a_message_without_a_group_is_refused() {
    let (stack, sqs) = stack().await;
    let send = sqs.send_message().queue_url(stack.queue_url()).message_body("{}");
    let err = send.message_deduplication_id("d").send().await.unwrap_err().into_service_error();
    assert_eq!(err.code(), Some("MissingParameter"));
}

#[tokio::test]
async fn a_record_separator_is_no_character_for_sqs() {
    let (stack, sqs) = stack().await;
    let send = sqs.send_message().queue_url(stack.queue_url()).message_body("{}\u{1e}");
    let send = send.message_group_id("g").message_deduplication_id("d");
    let err = send.send().await.unwrap_err().into_service_error();
    assert!(err.is_invalid_message_contents(), "{err:?}");
}

#[tokio::test]
async fn a_group_id_with_a_space_is_refused() {
    let (stack, sqs) = stack().await;
    for id in ["two words", "ümlaut", &"x".repeat(129)] {
        let send = sqs.send_message().queue_url(stack.queue_url()).message_body("{}");
        let send = send.message_group_id(id).message_deduplication_id("d");
        let err = send.send().await.unwrap_err().into_service_error();
        assert_eq!(err.code(), Some("InvalidParameterValue"), "{id}");
        assert!(err.message().unwrap().contains("MessageGroupId"));
    }
}

fn entry(id: &str, body: &str) -> SendMessageBatchRequestEntry {
    let entry = SendMessageBatchRequestEntry::builder().id(id).message_body(body);
    entry.message_group_id("g").message_deduplication_id(id).build().unwrap()
}

#[tokio::test]
async fn a_bad_entry_of_a_batch_fails_alone() {
    let (_stack, sqs) = stack().await;
    let url = quiet_queue(&sqs).await;
    let entries = [entry("good", "{}"), entry("bad", "\u{1e}")];
    let batch = sqs.send_message_batch().queue_url(&url).set_entries(Some(entries.into()));
    let answer = batch.send().await.unwrap();
    assert_eq!(answer.successful[0].id, "good");
    assert_eq!(answer.failed.len(), 1);
    assert_eq!((&*answer.failed[0].id, &*answer.failed[0].code), ("bad", "InvalidMessageContents"));
    assert!(answer.failed[0].sender_fault);
    let batch = sqs.send_message_batch().queue_url(&url).entries(entry("worse", "\u{0}"));
    let answer = batch.send().await.unwrap();
    assert_eq!((answer.successful.len(), answer.failed.len()), (0, 1));
}

#[tokio::test]
async fn queue_urls_follow_the_host_of_the_request() {
    let (stack, _sqs) = stack().await;
    let name = "hubcast-notifications.fifo";
    let host = Some("queues.test:4566");
    let expected = format!("http://queues.test:4566/000000000000/{name}");
    let url = raw(&stack, "AmazonSQS.GetQueueUrl", host, json!({ "QueueName": name })).await;
    assert_eq!(url.json::<Value>().await.unwrap()["QueueUrl"], json!(expected));
    let urls = raw(&stack, "AmazonSQS.ListQueues", host, json!({})).await;
    let urls: Value = urls.json().await.unwrap();
    assert_eq!(urls["QueueUrls"].as_array().unwrap().len(), 6);
    assert!(urls["QueueUrls"].as_array().unwrap().contains(&json!(expected)));
}

#[tokio::test]
async fn bodies_stay_as_they_were_sent_whatever_they_name() {
    let (stack, sqs) = stack().await;
    let url = quiet_queue(&sqs).await;
    let port = stack.url().rsplit_once(':').unwrap().1;
    let body = format!("see http://localhost:{port}/docs");
    let send = sqs.send_message().queue_url(&url).message_body(&body);
    send.message_group_id("g").message_deduplication_id("d").send().await.unwrap();
    let answer =
        raw(&stack, "AmazonSQS.ReceiveMessage", Some("other:1"), json!({ "QueueUrl": url }));
    let answer: Value = answer.await.json().await.unwrap();
    assert_eq!(answer["Messages"][0]["Body"], json!(body));
}

#[tokio::test]
async fn the_queues_are_those_of_a_deployment() {
    let (stack, sqs) = stack().await;
    let get = sqs.get_queue_attributes().queue_url(stack.queue_url());
    let get = get.attribute_names(aws_sdk_sqs::types::QueueAttributeName::All);
    let attributes = get.send().await.unwrap().attributes.unwrap();
    let value = |name: &str| {
        attributes.iter().find(|(known, _)| known.as_str() == name).map(|(_, value)| value.as_str())
    };
    assert_eq!(value("VisibilityTimeout"), Some("180"), "six times the function's timeout");
    assert_eq!(value("ContentBasedDeduplication"), Some("false"));
    assert_eq!(value("FifoThroughputLimit"), Some("perMessageGroupId"));
    let redrive: Value = serde_json::from_str(value("RedrivePolicy").unwrap()).unwrap();
    assert_eq!(redrive["maxReceiveCount"], 1000);
    assert!(redrive["deadLetterTargetArn"].as_str().unwrap().ends_with(":hubcast-dlq.fifo"));
}

#[tokio::test]
async fn the_query_protocol_is_refused_in_its_own_words() {
    let (stack, _sqs) = stack().await;
    let form = "QueueUrl=x&Action=SendMessage&MessageBody=hello";
    let post = reqwest::Client::new().post(stack.queue_url()).body(form);
    let post = post.header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
    let answer = post.send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.headers()["content-type"], "text/xml");
    let text = answer.text().await.unwrap();
    assert!(text.contains("<Code>UnsupportedProtocol</Code>"), "{text}");
    assert!(text.contains("JSON"), "{text}");
}

#[tokio::test]
async fn unknown_targets_are_named() {
    let (stack, _sqs) = stack().await;
    for target in ["AmazonSNS.Publish", "AmazonSQS.FlyAway", "nonsense"] {
        let answer = raw(&stack, target, None, json!({})).await;
        assert_eq!(answer.status(), 400, "{target}");
        let error: Value = answer.json().await.unwrap();
        assert!(error["__type"].is_string(), "{error}");
        assert!(error["message"].as_str().unwrap().contains(target), "{error}");
    }
}
