//! Retained values, inboxes, and which of them are in use on a hub.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use hubcast_model::id::HubName;
use hubcast_model::ports::{BoardStore, Consistency, InboxStore, StoreError, UsageStore};
use hubcast_model::retention::{
    Board, Inbox, InboxMessage, QueuePosition, RetainedKey, RetainedValue, Use, Uses,
};
use hubcast_model::time::Timestamp;

use super::item::{self, Item, millis, text, ttl};
use super::key::{self, Key};
use super::{DynamoStore, if_met, unavailable};

const LATER: &str = "LATER";
const RECORD: &str = "record";
const POSITION: &str = "position";
const GROUP: &str = "group";
/// Rows of older versions have none.
const PROGRESS_KEY: &str = "progressKey";

impl UsageStore for DynamoStore {
    async fn note_use(&self, hub: &HubName, what: Use) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(uses_key(hub)))
            .update_expression("SET #use = :true")
            .expression_attribute_names("#use", name_of(what))
            .expression_attribute_values(":true", AttributeValue::Bool(true));
        update.send().await.map(|_| ()).map_err(unavailable("note_use"))
    }

    async fn uses(&self, hub: &HubName, consistency: Consistency) -> Result<Uses, StoreError> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(uses_key(hub)));
        let get = get.consistent_read(consistency == Consistency::Strong);
        let item = get.send().await.map_err(unavailable("uses"))?.item.unwrap_or_default();
        Ok(Use::ALL.into_iter().filter(|what| item.contains_key(name_of(*what))).collect())
    }
}

impl BoardStore for DynamoStore {
    async fn put_retained(&self, board: &Board, value: &RetainedValue) -> Result<(), StoreError> {
        let mut item = key::key(board_key(board), value.key.as_str());
        item.insert(POSITION.to_owned(), text(value.position.position()));
        item.insert(GROUP.to_owned(), text(value.position.group()));
        if let Some(record) = &value.record {
            item.insert(RECORD.to_owned(), text(record));
        }
        item.extend(end(value.expires));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let put = put
            .condition_expression(
                "attribute_not_exists(#position) OR #group <> :group OR #position <= :position",
            )
            .expression_attribute_names("#position", POSITION)
            .expression_attribute_names("#group", GROUP)
            .expression_attribute_values(":position", text(value.position.position()))
            .expression_attribute_values(":group", text(value.position.group()));
        if_met("put_retained", put.send().await).map(|_| ())
    }

    async fn retained(
        &self,
        board: &Board,
        now: Timestamp,
    ) -> Result<Vec<RetainedValue>, StoreError> {
        let rows = self.rows_at("retained", board_key(board), now).await?;
        rows.iter().map(to_retained).collect()
    }
}

impl InboxStore for DynamoStore {
    async fn put_inbox_message(
        &self,
        inbox: &Inbox,
        message: &InboxMessage,
    ) -> Result<(), StoreError> {
        let mut item = message_key(inbox, &message.position);
        item.insert(PROGRESS_KEY.to_owned(), text(&message.progress_key));
        item.insert(RECORD.to_owned(), text(&message.record));
        item.extend(end(message.expires));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.map(|_| ()).map_err(unavailable("put_inbox_message"))
    }

    async fn inbox_messages(
        &self,
        inbox: &Inbox,
        now: Timestamp,
    ) -> Result<Vec<InboxMessage>, StoreError> {
        let rows = self.rows_at("inbox_messages", inbox_key(inbox), now).await?;
        rows.iter().map(to_inbox_message).collect()
    }

    async fn remove_inbox_messages(
        &self,
        inbox: &Inbox,
        positions: &[QueuePosition],
    ) -> Result<(), StoreError> {
        let keys = positions.iter().map(|position| message_key(inbox, position));
        self.delete_all("remove_inbox_messages", keys.collect()).await
    }

    async fn take_back(&self, inbox: &Inbox, position: &QueuePosition) -> Result<bool, StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(message_key(inbox, position)))
            .return_values(ReturnValue::AllOld);
        let output = delete.send().await.map_err(unavailable("take_back"))?;
        Ok(output.attributes.is_some())
    }
}

impl DynamoStore {
    /// The rows of a partition that hold a record which counts, in the order of their sort keys.
    async fn rows_at(
        &self,
        operation: &'static str,
        partition: String,
        now: Timestamp,
    ) -> Result<Vec<Item>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("#pk = :pk")
            .filter_expression("attribute_exists(#record) AND #expires > :now")
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_names("#record", RECORD)
            .expression_attribute_names("#expires", key::EXPIRES)
            .expression_attribute_values(":pk", text(partition))
            .expression_attribute_values(":now", millis(now))
            .consistent_read(true);
        let mut rows = query.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(row) = rows.next().await {
            found.push(row.map_err(unavailable(operation))?);
        }
        Ok(found)
    }
}

fn uses_key(hub: &HubName) -> Key {
    key::key(format!("{LATER}#{hub}"), LATER)
}

const fn name_of(what: Use) -> &'static str {
    match what {
        Use::HubBoard => "hubBoard",
        Use::UserBoards => "userBoards",
        Use::GroupBoards => "groupBoards",
        Use::Inboxes => "inboxes",
    }
}

pub(super) fn board_key(board: &Board) -> String {
    match board {
        Board::Hub(hub) => format!("RETAIN#HUB#{hub}"),
        Board::User { hub, user } => format!("RETAIN#USER#{hub}#{user}"),
        Board::Group { hub, group } => format!("RETAIN#GROUP#{hub}#{group}"),
    }
}

pub(super) fn inbox_key(inbox: &Inbox) -> String {
    format!("INBOX#{}#{}", inbox.hub, inbox.user)
}

fn message_key(inbox: &Inbox, position: &QueuePosition) -> Key {
    key::key(inbox_key(inbox), position.to_string())
}

fn end(expires: Timestamp) -> HashMap<String, AttributeValue> {
    [(key::TTL, ttl(expires)), (key::EXPIRES, millis(expires))]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
}

fn to_retained(item: &Item) -> Result<RetainedValue, StoreError> {
    let what = "a retained value";
    let corrupt = || StoreError::Corrupt { what };
    let position =
        format!("{}#{}", item::required(item, POSITION, what)?, item::required(item, GROUP, what)?);
    Ok(RetainedValue {
        key: RetainedKey::parse(item::required(item, key::SK, what)?).map_err(|_| corrupt())?,
        position: QueuePosition::parse(&position).ok_or_else(corrupt)?,
        record: Some(item::required(item, RECORD, what)?.to_owned()),
        expires: item::at(item, key::EXPIRES).ok_or_else(corrupt)?,
    })
}

fn to_inbox_message(item: &Item) -> Result<InboxMessage, StoreError> {
    let what = "a message that waits";
    let corrupt = || StoreError::Corrupt { what };
    Ok(InboxMessage {
        position: QueuePosition::parse(item::required(item, key::SK, what)?).ok_or_else(corrupt)?,
        progress_key: item::required(item, PROGRESS_KEY, what).unwrap_or_default().to_owned(),
        record: item::required(item, RECORD, what)?.to_owned(),
        expires: item::at(item, key::EXPIRES).ok_or_else(corrupt)?,
    })
}
