//! Lasting memberships, blocks and grants.

use hubcast_model::access::{Block, Membership};
use hubcast_model::id::{GroupName, HubName, UserId};
use hubcast_model::ports::{BlockStore, GrantStore, MembershipStore, StoreError};
use hubcast_model::time::Timestamp;

use super::MemoryStore;
use crate::journal::lock;

impl MembershipStore for MemoryStore {
    async fn put_membership(
        &self,
        hub: &HubName,
        user: &UserId,
        membership: &Membership,
    ) -> Result<(), StoreError> {
        self.meet("put_membership").await?;
        let mut state = lock(&self.state);
        let of_user = state.memberships.entry((hub.clone(), user.keyed())).or_default();
        of_user.insert(membership.group.clone(), membership.clone());
        Ok(())
    }

    async fn memberships(
        &self,
        hub: &HubName,
        user: &UserId,
        now: Timestamp,
    ) -> Result<Vec<Membership>, StoreError> {
        self.meet("memberships").await?;
        let state = lock(&self.state);
        let of_user = state.memberships.get(&(hub.clone(), user.keyed()));
        let of_user = of_user.into_iter().flat_map(|groups| groups.values());
        let is_valid = |row: &&Membership| row.expires.is_none_or(|expires| expires > now);
        Ok(of_user.filter(is_valid).cloned().collect())
    }
}

impl BlockStore for MemoryStore {
    async fn put_block(
        &self,
        hub: Option<&HubName>,
        user: &UserId,
        block: Block,
    ) -> Result<(), StoreError> {
        self.meet("put_block").await?;
        let mut state = lock(&self.state);
        let held = state.blocks.entry((hub.cloned(), user.keyed())).or_default();
        *held = held.and(block);
        Ok(())
    }

    async fn lift_block(&self, hub: Option<&HubName>, user: &UserId) -> Result<(), StoreError> {
        self.meet("lift_block").await?;
        if let Some(held) = lock(&self.state).blocks.get_mut(&(hub.cloned(), user.keyed())) {
            held.until = None;
        }
        Ok(())
    }

    async fn block(&self, hub: &HubName, user: &UserId) -> Result<Block, StoreError> {
        self.meet("block").await?;
        let state = lock(&self.state);
        let on = |hub| state.blocks.get(&(hub, user.keyed())).copied().unwrap_or_default();
        Ok(on(Some(hub.clone())).and(on(None)))
    }
}

impl GrantStore for MemoryStore {
    async fn put_grant(
        &self,
        token_id: &str,
        groups: &[GroupName],
        expires: Timestamp,
    ) -> Result<(), StoreError> {
        self.meet("put_grant").await?;
        lock(&self.state).grants.insert(token_id.to_owned(), (groups.to_vec(), expires));
        Ok(())
    }

    async fn extend_grant(&self, token_id: &str, expires: Timestamp) -> Result<(), StoreError> {
        self.meet("extend_grant").await?;
        if let Some((_, end)) = lock(&self.state).grants.get_mut(token_id) {
            *end = (*end).max(expires);
        }
        Ok(())
    }

    async fn grant(
        &self,
        token_id: &str,
        now: Timestamp,
    ) -> Result<Option<Vec<GroupName>>, StoreError> {
        self.meet("grant").await?;
        let state = lock(&self.state);
        let grant = state.grants.get(token_id).filter(|(_, expires)| *expires > now);
        Ok(grant.map(|(groups, _)| groups.clone()))
    }
}
