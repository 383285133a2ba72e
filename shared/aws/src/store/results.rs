//! Answers of clients that backends wait for: a row for each invocation, written when somebody
//! begins to wait, filled once, and deleted by whoever waited.

use hubcast_model::id::KeyedName;
use hubcast_model::ports::{ClientResult, InvocationKey, ResultStore, StoreError};
use hubcast_model::time::Timestamp;

use super::item::{self, Item, millis, text, ttl};
use super::key::{self, Key};
use super::{DynamoStore, if_met, unavailable};

/// Stands for an empty id; the ids of hubcast hold no `#`.
const NO_ID: &str = "#";
/// How the client answered.
const OUTCOME: &str = "outcome";
/// With what the client answered.
const VALUE: &str = "value";

impl ResultStore for DynamoStore {
    async fn expect_result(
        &self,
        key: &InvocationKey,
        expires: Timestamp,
    ) -> Result<(), StoreError> {
        let mut item = row(key);
        item.insert(key::TTL.to_owned(), ttl(expires));
        item.insert(key::EXPIRES.to_owned(), millis(expires));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.map(|_| ()).map_err(unavailable("expect_result"))
    }

    async fn awaits_result(&self, key: &InvocationKey) -> Result<bool, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get
            .set_key(Some(row(key)))
            .projection_expression("#pk, #outcome")
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_names("#outcome", OUTCOME);
        let output = get.send().await.map_err(unavailable("awaits_result"))?;
        Ok(output.item.is_some_and(|item| !item.contains_key(OUTCOME)))
    }

    async fn put_result(
        &self,
        key: &InvocationKey,
        result: &ClientResult,
    ) -> Result<bool, StoreError> {
        let (outcome, value) = match result {
            ClientResult::Void => ("void", ""),
            ClientResult::Value(json) => ("result", json.as_str()),
            ClientResult::Error(error) => ("error", error.as_str()),
        };
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(row(key)))
            .update_expression("SET #outcome = :outcome, #value = :value")
            .condition_expression("attribute_exists(#pk) AND attribute_not_exists(#outcome)")
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_names("#outcome", OUTCOME)
            .expression_attribute_names("#value", VALUE)
            .expression_attribute_values(":outcome", text(outcome))
            .expression_attribute_values(":value", text(value));
        Ok(if_met("put_result", update.send().await)?.is_some())
    }

    async fn result(&self, key: &InvocationKey) -> Result<Option<ClientResult>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let output = get.set_key(Some(row(key))).send().await.map_err(unavailable("result"))?;
        let answered = output.item.filter(|item| item.contains_key(OUTCOME));
        answered.as_ref().map(to_result).transpose()
    }

    async fn forget_result(&self, key: &InvocationKey) -> Result<(), StoreError> {
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(row(key)));
        delete.send().await.map(|_| ()).map_err(unavailable("forget_result"))
    }
}

/// A hub's and a connection's names hold no `#`, so no two pairs have one key.
fn row(key: &InvocationKey) -> Key {
    // A key of the table is no longer than 1,024 bytes, and not empty.
    let invocation = match key.invocation.as_str() {
        "" => NO_ID.to_owned(),
        id => KeyedName::of(id).as_str().to_owned(),
    };
    key::key(format!("RESULT#{}#{}", key.hub, key.connection), invocation)
}

fn to_result(item: &Item) -> Result<ClientResult, StoreError> {
    let what = "an answer of a client";
    let value = item::required(item, VALUE, what)?.to_owned();
    match item::required(item, OUTCOME, what)? {
        "void" => Ok(ClientResult::Void),
        "result" => Ok(ClientResult::Value(value)),
        "error" => Ok(ClientResult::Error(value)),
        _ => Err(StoreError::Corrupt { what }),
    }
}
