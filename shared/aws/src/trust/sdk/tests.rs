//! The SDK meets a server that Amazon's roots do not know.

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_sqs::config::Credentials;

use super::*;
use crate::trust::testing::Stranger;

fn knowing(pem: &str) -> SharedHttpClient {
    trusting(TrustStore::empty().with_pem_certificate(pem))
}

/// A client that tries `few` first, and never twice.
fn sqs(stranger: &Stranger, few: SharedHttpClient, all: SharedHttpClient) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("id", "key", None, None, "test"))
        .endpoint_url(format!("https://localhost:{}", stranger.address.port()))
        .retry_config(RetryConfig::disabled())
        .http_client(SharedHttpClient::new(FewRootsFirst::new(few, all)));
    aws_sdk_sqs::Client::from_conf(config.build())
}

#[tokio::test]
async fn a_request_to_a_stranger_is_sent_once_all_roots_vouch_for_it() {
    let stranger = Stranger::start().await;
    let client = sqs(&stranger, knowing(AMAZON), knowing(&stranger.pem));
    for connections in [2, 3] {
        client.list_queues().send().await.unwrap();
        assert_eq!(stranger.connections(), connections);
    }
}

#[tokio::test]
async fn a_server_that_the_few_know_is_asked_right_away() {
    let stranger = Stranger::start().await;
    let client = sqs(&stranger, knowing(&stranger.pem), knowing(AMAZON));
    client.list_queues().send().await.unwrap();
    assert_eq!(stranger.connections(), 1);
}

#[tokio::test]
async fn a_server_that_no_root_knows_hears_nothing() {
    let stranger = Stranger::start().await;
    let client = sqs(&stranger, knowing(AMAZON), knowing(AMAZON));
    let refused = client.list_queues().send().await.unwrap_err();
    assert!(is_stranger(&refused));
}
