//! Sockets and claims.

use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnValue, TransactWriteItem, Update};
use hubcast_model::channel::ChannelKey;
use hubcast_model::id::{ConnectionId, HubName, SocketId};
use hubcast_model::ports::{ClaimStore, Consistency, SocketStore, StoreError};
use hubcast_model::socket::{Socket, SocketState};
use hubcast_model::time::Timestamp;
use hubcast_model::work::Charge;

use super::item::{self, text, to_socket};
use super::notes::{adding, noted};
use super::{DynamoStore, if_met, key, unavailable};

const HOLDER: &str = "socket";
const FINISHED: &str = "finished";
/// When the Close of a closed socket reaches its client.
const TOLD: &str = "toldAt";
/// What a handshake changes first.
const SHAKING: &str = "SET #state = :joining, #handshake = :now";

impl ClaimStore for DynamoStore {
    async fn take_claim(
        &self,
        hub: &HubName,
        connection: &ConnectionId,
        socket: &SocketId,
        expires: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut item = key::claim(hub, connection);
        item.insert(HOLDER.to_owned(), text(socket.as_str()));
        item.insert(key::TTL.to_owned(), item::ttl(expires));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let put = put
            .condition_expression("attribute_not_exists(#finished) OR #holder = :socket")
            .expression_attribute_names("#finished", FINISHED)
            .expression_attribute_names("#holder", HOLDER)
            .expression_attribute_values(":socket", text(socket.as_str()));
        Ok(if_met("take_claim", put.send().await)?.is_some())
    }

    async fn release_claim(
        &self,
        hub: &HubName,
        connection: &ConnectionId,
        socket: &SocketId,
    ) -> Result<(), StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key::claim(hub, connection)))
            .condition_expression("#holder = :socket")
            .expression_attribute_names("#holder", HOLDER)
            .expression_attribute_values(":socket", text(socket.as_str()));
        if_met("release_claim", delete.send().await).map(|_| ())
    }
}

impl SocketStore for DynamoStore {
    async fn create_socket(&self, socket: &Socket) -> Result<(), StoreError> {
        let item = Some(item::from_socket(socket));
        let put = self.client.put_item().table_name(&self.table).set_item(item);
        put.send().await.map(|_| ()).map_err(unavailable("create_socket"))
    }

    async fn socket(
        &self,
        id: &SocketId,
        consistency: Consistency,
    ) -> Result<Option<Socket>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key::socket(id)));
        let get = get.consistent_read(consistency == Consistency::Strong);
        let output = get.send().await.map_err(unavailable("socket"))?;
        output.item.as_ref().map_or(Ok(None), to_socket)
    }

    async fn begin_handshake(
        &self,
        id: &SocketId,
        channels: &[ChannelKey],
        now: Timestamp,
    ) -> Result<Option<Socket>, StoreError> {
        let update = self
            .note_on(id)
            .condition_expression("#state = :connecting")
            .expression_attribute_names("#handshake", key::HANDSHAKE)
            .expression_attribute_values(":now", item::millis(now))
            .expression_attribute_values(":connecting", item::state(SocketState::Connecting));
        let update = adding(update, SHAKING, channels);
        noted(if_met("begin_handshake", update.send().await)?)
    }

    async fn finish_handshake(&self, socket: &Socket) -> Result<bool, StoreError> {
        if !socket.is_claimed() {
            let update = self
                .client
                .update_item()
                .table_name(&self.table)
                .set_key(Some(key::socket(&socket.id)))
                .update_expression("SET #state = :ready")
                .condition_expression("#state = :joining")
                .expression_attribute_names("#state", key::STATE)
                .expression_attribute_values(":ready", item::state(SocketState::Ready))
                .expression_attribute_values(":joining", item::state(SocketState::Joining));
            return Ok(if_met("finish_handshake", update.send().await)?.is_some());
        }
        let ready = self.ready(socket)?;
        let claimed = self.claimed(socket)?;
        let transaction = self
            .client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().update(ready).build())
            .transact_items(TransactWriteItem::builder().put(claimed).build());
        Ok(if_met("finish_handshake", transaction.send().await)?.is_some())
    }

    async fn note_channels(
        &self,
        id: &SocketId,
        channels: &[ChannelKey],
        charge: Option<Charge>,
    ) -> Result<Option<Socket>, StoreError> {
        self.note(id, channels, charge).await
    }

    async fn forget_channels(
        &self,
        id: &SocketId,
        channels: &[ChannelKey],
    ) -> Result<(), StoreError> {
        if channels.is_empty() {
            return Ok(());
        }
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key::socket(id)))
            .update_expression("DELETE #channels :channels")
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_names("#channels", key::CHANNELS)
            .expression_attribute_values(":channels", item::channels(channels));
        if_met("forget_channels", update.send().await).map(|_| ())
    }

    async fn mark_closed(
        &self,
        id: &SocketId,
        told_at: Timestamp,
        expires: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        // A socket on record keeps its own ttl; a mark alone needs one.
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key::socket(id)))
            .update_expression(
                "SET #state = :closed, #told = if_not_exists(#told, :told), \
                 #ttl = if_not_exists(#ttl, :ttl)",
            )
            .expression_attribute_names("#state", key::STATE)
            .expression_attribute_names("#told", TOLD)
            .expression_attribute_names("#ttl", key::TTL)
            .expression_attribute_values(":closed", item::state(SocketState::Closed))
            .expression_attribute_values(":told", item::millis(told_at))
            .expression_attribute_values(":ttl", item::ttl(expires))
            .return_values(ReturnValue::UpdatedOld);
        let output = update.send().await.map_err(unavailable("mark_closed"))?;
        Ok(output.attributes.as_ref().and_then(|old| item::at(old, TOLD)))
    }

    async fn delete_socket(&self, id: &SocketId) -> Result<Option<Socket>, StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key::socket(id)))
            .return_values(ReturnValue::AllOld);
        let output = delete.send().await.map_err(unavailable("delete_socket"))?;
        output.attributes.as_ref().map_or(Ok(None), to_socket)
    }
}

impl DynamoStore {
    fn ready(&self, socket: &Socket) -> Result<Update, StoreError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key::socket(&socket.id)))
            .update_expression("SET #state = :ready")
            .condition_expression("#state = :joining")
            .expression_attribute_names("#state", key::STATE)
            .expression_attribute_values(":ready", item::state(SocketState::Ready))
            .expression_attribute_values(":joining", item::state(SocketState::Joining));
        update.build().map_err(unavailable("finish_handshake"))
    }

    fn claimed(&self, socket: &Socket) -> Result<Put, StoreError> {
        let mut item = key::claim(&socket.hub, &socket.connection);
        item.insert(HOLDER.to_owned(), text(socket.id.as_str()));
        item.insert(FINISHED.to_owned(), AttributeValue::Bool(true));
        item.insert(key::TTL.to_owned(), item::ttl(socket.expires()));
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("#holder = :socket")
            .expression_attribute_names("#holder", HOLDER)
            .expression_attribute_values(":socket", text(socket.id.as_str()));
        put.build().map_err(unavailable("finish_handshake"))
    }
}
