//! Lasting memberships, blocks and grants.

use aws_sdk_dynamodb::types::AttributeValue;
use hubcast_model::access::{Block, Membership, Standing};
use hubcast_model::id::{GroupName, HubName, KeyedName, UserId};
use hubcast_model::ports::{BlockStore, GrantStore, MembershipStore, StoreError};
use hubcast_model::time::Timestamp;

use super::item::{self, Item, millis, text, ttl};
use super::{DynamoStore, if_met, key, unavailable};

const STANDING: &str = "standing";
const UNTIL: &str = "until";
const NOT_BEFORE: &str = "notBefore";
const GROUPS: &str = "groups";

impl MembershipStore for DynamoStore {
    async fn put_membership(
        &self,
        hub: &HubName,
        user: &UserId,
        membership: &Membership,
    ) -> Result<(), StoreError> {
        let mut item = key::key(key::member(hub, user), membership.group.as_str());
        let standing = match membership.standing {
            Standing::Member => "member",
            Standing::Denied => "denied",
        };
        item.insert(STANDING.to_owned(), text(standing));
        if let Some(expires) = membership.expires {
            item.insert(key::TTL.to_owned(), ttl(expires));
            item.insert(key::EXPIRES.to_owned(), millis(expires));
        }
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.map(|_| ()).map_err(unavailable("put_membership"))
    }

    async fn memberships(
        &self,
        hub: &HubName,
        user: &UserId,
        now: Timestamp,
    ) -> Result<Vec<Membership>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("#pk = :pk")
            .filter_expression("attribute_not_exists(#expires) OR #expires > :now")
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_names("#expires", key::EXPIRES)
            .expression_attribute_values(":pk", text(key::member(hub, user)))
            .expression_attribute_values(":now", millis(now))
            .consistent_read(true);
        let mut pages = query.into_paginator().items().send();
        let mut memberships = Vec::new();
        while let Some(item) = pages.next().await {
            memberships.push(to_membership(&item.map_err(unavailable("memberships"))?)?);
        }
        Ok(memberships)
    }
}

impl BlockStore for DynamoStore {
    async fn put_block(
        &self,
        hub: Option<&HubName>,
        user: &UserId,
        block: Block,
    ) -> Result<(), StoreError> {
        if let Some(until) = block.until {
            self.raise_block(hub, user, UNTIL, until).await?;
        }
        if let Some(not_before) = block.not_before {
            self.raise_block(hub, user, NOT_BEFORE, not_before).await?;
        }
        Ok(())
    }

    async fn lift_block(&self, hub: Option<&HubName>, user: &UserId) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key::block(hub, user)))
            .update_expression("REMOVE #until")
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#pk", key::PK)
            .expression_attribute_names("#until", UNTIL);
        if_met("lift_block", update.send().await).map(|_| ())
    }

    async fn block(&self, hub: &HubName, user: &UserId) -> Result<Block, StoreError> {
        let keys = [key::block(Some(hub), user), key::block(None, user)];
        let items = self.read_all("block", &keys).await?;
        Ok(items.iter().map(to_block).fold(Block::default(), Block::and))
    }
}

impl GrantStore for DynamoStore {
    async fn put_grant(
        &self,
        token_id: &str,
        groups: &[GroupName],
        expires: Timestamp,
    ) -> Result<(), StoreError> {
        let names = groups.iter().map(|group| text(group.as_str())).collect();
        let mut item = key::grant(token_id);
        item.insert(GROUPS.to_owned(), AttributeValue::L(names));
        item.insert(key::TTL.to_owned(), ttl(expires));
        item.insert(key::EXPIRES.to_owned(), millis(expires));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.map(|_| ()).map_err(unavailable("put_grant"))
    }

    async fn extend_grant(&self, token_id: &str, expires: Timestamp) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key::grant(token_id)))
            .update_expression("SET #expires = :until, #ttl = :ttl")
            .condition_expression("#expires < :until")
            .expression_attribute_names("#expires", key::EXPIRES)
            .expression_attribute_names("#ttl", key::TTL)
            .expression_attribute_values(":until", millis(expires))
            .expression_attribute_values(":ttl", ttl(expires));
        if_met("extend_grant", update.send().await).map(|_| ())
    }

    async fn grant(
        &self,
        token_id: &str,
        now: Timestamp,
    ) -> Result<Option<Vec<GroupName>>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.set_key(Some(key::grant(token_id)));
        let item = get.send().await.map_err(unavailable("grant"))?.item;
        let valid = item.filter(|item| item::at(item, key::EXPIRES).is_some_and(|end| end > now));
        valid.as_ref().map(to_groups).transpose()
    }
}

impl DynamoStore {
    /// Moves a point in time of a block later, never earlier.
    async fn raise_block(
        &self,
        hub: Option<&HubName>,
        user: &UserId,
        name: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key::block(hub, user)))
            .update_expression("SET #at = :at")
            .condition_expression("attribute_not_exists(#at) OR #at < :at")
            .expression_attribute_names("#at", name)
            .expression_attribute_values(":at", millis(at));
        if_met("put_block", update.send().await).map(|_| ())
    }
}

fn to_membership(item: &Item) -> Result<Membership, StoreError> {
    let what = "a membership";
    let standing = match item::required(item, STANDING, what)? {
        "member" => Standing::Member,
        "denied" => Standing::Denied,
        _ => return Err(StoreError::Corrupt { what }),
    };
    let group = KeyedName::from_key(item::required(item, key::SK, what)?);
    Ok(Membership { group, standing, expires: item::at(item, key::EXPIRES) })
}

fn to_block(item: &Item) -> Block {
    Block { until: item::at(item, UNTIL), not_before: item::at(item, NOT_BEFORE) }
}

fn to_groups(item: &Item) -> Result<Vec<GroupName>, StoreError> {
    let corrupt = || StoreError::Corrupt { what: "a grant" };
    let names = item.get(GROUPS).and_then(|value| value.as_l().ok()).ok_or_else(corrupt)?;
    let group = |name: &AttributeValue| GroupName::parse(name.as_s().ok()?).ok();
    names.iter().map(|name| group(name).ok_or_else(corrupt)).collect()
}
