//! Batch writes and reads that leave nothing unprocessed.

use std::time::Duration;

use aws_sdk_dynamodb::types::{DeleteRequest, KeysAndAttributes, PutRequest, WriteRequest};
use hubcast_model::ports::StoreError;
use tokio::time::Instant;

use super::item::Item;
use super::key::Key;
use super::{DynamoStore, unavailable};

/// How many items one batch write takes.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html>
const WRITES_MAX: usize = 25;
/// How many items one batch read takes.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>
const READS_MAX: usize = 100;
/// For how long unprocessed items are tried again.
const PATIENCE: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// DynamoDB kept leaving items unprocessed, as it does when throttled.
#[derive(Debug, thiserror::Error)]
#[error("{left} items stayed unprocessed")]
struct Unprocessed {
    left: usize,
}

/// Waits between tries, longer each time, until patience ends.
struct Backoff {
    until: Instant,
    pause: Duration,
}

impl Backoff {
    fn new() -> Self {
        Self { until: Instant::now() + PATIENCE, pause: FIRST_PAUSE }
    }

    /// Waits; false when there is no time left.
    async fn wait(&mut self) -> bool {
        let pause = self.pause.mul_f64(fastrand::f64());
        if Instant::now() + pause >= self.until {
            return false;
        }
        tokio::time::sleep(pause).await;
        self.pause *= 2;
        true
    }
}

impl DynamoStore {
    pub(super) async fn put_all(
        &self,
        operation: &'static str,
        items: Vec<Item>,
    ) -> Result<(), StoreError> {
        let request = |item| {
            let put = PutRequest::builder().set_item(Some(item)).build();
            put.map(|put| WriteRequest::builder().put_request(put).build())
        };
        let requests: Result<Vec<_>, _> = items.into_iter().map(request).collect();
        self.write_all(operation, requests.map_err(unavailable(operation))?).await
    }

    pub(super) async fn delete_all(
        &self,
        operation: &'static str,
        keys: Vec<Key>,
    ) -> Result<(), StoreError> {
        let request = |key| {
            let delete = DeleteRequest::builder().set_key(Some(key)).build();
            delete.map(|delete| WriteRequest::builder().delete_request(delete).build())
        };
        let requests: Result<Vec<_>, _> = keys.into_iter().map(request).collect();
        self.write_all(operation, requests.map_err(unavailable(operation))?).await
    }

    async fn write_all(
        &self,
        operation: &'static str,
        requests: Vec<WriteRequest>,
    ) -> Result<(), StoreError> {
        for batch in requests.chunks(WRITES_MAX) {
            self.write_batch(operation, batch.to_vec()).await?;
        }
        Ok(())
    }

    async fn write_batch(
        &self,
        operation: &'static str,
        mut batch: Vec<WriteRequest>,
    ) -> Result<(), StoreError> {
        let mut backoff = Backoff::new();
        loop {
            let write = self.client.batch_write_item().request_items(&self.table, batch);
            let output = write.send().await.map_err(unavailable(operation))?;
            batch = output
                .unprocessed_items
                .and_then(|mut items| items.remove(&self.table))
                .unwrap_or_default();
            if batch.is_empty() {
                return Ok(());
            }
            if !backoff.wait().await {
                return Err(unavailable(operation)(Unprocessed { left: batch.len() }));
            }
        }
    }

    /// Reads the items of these keys, strongly consistent; missing ones are left out.
    pub(super) async fn read_all(
        &self,
        operation: &'static str,
        keys: &[Key],
    ) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        for batch in keys.chunks(READS_MAX) {
            self.read_batch(operation, batch.to_vec(), &mut items).await?;
        }
        Ok(items)
    }

    async fn read_batch(
        &self,
        operation: &'static str,
        mut keys: Vec<Key>,
        items: &mut Vec<Item>,
    ) -> Result<(), StoreError> {
        let mut backoff = Backoff::new();
        loop {
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
            let wanted = wanted.build().map_err(unavailable(operation))?;
            let read = self.client.batch_get_item().request_items(&self.table, wanted);
            let output = read.send().await.map_err(unavailable(operation))?;
            let found = output.responses.and_then(|mut tables| tables.remove(&self.table));
            items.extend(found.unwrap_or_default());
            let left = output.unprocessed_keys.and_then(|mut tables| tables.remove(&self.table));
            keys = left.map(|left| left.keys).unwrap_or_default();
            if keys.is_empty() {
                return Ok(());
            }
            if !backoff.wait().await {
                return Err(unavailable(operation)(Unprocessed { left: keys.len() }));
            }
        }
    }
}
