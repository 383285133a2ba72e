//! Channel rows and shard counts.

use hubcast_model::channel::{ChannelKey, ChannelRow, ShardCounts};
use hubcast_model::id::SocketId;
use hubcast_model::ports::{ChannelStore, Consistency, Page, PageQuery, ShardStore, StoreError};
use hubcast_model::time::Timestamp;

use super::item::{self, Item, from_row, number, text, to_member};
use super::{DynamoStore, if_met, key, unavailable};

const GROUP: &str = "group";
const HUB: &str = "hub";

impl ChannelStore for DynamoStore {
    async fn put_rows(&self, rows: &[ChannelRow]) -> Result<(), StoreError> {
        self.put_all("put_rows", rows.iter().map(from_row).collect()).await
    }

    async fn delete_rows(&self, socket: &SocketId, keys: &[ChannelKey]) -> Result<(), StoreError> {
        let keys = keys.iter().map(|row| key::key(row.as_str(), socket.as_str()));
        self.delete_all("delete_rows", keys.collect()).await
    }

    async fn row_end(
        &self,
        socket: &SocketId,
        key: &ChannelKey,
    ) -> Result<Option<Timestamp>, StoreError> {
        let row = key::key(key.as_str(), socket.as_str());
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let output = get.set_key(Some(row)).send().await.map_err(unavailable("row_end"))?;
        Ok(output.item.as_ref().and_then(|item| item::at(item, key::EXPIRES)))
    }

    async fn members(&self, wanted: PageQuery<'_>) -> Result<Page, StoreError> {
        let PageQuery { key: channel, consistency, now, after, limit } = wanted;
        let start = after.map(|socket| key::key(channel.as_str(), socket.as_str()));
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("#pk = :pk")
            .filter_expression("#expires > :now")
            .projection_expression("#sk, #connection, #user, #handshake")
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_names("#sk", key::SK)
            .expression_attribute_names("#connection", key::CONNECTION)
            .expression_attribute_names("#user", key::USER)
            .expression_attribute_names("#handshake", key::HANDSHAKE)
            .expression_attribute_names("#expires", key::EXPIRES)
            .expression_attribute_values(":pk", text(channel.as_str()))
            .expression_attribute_values(":now", item::millis(now))
            .consistent_read(consistency == Consistency::Strong)
            .set_limit(limit.and_then(|limit| i32::try_from(limit.max(1)).ok()))
            .set_exclusive_start_key(start);
        let output = query.send().await.map_err(unavailable("members"))?;
        let members: Result<_, _> = output.items().iter().map(to_member).collect();
        let next = output.last_evaluated_key.as_ref().map(next_socket).transpose()?;
        Ok(Page { members: members?, next })
    }
}

impl ShardStore for DynamoStore {
    async fn shard_counts(&self) -> Result<Option<ShardCounts>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key::shards()));
        let output = get.consistent_read(true).send().await.map_err(unavailable("shard_counts"))?;
        output.item.as_ref().map(to_counts).transpose()
    }

    async fn raise_shard_counts(&self, counts: ShardCounts) -> Result<(), StoreError> {
        self.raise(GROUP, counts.group).await?;
        self.raise(HUB, counts.hub).await
    }
}

impl DynamoStore {
    async fn raise(&self, name: &str, count: u16) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key::shards()))
            .update_expression("SET #count = :count")
            .condition_expression("attribute_not_exists(#count) OR #count < :count")
            .expression_attribute_names("#count", name)
            .expression_attribute_values(":count", number(u64::from(count)));
        if_met("raise_shard_counts", update.send().await).map(|_| ())
    }
}

fn next_socket(key: &Item) -> Result<SocketId, StoreError> {
    let what = "a page's end";
    SocketId::parse(item::required(key, key::SK, what)?).map_err(|_| StoreError::Corrupt { what })
}

/// One of the counts may be missing for a moment, while they are first recorded.
fn to_counts(item: &Item) -> Result<ShardCounts, StoreError> {
    let count = |name| {
        let value = item.get(name).map_or(Ok("1"), |value| value.as_n().map(String::as_str));
        let value = value.ok().and_then(|value| value.parse().ok());
        value.ok_or(StoreError::Corrupt { what: "the shard counts" })
    };
    Ok(ShardCounts { group: count(GROUP)?, hub: count(HUB)? })
}
