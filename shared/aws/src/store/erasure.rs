//! All that the table holds of one user, by the keys of rows.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use hubcast_model::id::{HubName, KeyedName, UserId};
use hubcast_model::ports::{ErasureStore, Personal, StoreError};
use hubcast_model::retention::{Board, Inbox};

use super::item::{Item, text};
use super::key::{self, Key};
use super::retention::{board_key, inbox_key};
use super::{DynamoStore, unavailable};

/// What the keys of rows begin with that name a hub and a user behind.
const NAMING: [&str; 5] = ["USER#", "MEMBER#", "INBOX#", "RETAIN#USER#", "BLOCK#"];

impl ErasureStore for DynamoStore {
    async fn hubs_of(&self, user: &UserId) -> Result<BTreeSet<HubName>, StoreError> {
        let scan = self
            .client
            .scan()
            .table_name(&self.table)
            .projection_expression("#pk")
            .expression_attribute_names("#pk", key::PK)
            .consistent_read(true);
        let mut rows = scan.into_paginator().items().send();
        let (user, mut hubs) = (user.keyed(), BTreeSet::new());
        while let Some(row) = rows.next().await {
            let row = row.map_err(unavailable("hubs_of"))?;
            let pk = row.get(key::PK).and_then(|pk| pk.as_s().ok());
            hubs.extend(pk.and_then(|pk| hub_in(pk, &user)));
        }
        Ok(hubs)
    }

    async fn count_personal(&self, what: Personal<'_>) -> Result<usize, StoreError> {
        Ok(self.personal_keys("count_personal", what).await?.len())
    }

    async fn erase_personal(&self, what: Personal<'_>) -> Result<usize, StoreError> {
        let keys = self.personal_keys("erase_personal", what).await?;
        let count = keys.len();
        self.delete_all("erase_personal", keys).await?;
        Ok(count)
    }
}

impl DynamoStore {
    async fn personal_keys(
        &self,
        operation: &'static str,
        what: Personal<'_>,
    ) -> Result<Vec<Key>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("#pk = :pk")
            .projection_expression("#pk, #sk")
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_names("#sk", key::SK)
            .expression_attribute_values(":pk", text(partition(what)))
            .consistent_read(true);
        let rows = query.into_paginator().items().send().try_collect().await;
        let mut rows: Vec<Item> = rows.map_err(unavailable(operation))?;
        // Both stand beside the record of the socket.
        let own = match what {
            Personal::Client(socket) => Some(key::client(socket)),
            Personal::Line(line) => Some(key::line(line)),
            _ => None,
        };
        rows.retain(|row| own.as_ref().is_none_or(|own| row == own));
        Ok(rows)
    }
}

fn partition(what: Personal<'_>) -> String {
    match what {
        Personal::Memberships(hub, user) => key::member(hub, user),
        Personal::Inbox(hub, user) => inbox_key(&Inbox { hub: hub.clone(), user: user.keyed() }),
        Personal::Board(hub, user) => {
            board_key(&Board::User { hub: hub.clone(), user: user.keyed() })
        }
        Personal::Block(hub, user) => pk_of(key::block(hub, user)),
        Personal::Client(socket) => pk_of(key::client(socket)),
        Personal::Calls(socket) => pk_of(key::pending(socket, "")),
        Personal::Line(line) => pk_of(key::line(line)),
    }
}

fn pk_of(mut key: Key) -> String {
    match key.remove(key::PK) {
        Some(AttributeValue::S(pk)) => pk,
        _ => String::new(),
    }
}

/// The hub in a key that names this user.
fn hub_in(pk: &str, user: &KeyedName) -> Option<HubName> {
    let rest = NAMING.iter().find_map(|start| pk.strip_prefix(start))?;
    // No hub's name holds the separator; a user's may.
    let (hub, named) = rest.split_once('#')?;
    if named == user.as_str() { HubName::parse(hub).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hub_is_found_in_the_keys_of_its_user_and_of_nobody_else() {
        let user = UserId::parse("a#b").unwrap().keyed();
        for (pk, hub) in [
            ("USER#n#a#b", Some("n")),
            ("RETAIN#USER#n#a#b", Some("n")),
            ("BLOCK#*#a#b", None),
            ("USER#n#a", None),
            ("USER#n#b", None),
            ("GROUP#n#a#b", None),
            ("USER#n", None),
        ] {
            assert_eq!(hub_in(pk, &user).as_ref().map(HubName::as_str), hub, "{pk}");
        }
    }
}
