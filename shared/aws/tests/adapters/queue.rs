//! The queue, over SQS in process.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use hubcast_aws::queue::{QueueUrls, SqsQueue};
use hubcast_aws::sender::SqsSender;
use hubcast_model::dead_letter::LetterAttributes;
use hubcast_model::message_group::MessageGroup;
use hubcast_model::ports::{
    DeadLetter, JobMessage, NotificationQueue, NotificationSender, Outgoing,
};
use hubcast_testkit::RecordingSender;
use hubcast_testkit::contract::queue::{Arrived, all};
use hubcast_testkit::contract::sender;
use rustack_sqs_core::config::SqsConfig;
use rustack_sqs_core::handler::RustackSqsHandler;
use rustack_sqs_core::provider::RustackSqs;
use rustack_sqs_http::dispatch::dispatch_operation;
use rustack_sqs_http::response::error_to_response;
use rustack_sqs_http::router::resolve_operation;

use crate::endpoint::{sdk_config, serve};

pub(crate) struct Queues {
    pub(crate) config: SdkConfig,
    pub(crate) client: Client,
    adapter: SqsQueue,
    pub(crate) urls: QueueUrls,
}

impl Queues {
    /// A standard queue of this name.
    pub(crate) async fn standard(&self, name: &str) -> String {
        let create = self.client.create_queue().queue_name(name);
        create.send().await.expect("a queue").queue_url.expect("its url")
    }
}

pub(crate) async fn queues() -> Queues {
    let sqs =
        RustackSqs::new(SqsConfig { skip_signature_validation: true, ..SqsConfig::default() });
    let sqs = Arc::new(RustackSqsHandler::new(Arc::new(sqs)));
    let answer = move |headers: HeaderMap, body: Bytes| answer(Arc::clone(&sqs), headers, body);
    let url = serve(Router::new().fallback(post(answer))).await;
    let config = sdk_config(&url);
    let client = Client::new(&config);
    let urls = QueueUrls {
        notifications: create(&client, "n.fifo").await,
        deliveries: create(&client, "d.fifo").await,
        dead_letters: create(&client, "dlq.fifo").await,
        timers: None,
        ingress: Some(create_standard(&client, "ingress").await),
    };
    let adapter = SqsQueue::new(&config, urls.clone());
    Queues { config, client, adapter, urls }
}

async fn answer(sqs: Arc<RustackSqsHandler>, headers: HeaderMap, body: Bytes) -> Response {
    let answer = match resolve_operation(&headers) {
        Ok(operation) => dispatch_operation(sqs.as_ref(), operation, body).await,
        Err(err) => Err(err),
    };
    answer.unwrap_or_else(|err| error_to_response(&err, "test")).map(Body::new)
}

async fn create(client: &Client, name: &str) -> String {
    let create = client
        .create_queue()
        .queue_name(name)
        .attributes(QueueAttributeName::FifoQueue, "true")
        .attributes(QueueAttributeName::DeduplicationScope, "messageGroup")
        .attributes(QueueAttributeName::FifoThroughputLimit, "perMessageGroupId")
        .attributes(QueueAttributeName::VisibilityTimeout, "600");
    create.send().await.expect("a queue").queue_url.expect("its url")
}

async fn create_standard(client: &Client, name: &str) -> String {
    let create = client.create_queue().queue_name(name);
    let create = create.attributes(QueueAttributeName::VisibilityTimeout, "600");
    create.send().await.expect("a queue").queue_url.expect("its url")
}

pub(crate) async fn receive(client: &Client, queue_url: &str) -> Vec<Message> {
    let receive = client
        .receive_message()
        .queue_url(queue_url)
        .max_number_of_messages(10)
        .message_attribute_names("All")
        .message_system_attribute_names(MessageSystemAttributeName::All);
    receive.send().await.expect("an answer").messages.unwrap_or_default()
}

fn arrived(message: Message) -> Arrived {
    let own = message.message_attributes.as_ref().expect("attributes");
    let own = LetterAttributes::read(|name| own.get(name)?.string_value.clone());
    let group = message
        .attributes
        .as_ref()
        .and_then(|all| all.get(&MessageSystemAttributeName::MessageGroupId).cloned());
    Arrived {
        reason: own.reason.expect("a reason"),
        detail: own.detail.expect("a detail"),
        progress_key: own.progress_key.expect("a progress key"),
        group: group.expect("a message group"),
        body: message.body.expect("a body"),
    }
}

/// Takes everything out of a queue; a message group gives one message at a time.
pub(crate) async fn drain(client: &Client, queue_url: &str) -> Vec<Message> {
    let mut drained = Vec::new();
    loop {
        let received = receive(client, queue_url).await;
        if received.is_empty() {
            return drained;
        }
        for message in received {
            let delete = client.delete_message().queue_url(queue_url);
            let delete = delete.set_receipt_handle(message.receipt_handle.clone());
            delete.send().await.expect("an answer");
            drained.push(message);
        }
    }
}

#[tokio::test]
async fn dead_letters_are_kept() {
    let queues = queues().await;
    let letters_of = async |group: &str| {
        let letters =
            drain(&queues.client, &queues.urls.dead_letters).await.into_iter().map(arrived);
        letters.filter(|letter| letter.group == group).collect()
    };
    all(&queues.adapter, letters_of).await;
}

