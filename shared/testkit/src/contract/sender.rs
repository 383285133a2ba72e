//! The rules of the sender's port: messages arrive in their order, each once.

use std::collections::BTreeSet;

use hubcast_model::message_group::MessageGroup;
use hubcast_model::ports::{NotificationSender, Outgoing};

/// Runs every rule; `arrived` answers the bodies that came since it was last asked.
pub async fn all(sender: &impl NotificationSender, arrived: impl AsyncFn() -> Vec<String>) {
    messages_arrive_in_order_each_once(sender, &arrived).await;
    a_key_counts_in_its_group(sender, &arrived).await;
    large_messages_arrive_in_order(sender, &arrived).await;
    any_group_and_key_will_do(sender, &arrived).await;
}

fn message(body: &str, group: &str, key: &str) -> Outgoing {
    let group = MessageGroup::named(group.to_owned());
    Outgoing { body: body.to_owned(), group, key: key.to_owned() }
}

fn bodies(messages: &[Outgoing]) -> Vec<String> {
    messages.iter().map(|message| message.body.clone()).collect()
}

/// More than a batch holds, and sent again because the answer was lost.
pub async fn messages_arrive_in_order_each_once(
    sender: &impl NotificationSender,
    arrived: impl AsyncFn() -> Vec<String>,
) {
    let messages: Vec<Outgoing> =
        (0..23).map(|n| message(&n.to_string(), "sender:order", &format!("order-{n}"))).collect();
    let first = sender.send(&messages).await.expect("an answer");
    let distinct: BTreeSet<&String> = first.iter().collect();
    assert_eq!(distinct.len(), messages.len(), "each has an id of its own");
    sender.send(&messages).await.expect("an answer");
    assert_eq!(arrived().await, bodies(&messages));
}

/// The same key means the same message in one group only.
pub async fn a_key_counts_in_its_group(
    sender: &impl NotificationSender,
    arrived: impl AsyncFn() -> Vec<String>,
) {
    for (body, group) in [("a", "sender:one"), ("b", "sender:one"), ("c", "sender:other")] {
        sender.send(&[message(body, group, "key")]).await.expect("an answer");
    }
    let mut came = arrived().await;
    came.sort();
    assert_eq!(came, ["a", "c"]);
}

/// More bytes than one request may hold.
pub async fn large_messages_arrive_in_order(
    sender: &impl NotificationSender,
    arrived: impl AsyncFn() -> Vec<String>,
) {
    let body = |n: usize| format!("{n}{}", "x".repeat(120_000));
    let messages: Vec<Outgoing> =
        (0..9).map(|n| message(&body(n), "sender:large", &format!("large-{n}"))).collect();
    sender.send(&messages).await.expect("an answer");
    assert_eq!(arrived().await, bodies(&messages));
}

/// Names of users and groups stand in message groups, and they may hold anything.
pub async fn any_group_and_key_will_do(
    sender: &impl NotificationSender,
    arrived: impl AsyncFn() -> Vec<String>,
) {
    let long = "long ".repeat(200);
    for (n, text) in ["a b", "clé", "語", &long].into_iter().enumerate() {
        let body = n.to_string();
        sender.send(&[message(&body, text, text)]).await.expect("an answer");
        assert_eq!(arrived().await, [body]);
    }
}
