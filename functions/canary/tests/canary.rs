//! The canary against the local stack.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use canary::{Canary, Step};
use hubcast_local::{Options, Stack};
use hubcast_model::id::HubName;
use hubcast_model::settings::AccessKeys;

const LOCAL_KEY: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH";
const ANOTHER_KEY: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGH";

const PRODUCERS: &str = r#"[{"role":"news","actions":["message"]}]"#;
/// Whom the local queue names for every message.
const SENDER_OF_ALL: &str = "000000000000";

async fn stack(variables: &[(&str, &str)]) -> Stack {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let set = variables.iter().map(own).collect();
    Stack::start(&Options { set, ..Options::on_free_port() }).await.unwrap()
}

fn canary(url: &str, key: &str) -> Canary<AccessKeys> {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let keys = AccessKeys::parse(key).unwrap();
    Canary::new(http, keys, url.to_owned(), HubName::parse("notifications").unwrap())
}

#[tokio::test]
async fn a_stack_that_works_lets_the_canary_through() {
    let stack = stack(&[]).await;
    canary(stack.url(), LOCAL_KEY).fly().await.unwrap();
}

#[tokio::test]
async fn a_list_of_producers_does_not_stop_the_canary() {
    // As in a deployment, where the sender of the REST API is one of hubcast's own.
    let lists = [("PRODUCERS", PRODUCERS), ("OWN_SENDERS", SENDER_OF_ALL)];
    let stack = stack(&lists).await;
    canary(stack.url(), LOCAL_KEY).fly().await.unwrap();
}

#[tokio::test]
async fn a_message_that_does_not_arrive_is_stuck_in_the_queue() {
    // The publisher refuses everything of the one sender that the local queue has.
    let stack = stack(&[("PRODUCERS", PRODUCERS)]).await;
    let failure = canary(stack.url(), LOCAL_KEY).fly().await.unwrap_err();
    assert_eq!(failure.step, Step::Queue, "{failure:?}");
}

#[tokio::test]
async fn the_step_is_named_at_which_the_canary_is_stuck() {
    let stack = stack(&[]).await;
    let refused = canary(stack.url(), ANOTHER_KEY).fly().await.unwrap_err();
    assert_eq!(refused.step, Step::Negotiate, "{refused:?}");
    let url = stack.url().to_owned();
    stack.shutdown().await;
    let alone = canary(&url, LOCAL_KEY).fly().await.unwrap_err();
    assert_eq!(alone.step, Step::Negotiate, "{alone:?}");
}
