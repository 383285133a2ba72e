//! Sessions of client tokens: a row for each socket that is open, and one for the time after the
//! last of them.
//!
//! Rows instead of one set of sockets: a token that many sockets share would make a set grow, and
//! with it the price of every change, up to the largest item there can be.

use hubcast_model::id::{ConnectionId, SocketId};
use hubcast_model::ports::{SessionStore, StoreError};
use hubcast_model::session::SessionId;
use hubcast_model::time::Timestamp;

use super::item::{millis, text, ttl};
use super::key::{self, Key};
use super::{DynamoStore, if_met, unavailable};

/// The connection that used a token up.
const USED_BY: &str = "usedBy";
/// The socket that spent a token.
const SPENT_BY: &str = "spentBy";

impl SessionStore for DynamoStore {
    async fn join_session(
        &self,
        session: &SessionId,
        socket: &SocketId,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let mut item = key::session_socket(session, socket);
        item.insert(key::TTL.to_owned(), ttl(until));
        item.insert(key::EXPIRES.to_owned(), millis(until));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.map(|_| ()).map_err(unavailable("join_session"))
    }

    async fn leave_session(
        &self,
        session: &SessionId,
        socket: &SocketId,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        // In this order, so that a client which comes back at once meets one of the two rows.
        self.outlast(session, until).await?;
        let delete = self.client.delete_item().table_name(&self.table);
        let delete = delete.set_key(Some(key::session_socket(session, socket)));
        delete.send().await.map(|_| ()).map_err(unavailable("leave_session"))
    }

    async fn session_lasts(&self, session: &SessionId, now: Timestamp) -> Result<bool, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("#pk = :pk")
            .filter_expression("#expires > :now")
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_names("#expires", key::EXPIRES)
            .expression_attribute_values(":pk", text(key::session(session)))
            .expression_attribute_values(":now", millis(now))
            .consistent_read(true);
        let mut rows = query.into_paginator().items().send();
        let first = rows.next().await.transpose();
        first.map(|row| row.is_some()).map_err(unavailable("session_lasts"))
    }

    async fn use_up(
        &self,
        session: &SessionId,
        connection: &ConnectionId,
        expires: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut item = key::session_use(session);
        item.insert(USED_BY.to_owned(), text(connection.as_str()));
        item.insert(key::TTL.to_owned(), ttl(expires));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let put = put
            .condition_expression(
                "attribute_not_exists(#used) OR (#used = :connection AND attribute_not_exists(#spent))",
            )
            .expression_attribute_names("#used", USED_BY)
            .expression_attribute_names("#spent", SPENT_BY)
            .expression_attribute_values(":connection", text(connection.as_str()));
        Ok(if_met("use_up", put.send().await)?.is_some())
    }

    async fn spend(&self, session: &SessionId, socket: &SocketId) -> Result<bool, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key::session_use(session)))
            .update_expression("SET #spent = :socket")
            .condition_expression(
                "attribute_exists(#used) AND (attribute_not_exists(#spent) OR #spent = :socket)",
            )
            .expression_attribute_names("#used", USED_BY)
            .expression_attribute_names("#spent", SPENT_BY)
            .expression_attribute_values(":socket", text(socket.as_str()));
        Ok(if_met("spend", update.send().await)?.is_some())
    }

    async fn is_used_up(&self, session: &SessionId) -> Result<bool, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.set_key(Some(key::session_use(session)));
        let output = get.send().await.map_err(unavailable("is_used_up"))?;
        Ok(output.item.is_some())
    }
}

impl DynamoStore {
    /// Moves the end of a session later, never earlier.
    async fn outlast(&self, session: &SessionId, until: Timestamp) -> Result<(), StoreError> {
        let key: Key = key::session_end(session);
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .update_expression("SET #expires = :until, #ttl = :ttl")
            .condition_expression("attribute_not_exists(#expires) OR #expires < :until")
            .expression_attribute_names("#expires", key::EXPIRES)
            .expression_attribute_names("#ttl", key::TTL)
            .expression_attribute_values(":until", millis(until))
            .expression_attribute_values(":ttl", ttl(until));
        if_met("leave_session", update.send().await).map(|_| ())
    }
}
