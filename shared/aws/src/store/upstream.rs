//! What backends hear of clients.
//!
//! A client has a row of its own beside its socket's record: it is written once, whatever it takes,
//! while the record changes often.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use hubcast_model::client::{Client, ClientRecord};
use hubcast_model::id::{HubName, SocketId};
use hubcast_model::ports::{ClientStore, PendingStore, StoreError};
use hubcast_model::time::Timestamp;
use hubcast_model::trace::Traceparent;
use hubcast_model::values::Values;

use super::item::{self, Item, millis, text, ttl};
use super::{DynamoStore, if_met, key, unavailable};

const CLAIMS: &str = "claims";
const QUERY: &str = "query";
const ANNOUNCED: &str = "announced";
const SETTLED_BY: &str = "settledBy";
const WHY: &str = "why";
/// An invocation's id where its key holds only the beginning.
const INVOCATION: &str = "invocation";
/// Within which trace it ends.
const TRACE: &str = "trace";

impl ClientStore for DynamoStore {
    async fn put_client(
        &self,
        socket: &SocketId,
        client: &Client,
        expires: Timestamp,
    ) -> Result<(), StoreError> {
        let mut item = key::client(socket);
        let user = client.user.as_ref().map(|user| text(user.as_str()));
        let attributes = [
            (key::HUB, Some(text(client.hub.as_str()))),
            (key::CONNECTION, Some(text(client.connection.as_str()))),
            (key::USER, user),
            (CLAIMS, Some(values("put_client", &client.claims)?)),
            (QUERY, Some(values("put_client", &client.query)?)),
            (key::TTL, Some(ttl(expires))),
        ];
        let present = attributes.into_iter().filter_map(|(name, value)| Some((name, value?)));
        item.extend(present.map(|(name, value)| (name.to_owned(), value)));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.map(|_| ()).map_err(unavailable("put_client"))
    }

    async fn client(&self, socket: &SocketId) -> Result<Option<ClientRecord>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.set_key(Some(key::client(socket)));
        let output = get.send().await.map_err(unavailable("client"))?;
        output.item.as_ref().map(to_client).transpose()
    }

    async fn renew_claims(&self, socket: &SocketId, claims: &Values) -> Result<bool, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key::client(socket)))
            .update_expression("SET #claims = :claims")
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_names("#claims", CLAIMS)
            .expression_attribute_values(":claims", values("renew_claims", claims)?);
        Ok(if_met("renew_claims", update.send().await)?.is_some())
    }

    async fn mark_announced(&self, socket: &SocketId) -> Result<bool, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key::client(socket)))
            .update_expression("SET #announced = :true")
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_names("#announced", ANNOUNCED)
            .expression_attribute_values(":true", AttributeValue::Bool(true));
        Ok(if_met("mark_announced", update.send().await)?.is_some())
    }

    async fn note_end(
        &self,
        socket: &SocketId,
        why: &str,
        trace: Option<&Traceparent>,
    ) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key::client(socket)))
            .update_expression("SET #why = if_not_exists(#why, :why)")
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_names("#why", WHY)
            .expression_attribute_values(":why", text(why));
        let update = match trace {
            Some(trace) => update
                .update_expression(
                    "SET #why = if_not_exists(#why, :why), #trace = if_not_exists(#trace, :trace)",
                )
                .expression_attribute_names("#trace", TRACE)
                .expression_attribute_values(":trace", text(trace.as_str())),
            None => update,
        };
        if_met("note_end", update.send().await).map(|_| ())
    }

    async fn take_client(&self, socket: &SocketId) -> Result<Option<ClientRecord>, StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key::client(socket)))
            .return_values(ReturnValue::AllOld);
        let output = delete.send().await.map_err(unavailable("take_client"))?;
        output.attributes.as_ref().map(to_client).transpose()
    }
}

