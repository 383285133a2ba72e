//! What is left of notifications.
//!
//! A left-set larger than an item may be is cut into parts: the first row says
//! how many there are, and is written last.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use hubcast_core::id::SocketId;
use hubcast_core::ports::{Progress, ProgressStore, StoreError};
use hubcast_core::time::Timestamp;

use super::DynamoStore;
use super::item::{self, Item, number, text, ttl};
use super::key::{self, Key, PROGRESS};

/// Sockets in one row. An item holds 400 KB and a socket id takes some 20 bytes.
const SOCKETS_PER_ROW: usize = 5_000;
const LEFT: &str = "left";
const PARTS: &str = "parts";

impl ProgressStore for DynamoStore {
    async fn put_progress(
        &self,
        rows: &BTreeMap<String, Progress>,
        expires: Timestamp,
    ) -> Result<(), StoreError> {
        let mut heads = Vec::with_capacity(rows.len());
        let mut tails = Vec::new();
        for (name, progress) in rows {
            let mut parts = progress.left.chunks(SOCKETS_PER_ROW);
            let mut head = part(name, 0, parts.next().unwrap_or_default(), expires);
            let count = progress.left.len().div_ceil(SOCKETS_PER_ROW).max(1);
            head.insert(PARTS.to_owned(), number(u64::try_from(count).unwrap_or(1)));
            heads.push(head);
            tails.extend((1..).zip(parts).map(|(at, sockets)| part(name, at, sockets, expires)));
        }
        self.put_all("put_progress", tails).await?;
        self.put_all("put_progress", heads).await
    }

    async fn progress(&self, keys: &[String]) -> Result<BTreeMap<String, Progress>, StoreError> {
        // DynamoDB takes no key twice.
        let names: BTreeSet<&String> = keys.iter().collect();
        let heads: Vec<Key> = names.into_iter().map(|name| part_key(name, 0)).collect();
        let mut progress = BTreeMap::new();
        for item in self.read_all("progress", &heads).await? {
            let pk = item::required(&item, key::PK, "progress")?;
            let name = pk.strip_prefix(PROGRESS).and_then(|name| name.strip_prefix('#'));
            let name = name.unwrap_or_default().to_owned();
            let mut left = sockets(&item)?;
            let tails: Vec<Key> = (1..parts(&item)?).map(|at| part_key(&name, at)).collect();
            for tail in self.read_all("progress", &tails).await? {
                left.extend(sockets(&tail)?);
            }
            progress.insert(name, Progress { left });
        }
        Ok(progress)
    }
}

fn part_key(name: &str, at: usize) -> Key {
    let sk = if at == 0 { PROGRESS.to_owned() } else { format!("{PROGRESS}#{at}") };
    key::key(format!("{PROGRESS}#{name}"), sk)
}

fn part(name: &str, at: usize, left: &[SocketId], expires: Timestamp) -> Item {
    let mut item = part_key(name, at);
    let left = left.iter().map(|socket| text(socket.as_str())).collect();
    item.insert(LEFT.to_owned(), AttributeValue::L(left));
    item.insert(key::TTL.to_owned(), ttl(expires));
    item
}

fn corrupt() -> StoreError {
    StoreError::Corrupt { what: "progress" }
}

fn parts(item: &Item) -> Result<usize, StoreError> {
    let count = item.get(PARTS).and_then(|value| value.as_n().ok());
    count.and_then(|count| count.parse().ok()).ok_or_else(corrupt)
}

fn sockets(item: &Item) -> Result<Vec<SocketId>, StoreError> {
    let left = item.get(LEFT).and_then(|value| value.as_l().ok()).ok_or_else(corrupt)?;
    let socket = |value: &AttributeValue| SocketId::parse(value.as_s().ok()?).ok();
    left.iter().map(|value| socket(value).ok_or_else(corrupt)).collect()
}