/// SQS takes 1 to 128 letters, digits and punctuation marks; the local queue takes anything.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
#[tokio::test]
async fn every_dead_letter_has_a_deduplication_id_that_sqs_takes() {
    let queues = queues().await;
    let long = "redriven-often/0/rejected".repeat(20);
    let keys = ["m/0/rejected", &long, &format!("{long}!"), "a b", "clé"];
    for key in keys {
        let letter = DeadLetter {
            trace: None,
            body: "{}".to_owned(),
            reason: "NoContent",
            detail: "nothing".to_owned(),
            progress_key: key.to_owned(),
            group: "g".to_owned(),
        };
        queues.adapter.dead_letter(&letter).await.expect("an answer");
    }
    let letters = drain(&queues.client, &queues.urls.dead_letters).await;
    let id = |letter: &Message| {
        let attributes = letter.attributes.as_ref().expect("attributes");
        attributes[&MessageSystemAttributeName::MessageDeduplicationId].clone()
    };
    let ids: BTreeSet<String> = letters.iter().map(id).collect();
    assert_eq!(ids.len(), keys.len(), "{ids:?}");
    for id in ids {
        assert!((1..=128).contains(&id.len()), "{id}");
        assert!(id.bytes().all(|byte| byte.is_ascii_graphic()), "{id}");
    }
}

#[tokio::test]
async fn a_message_to_be_retried_is_visible_again() {
    let queues = queues().await;
    let (client, urls) = (&queues.client, &queues.urls);
    let send = || client.send_message().message_body("{}");
    let fifo = send().queue_url(&urls.notifications).message_group_id("g");
    fifo.message_deduplication_id("d").send().await.expect("an answer");
    let ingress = urls.ingress.as_ref().expect("a queue");
    send().queue_url(ingress).send().await.expect("an answer");
    for (name, url) in [("n.fifo", &urls.notifications), ("ingress", ingress)] {
        let first = receive(client, url).await;
        assert_eq!(first.len(), 1);
        assert!(receive(client, url).await.is_empty());

        let receipt = first[0].receipt_handle.as_deref().expect("a receipt");
        let retry = queues.adapter.retry_after(name, receipt, Duration::from_millis(999));
        retry.await.expect("an answer");

        let second = receive(client, url).await;
        assert_eq!(second.len(), 1, "{name}");
        assert_eq!(second[0].message_id, first[0].message_id);
    }
}

#[tokio::test]
async fn a_queue_that_is_not_there_is_an_error_that_names_the_operation() {
    let queues = queues().await;
    let url = format!("{}-gone", queues.urls.notifications);
    let urls = QueueUrls { notifications: url, ..queues.urls };
    let adapter = SqsQueue::new(&sdk_config("http://127.0.0.1:1"), urls);
    let err = adapter.retry_after("n.fifo", "receipt", Duration::ZERO).await.expect_err("no queue");
    assert_eq!(err.operation, "retry_after");
}

#[tokio::test]
async fn jobs_are_all_enqueued_each_once_and_in_order() {
    let queues = queues().await;
    let job = |n: usize| JobMessage {
        body: format!("{n}"),
        group: "a group with spaces|0".to_owned(),
        key: format!("m/0/{n}"),
    };
    let jobs: Vec<JobMessage> = (0..23).map(job).collect();
    for _ in 0..2 {
        queues.adapter.enqueue_jobs(&jobs).await.expect("an answer");
    }
    let drained = drain(&queues.client, &queues.urls.deliveries).await;
    let bodies: Vec<String> = drained.into_iter().filter_map(|message| message.body).collect();
    let expected: Vec<String> = (0..23).map(|n| n.to_string()).collect();
    assert_eq!(bodies, expected);
}

#[tokio::test]
async fn what_is_sent_arrives_in_order_each_once() {
    let queues = queues().await;
    let adapter = SqsSender::new(&queues.config, queues.urls.notifications.clone());
    let arrived = async || {
        let drained = drain(&queues.client, &queues.urls.notifications).await;
        drained.into_iter().filter_map(|message| message.body).collect()
    };
    sender::all(&adapter, arrived).await;
}

#[tokio::test]
async fn the_sender_of_tests_keeps_the_same_rules() {
    let (recorder, seen) = (RecordingSender::default(), Cell::new(0));
    let arrived = async || {
        let sent = recorder.sent();
        let new = sent.iter().skip(seen.replace(sent.len())).map(|sent| sent.body.clone());
        new.collect()
    };
    sender::all(&recorder, arrived).await;
}

#[tokio::test]
async fn a_send_that_nobody_answers_is_an_error() {
    let adapter = SqsSender::new(&sdk_config("http://127.0.0.1:1"), "http://127.0.0.1:1/1/n.fifo");
    let message = |n: usize| Outgoing {
        body: "{}".to_owned(),
        group: MessageGroup::named("g".to_owned()),
        key: n.to_string(),
    };
    for messages in [vec![message(0)], vec![message(0), message(1)]] {
        let err = adapter.send(&messages).await.expect_err("no queue");
        assert_eq!(err.operation, "send");
    }
}