impl PendingStore for DynamoStore {
    async fn put_pending(
        &self,
        socket: &SocketId,
        invocation_id: &str,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut item = key::pending(socket, invocation_id);
        item.insert(key::TTL.to_owned(), ttl(expires));
        item.insert(key::EXPIRES.to_owned(), millis(expires));
        if item.get(key::SK) != Some(&text(invocation_id)) {
            item.insert(INVOCATION.to_owned(), text(invocation_id));
        }
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let put = put
            .condition_expression(
                "attribute_not_exists(#pk) OR attribute_exists(#settled) OR #expires <= :now",
            )
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_names("#settled", SETTLED_BY)
            .expression_attribute_names("#expires", key::EXPIRES)
            .expression_attribute_values(":now", millis(now));
        Ok(if_met("put_pending", put.send().await)?.is_some())
    }

    async fn complete_pending(
        &self,
        socket: &SocketId,
        invocation_id: &str,
        by: &str,
    ) -> Result<bool, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key::pending(socket, invocation_id)))
            .update_expression("SET #settled = :by")
            .condition_expression(
                "attribute_exists(#pk) AND (attribute_not_exists(#settled) OR #settled = :by)",
            )
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_names("#settled", SETTLED_BY)
            .expression_attribute_values(":by", text(by));
        Ok(if_met("complete_pending", update.send().await)?.is_some())
    }

    async fn waiting(&self, socket: &SocketId, now: Timestamp) -> Result<Vec<String>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("#pk = :pk")
            .filter_expression("attribute_not_exists(#settled) AND #expires > :now")
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_names("#settled", SETTLED_BY)
            .expression_attribute_names("#expires", key::EXPIRES)
            .expression_attribute_values(":pk", text(key::pending_of(socket)))
            .expression_attribute_values(":now", millis(now))
            .consistent_read(true);
        let mut rows = query.into_paginator().items().send();
        let mut ids = Vec::new();
        while let Some(row) = rows.try_next().await.map_err(unavailable("waiting"))? {
            let id = row.get(INVOCATION).or_else(|| row.get(key::SK));
            ids.extend(id.and_then(|id| id.as_s().ok()).cloned());
        }
        Ok(ids)
    }

    async fn is_noted(&self, socket: &SocketId, invocation_id: &str) -> Result<bool, StoreError> {
        Ok(self.pending("is_noted", socket, invocation_id).await?.is_some())
    }

    async fn is_settled(&self, socket: &SocketId, invocation_id: &str) -> Result<bool, StoreError> {
        let pending = self.pending("is_settled", socket, invocation_id).await?;
        Ok(pending.is_some_and(|item| item.contains_key(SETTLED_BY)))
    }
}

impl DynamoStore {
    /// What is known of an invocation that waits, or waited.
    async fn pending(
        &self,
        operation: &'static str,
        socket: &SocketId,
        invocation_id: &str,
    ) -> Result<Option<Item>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get
            .set_key(Some(key::pending(socket, invocation_id)))
            .projection_expression("#pk, #settled")
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_names("#settled", SETTLED_BY);
        Ok(get.send().await.map_err(unavailable(operation))?.item)
    }
}

/// As one text: names and values may be empty, which maps and sets of DynamoDB may not.
fn values(operation: &'static str, values: &Values) -> Result<AttributeValue, StoreError> {
    serde_json::to_string(values).map(text).map_err(unavailable(operation))
}

fn to_client(item: &Item) -> Result<ClientRecord, StoreError> {
    let what = "a client";
    let corrupt = || StoreError::Corrupt { what };
    let values = |name| {
        let text = item::required(item, name, what)?;
        serde_json::from_str(text).map_err(|_| corrupt())
    };
    let client = Client {
        hub: HubName::parse(item::required(item, key::HUB, what)?).map_err(|_| corrupt())?,
        connection: item::connection(item, what)?,
        user: item::user(item, what)?,
        claims: values(CLAIMS)?,
        query: values(QUERY)?,
    };
    let why = item.get(WHY).and_then(|why| why.as_s().ok()).cloned();
    let trace = item.get(TRACE).and_then(|trace| trace.as_s().ok());
    let trace = trace.and_then(|trace| Traceparent::parse(trace));
    Ok(ClientRecord { client, is_announced: item.contains_key(ANNOUNCED), why, trace })
}
