//! The queues that lead to backends and back, over SQS in process.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_sqs::types::MessageSystemAttributeName as Name;
use axum::body::Bytes;
use axum::routing::post;
use axum::{Json, Router};
use hubcast_aws::upstream::{AnswerUrls, SqsAnswers, SqsUpstream, UpstreamUrls};
use hubcast_model::dead_letter::LetterAttributes;
use hubcast_model::message_group::MessageGroup;
use hubcast_model::ports::{AnswerQueue, DeadEvent, UpstreamMessage, UpstreamQueue};
use hubcast_testkit::contract::upstream as contract;
use serde_json::{Value, json};

use crate::endpoint::{sdk_config, serve};
use crate::queue::{Queues, drain, queues, receive};

fn event(group: &str, id: &str) -> UpstreamMessage {
    let body = r#"{"event":"connected"}"#.to_owned();
    UpstreamMessage { body, group: MessageGroup::named(group.to_owned()), id: id.to_owned() }
}

async fn upstream(queues: &Queues) -> (SqsUpstream, UpstreamUrls) {
    let (events, timers) = (queues.urls.notifications.clone(), queues.standard("timers").await);
    let urls = UpstreamUrls { events, timers };
    (SqsUpstream::new(&queues.config, urls.clone()), urls)
}

#[tokio::test]
async fn what_backends_are_told_and_reminded_of_arrives() {
    let queues = queues().await;
    let (upstream, urls) = upstream(&queues).await;
    let bodies = async |url: &str| -> Vec<String> {
        let drained = drain(&queues.client, url).await;
        drained.into_iter().filter_map(|message| message.body).collect()
    };
    let told = async || bodies(&urls.events).await;
    let reminded = async || bodies(&urls.timers).await;
    contract::all(&upstream, told, reminded).await;
}

#[tokio::test]
async fn an_event_is_in_its_group() {
    let queues = queues().await;
    let (upstream, urls) = upstream(&queues).await;
    upstream.tell(&[event("n:connection:c", "s=/a")]).await.expect("an answer");
    let [arrived] = drain(&queues.client, &urls.events).await.try_into().expect("one");
    let attributes = arrived.attributes.expect("attributes");
    assert_eq!(attributes[&Name::MessageGroupId], "n:connection:c");
}

/// The queue of this test leaves out each entry with an odd place, and counts requests.
#[tokio::test]
async fn what_a_batch_does_not_take_is_named_and_not_sent_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let half = move |body: Bytes| {
        count.fetch_add(1, Ordering::Relaxed);
        let batch: Value = serde_json::from_slice(&body).expect("a request");
        let ids = batch["Entries"].as_array().expect("entries").iter().map(|entry| &entry["Id"]);
        let (mut taken, mut failed) = (Vec::new(), Vec::new());
        for (at, id) in ids.enumerate() {
            if at % 2 == 0 {
                taken.push(json!({ "Id": id, "MessageId": "m", "MD5OfMessageBody": "0" }));
            } else {
                failed.push(json!({ "Id": id, "Code": "InternalError", "SenderFault": false }));
            }
        }
        async move { Json(json!({ "Successful": taken, "Failed": failed })) }
    };
    let url = serve(Router::new().fallback(post(half))).await;
    let queue = format!("{url}/1/q.fifo");
    let urls = UpstreamUrls { events: queue.clone(), timers: queue };
    let upstream = SqsUpstream::new(&sdk_config(&url), urls);

    let events: Vec<UpstreamMessage> = (0..23).map(|n| event("g", &n.to_string())).collect();
    let untaken = upstream.tell(&events).await.expect_err("some are left out");
    let odd = (0..23).filter(|n| n % 10 % 2 == 1).collect();
    assert_eq!((&untaken.places, asked.load(Ordering::Relaxed)), (&odd, 3));
    let envelopes: Vec<String> = (0..23).map(|n| n.to_string()).collect();
    let untaken = upstream.remind(&envelopes, Duration::ZERO).await.expect_err("likewise");
    assert_eq!((&untaken.places, asked.load(Ordering::Relaxed)), (&odd, 6));
}

#[tokio::test]
async fn a_reminder_comes_when_it_is_due() {
    let queues = queues().await;
    let timers = queues.standard("timers").await;
    let urls = UpstreamUrls { events: String::new(), timers: timers.clone() };
    let upstream = SqsUpstream::new(&queues.config, urls);
    upstream.remind(&["later".to_owned()], Duration::from_mins(15)).await.expect("an answer");
    upstream.remind(&["now".to_owned()], Duration::ZERO).await.expect("an answer");
    let bodies: Vec<Option<String>> =
        receive(&queues.client, &timers).await.into_iter().map(|message| message.body).collect();
    assert_eq!(bodies, [Some("now".to_owned())]);
    let events = [event("g", "i"), event("g", "j")];
    let untaken = upstream.tell(&events).await.expect_err("there is no such queue");
    assert_eq!((untaken.source.operation, untaken.places), ("tell", [0, 1].into()));
}

#[tokio::test]
async fn an_answer_arrives_once_and_an_event_comes_again() {
    let queues = queues().await;
    let (events, notifications) =
        (queues.urls.deliveries.clone(), queues.urls.notifications.clone());
    let dead_events = queues.urls.dead_letters.clone();
    let (own, other) = (events.clone(), notifications.clone());
    let urls = AnswerUrls { events: own, dead_events: dead_events.clone(), notifications: other };
    let answers = SqsAnswers::new(&queues.config, urls);
    let group = MessageGroup::named("n:connection:c".to_owned());
    for _ in 0..2 {
        answers.answer("{}", &group, "e/answer").await.expect("an answer");
    }
    assert_eq!(drain(&queues.client, &notifications).await.len(), 1);

    let urls = UpstreamUrls { events: events.clone(), timers: String::new() };
    let events_queue = SqsUpstream::new(&queues.config, urls);
    events_queue.tell(&[event("g", "i")]).await.expect("an answer");
    let first = receive(&queues.client, &events).await;
    let receipt = first[0].receipt_handle.as_deref().expect("a receipt");
    answers.retry_event(receipt, Duration::ZERO).await.expect("an answer");
    assert_eq!(receive(&queues.client, &events).await.len(), 1);
    for _ in 0..2 {
        answers.put_off(&event("n:later:c", "i/later")).await.expect("an answer");
    }
    assert_eq!(drain(&queues.client, &events).await.len(), 1, "behind what is in flight");

    let attributes = LetterAttributes { reason: Some("TooOld".to_owned()), ..Default::default() };
    let (body, group, id) = ("{}".to_owned(), "n:later:c".to_owned(), "m".to_owned());
    let letter = DeadEvent { body, group, id, attributes };
    for _ in 0..2 {
        answers.dead_event(&letter).await.expect("an answer");
    }
    assert_eq!(drain(&queues.client, &dead_events).await.len(), 1, "once for each id");
}
