//! The table, over DynamoDB in process.

use dynoxide::Database;
use hubcast_aws::store::{DynamoStore, create_table};
use hubcast_model::channel::ShardCounts;
use hubcast_model::ports::ShardStore;
use hubcast_testkit::contract::store;

use crate::endpoint::{listen, sdk_config};

async fn table() -> DynamoStore {
    let (listener, url) = listen().await;
    let database = Database::memory().expect("a database");
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    let config = sdk_config(&url);
    create_table(&config, "hubcast").await.expect("a table");
    DynamoStore::new(&config, "hubcast")
}

#[tokio::test]
async fn claims_are_kept() {
    store::claims::all(&table().await).await;
}

#[tokio::test]
async fn records_are_kept() {
    store::records::all(&table().await).await;
}

#[tokio::test]
async fn deadlines_are_kept() {
    store::deadlines::all(&table().await).await;
}

#[tokio::test]
async fn channels_are_kept() {
    store::channels::all(&table().await).await;
}

#[tokio::test]
async fn what_is_for_those_who_come_later_is_kept() {
    store::retention::all(&table().await).await;
}

#[tokio::test]
async fn access_is_kept() {
    store::access::all(&table().await).await;
}

#[tokio::test]
async fn clients_and_their_invocations_are_kept() {
    store::upstream::all(&table().await).await;
}

#[tokio::test]
async fn all_of_a_user_is_found_and_erased() {
    store::erasure::all(&table().await).await;
}

#[tokio::test]
async fn progress_is_kept() {
    store::progress::all(&table().await).await;
}

#[tokio::test]
async fn results_are_kept() {
    store::results::all(&table().await).await;
}

#[tokio::test]
async fn lines_are_kept() {
    store::lines::all(&table().await).await;
}

#[tokio::test]
async fn a_new_table_has_no_shard_counts() {
    let table = table().await;
    assert_eq!(table.shard_counts().await.expect("an answer"), None);
    let counts = ShardCounts { group: 2, hub: 7 };
    table.raise_shard_counts(counts).await.expect("an answer");
    assert_eq!(table.shard_counts().await.expect("an answer"), Some(counts));
}
