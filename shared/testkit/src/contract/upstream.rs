//! The rules of the queues to backends: events arrive in their order, each once, and none of them
//! is lost without a word.

use std::time::Duration;

use hubcast_model::message_group::MessageGroup;
use hubcast_model::ports::{UpstreamMessage, UpstreamQueue};

/// Runs every rule; `told` and `reminded` answer the bodies that came since they were last asked.
pub async fn all(
    queue: &impl UpstreamQueue,
    told: impl AsyncFn() -> Vec<String>,
    reminded: impl AsyncFn() -> Vec<String>,
) {
    events_arrive_in_order_each_once(queue, &told).await;
    groups_are_apart(queue, &told).await;
    large_events_arrive_in_order(queue, &told).await;
    reminders_arrive_all(queue, &reminded).await;
    nothing_is_no_request(queue, &told, &reminded).await;
}

fn event(body: &str, group: &str, id: &str) -> UpstreamMessage {
    let group = MessageGroup::named(group.to_owned());
    UpstreamMessage { body: body.to_owned(), group, id: id.to_owned() }
}

fn bodies(events: &[UpstreamMessage]) -> Vec<String> {
    events.iter().map(|event| event.body.clone()).collect()
}

/// More than one request holds, and told again because the answer was lost.
pub async fn events_arrive_in_order_each_once(
    queue: &impl UpstreamQueue,
    told: impl AsyncFn() -> Vec<String>,
) {
    let events: Vec<UpstreamMessage> =
        (0..23).map(|n| event(&n.to_string(), "upstream:order", &format!("s=/{n}"))).collect();
    for _ in 0..2 {
        queue.tell(&events).await.expect("an answer");
    }
    assert_eq!(told().await, bodies(&events));
}

/// The same id means the same event in one group only; any group and id will do.
pub async fn groups_are_apart(queue: &impl UpstreamQueue, told: impl AsyncFn() -> Vec<String>) {
    let long = "long ".repeat(200);
    let groups = ["n:connection:c", "n:connection:ä b", "語", &long];
    for group in groups {
        queue.tell(&[event(group, group, "a b"), event("twice", group, "a b")]).await.expect("ok");
    }
    let mut came = told().await;
    came.sort();
    let mut expected = groups.map(str::to_owned);
    expected.sort();
    assert_eq!(came, expected);
}

/// More bytes than one request may hold.
pub async fn large_events_arrive_in_order(
    queue: &impl UpstreamQueue,
    told: impl AsyncFn() -> Vec<String>,
) {
    let body = |n: usize| format!("{n}{}", "x".repeat(120_000));
    let events: Vec<UpstreamMessage> =
        (0..9).map(|n| event(&body(n), "upstream:large", &format!("s=/{n}"))).collect();
    queue.tell(&events).await.expect("an answer");
    assert_eq!(told().await, bodies(&events));
}

/// In any order.
pub async fn reminders_arrive_all(
    queue: &impl UpstreamQueue,
    reminded: impl AsyncFn() -> Vec<String>,
) {
    let large = |n: usize| format!("{n}{}", "x".repeat(120_000));
    let envelopes: Vec<String> = (0..23).map(|n| n.to_string()).chain((0..5).map(large)).collect();
    queue.remind(&envelopes, Duration::ZERO).await.expect("an answer");
    let (mut came, mut expected) = (reminded().await, envelopes);
    came.sort();
    expected.sort();
    assert_eq!(came, expected);
}

/// A request without messages is a mistake to a queue.
pub async fn nothing_is_no_request(
    queue: &impl UpstreamQueue,
    told: impl AsyncFn() -> Vec<String>,
    reminded: impl AsyncFn() -> Vec<String>,
) {
    queue.tell(&[]).await.expect("nothing to do");
    queue.remind(&[], Duration::ZERO).await.expect("nothing to do");
    assert!(told().await.is_empty() && reminded().await.is_empty());
}
