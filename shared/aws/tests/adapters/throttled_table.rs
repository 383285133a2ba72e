//! A table that leaves items of a batch unprocessed, as DynamoDB does when throttled.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use hubcast_aws::store::DynamoStore;
use hubcast_model::channel::{ChannelKey, ChannelRow};
use hubcast_model::ports::{ChannelStore, Progress, ProgressStore, StoreError};
use hubcast_model::time::Timestamp;
use hubcast_testkit::name;
use hubcast_testkit::socket::row;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::endpoint::{sdk_config, serve};

/// How many items of each batch the table takes, and what it took.
#[derive(Debug)]
struct Table {
    takes: usize,
    taken: Vec<Value>,
    batches: usize,
}

type Shared = Arc<Mutex<Table>>;

async fn table(takes: usize) -> (DynamoStore, Shared) {
    let table = Arc::new(Mutex::new(Table { takes, taken: Vec::new(), batches: 0 }));
    let router = Router::new().route("/", post(answer)).with_state(Arc::clone(&table));
    let url = serve(router).await;
    (DynamoStore::new(&sdk_config(&url), "hubcast"), table)
}

async fn answer(State(table): State<Shared>, headers: HeaderMap, body: Bytes) -> Json<Value> {
    let request: Value = serde_json::from_slice(&body).expect("a request");
    let items = &request["RequestItems"]["hubcast"];
    let target = headers["x-amz-target"].to_str().expect("an operation");
    let mut table = table.lock().expect("the table");
    if target.ends_with("BatchWriteItem") {
        let left = table.take(items);
        return Json(json!({ "UnprocessedItems": named(left, |left| json!(left)) }));
    }
    let before = table.taken.len();
    let left = table.take(&items["Keys"]);
    let found: Vec<Value> = table.taken[before..].iter().map(progress_row).collect();
    let left = named(left, |left| json!({ "Keys": left, "ConsistentRead": true }));
    Json(json!({ "Responses": { "hubcast": found }, "UnprocessedKeys": left }))
}

fn named(left: Vec<Value>, form: impl Fn(Vec<Value>) -> Value) -> Value {
    if left.is_empty() { json!({}) } else { json!({ "hubcast": form(left) }) }
}

fn progress_row(key: &Value) -> Value {
    json!({ "pk": key["pk"], "sk": key["sk"], "left": { "L": [] }, "parts": { "N": "1" },
        "reached": { "N": "0" }, "fruitless": { "N": "0" } })
}

impl Table {
    /// Takes what it takes; answers the rest.
    fn take(&mut self, items: &Value) -> Vec<Value> {
        let items = items.as_array().expect("items");
        let (taken, left) = items.split_at(self.takes.min(items.len()));
        self.taken.extend_from_slice(taken);
        self.batches += 1;
        left.to_vec()
    }
}

fn keys(count: usize) -> Vec<ChannelKey> {
    let group = |n: usize| name::group(&format!("g{n}")).keyed();
    (0..count).map(|n| ChannelKey::group(&name::hub("n"), &group(n), 0)).collect()
}

fn rows(count: usize) -> Vec<ChannelRow> {
    keys(count).iter().map(|key| row(key, "s=", Timestamp::FOREVER)).collect()
}

#[tokio::test(start_paused = true)]
async fn unprocessed_writes_are_tried_again_until_none_is_left() {
    let (store, table) = table(10).await;
    store.put_rows(&rows(30)).await.expect("an answer");
    store.delete_rows(&name::socket("s="), &keys(30)).await.expect("an answer");
    let table = table.lock().expect("the table");
    let counted = |kind: &str| {
        let keys = table.taken.iter().filter_map(|taken| taken.get(kind));
        keys.map(ToString::to_string).collect::<std::collections::BTreeSet<_>>().len()
    };
    assert_eq!((table.taken.len(), table.batches), (60, 8));
    assert_eq!((counted("PutRequest"), counted("DeleteRequest")), (30, 30));
}

#[tokio::test(start_paused = true)]
async fn unprocessed_reads_are_tried_again_until_none_is_left() {
    let (store, table) = table(60).await;
    let keys: Vec<String> = (0..130).map(|n| format!("m/{n:03}")).collect();
    let read = store.progress(&keys).await.expect("an answer");
    let done = |key: &String| (key.clone(), Progress::default());
    assert_eq!(read, keys.iter().map(done).collect::<BTreeMap<_, _>>());
    assert_eq!(table.lock().expect("the table").batches, 3);
}

#[tokio::test(start_paused = true)]
async fn a_table_that_takes_nothing_is_given_up_in_time() {
    let (store, _) = table(0).await;
    let start = Instant::now();
    let written = store.put_rows(&rows(1)).await;
    let read = store.progress(&["m/0".to_owned()]).await.map(|_| ());
    for (outcome, expected) in [(written, "put_rows"), (read, "progress")] {
        let Err(StoreError::Unavailable { operation, .. }) = outcome else {
            unreachable!("{outcome:?}");
        };
        assert_eq!(operation, expected);
    }
    let waited = start.elapsed().as_secs();
    assert!((1..=10).contains(&waited), "{waited} s");
}
