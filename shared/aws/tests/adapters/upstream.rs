//! The queues that lead to backends and back, over SQS in process.

use std::time::Duration;

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName as Name};
use hubcast_aws::upstream::{AnswerUrls, SqsAnswers, SqsUpstream, UpstreamUrls};
use hubcast_model::message_group::MessageGroup;
use hubcast_model::ports::{AnswerQueue, UpstreamMessage, UpstreamQueue};

use crate::queue::{drain, queues, receive};

fn event(group: &str, id: &str) -> UpstreamMessage {
    let body = r#"{"event":"connected"}"#.to_owned();
    UpstreamMessage { body, group: MessageGroup::named(group.to_owned()), id: id.to_owned() }
}

#[tokio::test]
async fn an_event_arrives_once_in_its_group() {
    let queues = queues().await;
    let events = queues.urls.notifications.clone();
    let upstream = SqsUpstream::new(
        &queues.config,
        UpstreamUrls { events: events.clone(), timers: String::new() },
    );
    for told in
        [event("n:connection:c", "s=/a"), event("n:connection:c", "s=/a"), event("n:ä b", "s=/b")]
    {
        upstream.tell(&told).await.expect("an answer");
    }
    let arrived = drain(&queues.client, &events).await;
    let group = |message: &Message| {
        message.attributes().expect("attributes")[&Name::MessageGroupId].clone()
    };
    let groups: Vec<String> = arrived.iter().map(group).collect();
    assert_eq!(groups.len(), 2);
    assert!(groups.iter().any(|group| group == "n:connection:c"), "{groups:?}");
    assert_eq!(arrived[0].body(), Some(r#"{"event":"connected"}"#));
}

#[tokio::test]
async fn a_reminder_comes_when_it_is_due() {
    let queues = queues().await;
    let timers = queues.standard("timers").await;
    let urls = UpstreamUrls { events: String::new(), timers: timers.clone() };
    let upstream = SqsUpstream::new(&queues.config, urls);
    upstream.remind("later", Duration::from_mins(15)).await.expect("an answer");
    upstream.remind("now", Duration::ZERO).await.expect("an answer");
    let bodies: Vec<Option<String>> =
        receive(&queues.client, &timers).await.into_iter().map(|message| message.body).collect();
    assert_eq!(bodies, [Some("now".to_owned())]);
    let error = upstream.tell(&event("g", "i")).await.expect_err("there is no such queue");
    assert_eq!(error.operation, "tell");
}

#[tokio::test]
async fn an_answer_arrives_once_and_an_event_comes_again() {
    let queues = queues().await;
    let (events, notifications) =
        (queues.urls.deliveries.clone(), queues.urls.notifications.clone());
    let urls = AnswerUrls { events: events.clone(), notifications: notifications.clone() };
    let answers = SqsAnswers::new(&queues.config, urls);
    let group = MessageGroup::named("n:connection:c".to_owned());
    for _ in 0..2 {
        answers.answer("{}", &group, "e/answer").await.expect("an answer");
    }
    assert_eq!(drain(&queues.client, &notifications).await.len(), 1);

    let urls = UpstreamUrls { events: events.clone(), timers: String::new() };
    SqsUpstream::new(&queues.config, urls).tell(&event("g", "i")).await.expect("an answer");
    let first = receive(&queues.client, &events).await;
    let receipt = first[0].receipt_handle.as_deref().expect("a receipt");
    answers.retry_event(receipt, Duration::ZERO).await.expect("an answer");
    assert_eq!(receive(&queues.client, &events).await.len(), 1);
    for _ in 0..2 {
        answers.put_off(&event("n:later:c", "i/later")).await.expect("an answer");
    }
    assert_eq!(drain(&queues.client, &events).await.len(), 1, "behind what is in flight");
}
