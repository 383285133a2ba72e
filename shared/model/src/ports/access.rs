//! Lasting memberships, blocks and grants, as the rules see them.

use std::future::Future;

use super::StoreError;
use crate::access::{Block, Membership};
use crate::id::{GroupName, HubName, UserId};
use crate::time::Timestamp;

/// The memberships and denials of users that outlast a connection.
pub trait MembershipStore: Send + Sync {
    /// Writes a lasting membership or denial.
    fn put_membership(
        &self,
        hub: &HubName,
        user: &UserId,
        membership: &Membership,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The user's memberships and denials that have not expired at `now`; strongly consistent.
    fn memberships(
        &self,
        hub: &HubName,
        user: &UserId,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<Membership>, StoreError>> + Send;
}

/// Blocks and log-outs of users.
pub trait BlockStore: Send + Sync {
    /// Adds to what is held against the user, on one hub or on all (`None`).
    fn put_block(
        &self,
        hub: Option<&HubName>,
        user: &UserId,
        block: Block,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Lifts the `until` of the user's block on one hub or on all; `not_before` stays.
    fn lift_block(
        &self,
        hub: Option<&HubName>,
        user: &UserId,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// What is held against the user on this hub and on all; strongly consistent.
    fn block(
        &self,
        hub: &HubName,
        user: &UserId,
    ) -> impl Future<Output = Result<Block, StoreError>> + Send;
}

/// The groups of tokens that have too many to carry them.
pub trait GrantStore: Send + Sync {
    /// Keeps the groups of a token that has too many to carry them.
    fn put_grant(
        &self,
        token_id: &str,
        groups: &[GroupName],
        expires: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Keeps the groups of a token until `expires` at least, if they are still there.
    fn extend_grant(
        &self,
        token_id: &str,
        expires: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The groups kept for a token; `None` when there are none or they expired at `now`.
    fn grant(
        &self,
        token_id: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Vec<GroupName>>, StoreError>> + Send;
}
