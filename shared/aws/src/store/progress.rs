//! What is left of notifications.
//!
//! A left-set larger than an item may be is cut into parts: the first row says
//! how many there are, and is written last.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{Progress, ProgressStore, Rest, StoreError};
use hubcast_model::time::Timestamp;

use super::item::{self, Item, millis, number, text, ttl};
use super::key::{self, Key, PROGRESS, TURN};
use super::{DynamoStore, if_met, unavailable};

/// Sockets in one row. An item holds 400 KB and a socket id takes some 20 bytes.
const SOCKETS_PER_ROW: usize = 5_000;
const LEFT: &str = "left";
const PARTS: &str = "parts";
const REACHED: &str = "reached";
const FRUITLESS: &str = "fruitless";
const JOBS: &str = "jobs";
const PAGES_AFTER: &str = "pagesAfter";

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
            head.insert(PARTS.to_owned(), count_of(count));
            head.extend(standing(progress));
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
            let tails: Vec<Key> = (1..count(&item, PARTS)?).map(|at| part_key(&name, at)).collect();
            for tail in self.read_all("progress", &tails).await? {
                left.extend(sockets(&tail)?);
            }
            progress.insert(name, to_progress(&item, left)?);
        }
        Ok(progress)
    }

    async fn take_turn(
        &self,
        name: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut item = turn_key(name);
        item.insert(key::TTL.to_owned(), ttl(until));
        item.insert(key::EXPIRES.to_owned(), millis(until));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let put = put
            .condition_expression("attribute_not_exists(#expires) OR #expires <= :now")
            .expression_attribute_names("#expires", key::EXPIRES)
            .expression_attribute_values(":now", millis(now));
        Ok(if_met("take_turn", put.send().await)?.is_some())
    }

    async fn end_turn(&self, name: &str) -> Result<(), StoreError> {
        let delete = self.client.delete_item().table_name(&self.table);
        let delete = delete.set_key(Some(turn_key(name)));
        delete.send().await.map(|_| ()).map_err(unavailable("end_turn"))
    }
}

/// Beside the progress of the same name.
fn turn_key(name: &str) -> Key {
    key::key(format!("{PROGRESS}#{name}"), TURN)
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

fn count_of(count: usize) -> AttributeValue {
    number(u64::try_from(count).unwrap_or(u64::MAX))
}

/// What a head says besides the sockets left.
fn standing(progress: &Progress) -> Item {
    let rest = match &progress.rest {
        Rest::Nothing => None,
        Rest::Jobs(key) => Some((JOBS, text(key))),
        Rest::PagesAfter(socket) => Some((PAGES_AFTER, text(socket.as_str()))),
    };
    let counts =
        [(REACHED, count_of(progress.reached)), (FRUITLESS, number(u64::from(progress.fruitless)))];
    counts.into_iter().chain(rest).map(|(name, value)| (name.to_owned(), value)).collect()
}

fn to_progress(item: &Item, left: Vec<SocketId>) -> Result<Progress, StoreError> {
    let text = |name| item.get(name).and_then(|value| value.as_s().ok());
    let rest = match (text(JOBS), text(PAGES_AFTER)) {
        (Some(key), _) => Rest::Jobs(key.clone()),
        (None, Some(socket)) => Rest::PagesAfter(SocketId::parse(socket).map_err(|_| corrupt())?),
        (None, None) => Rest::Nothing,
    };
    let (reached, fruitless) = (count(item, REACHED)?, count(item, FRUITLESS)?);
    Ok(Progress { left, rest, reached, fruitless })
}

fn corrupt() -> StoreError {
    StoreError::Corrupt { what: "progress" }
}

fn count<T: FromStr>(item: &Item, name: &str) -> Result<T, StoreError> {
    let count = item.get(name).and_then(|value| value.as_n().ok());
    count.and_then(|count| count.parse().ok()).ok_or_else(corrupt)
}

fn sockets(item: &Item) -> Result<Vec<SocketId>, StoreError> {
    let left = item.get(LEFT).and_then(|value| value.as_l().ok()).ok_or_else(corrupt)?;
    let socket = |value: &AttributeValue| SocketId::parse(value.as_s().ok()?).ok();
    left.iter().map(|value| socket(value).ok_or_else(corrupt)).collect()
}
