//! What a token says and the table knows: blocks of its user, and groups that it has no room for.

use hubcast_model::id::GroupName;
use hubcast_model::ports::{BlockStore, GrantStore, StoreError};
use hubcast_model::principal::Principal;
use hubcast_model::time::Timestamp;

/// Whether the principal's user is blocked at `now`, or logged out after the token was issued.
///
/// # Errors
/// When the table does not answer.
pub async fn is_blocked(
    store: &impl BlockStore,
    principal: &Principal,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(user) = &principal.user else {
        return Ok(false);
    };
    let block = store.block(&principal.hub, user).await?;
    Ok(block.refuses(principal.issued_at, now))
}

/// The groups of a principal's token, from the grant row when they did not fit into the context.
///
/// # Errors
/// When the table does not answer, or lacks the grant.
pub async fn token_groups(
    store: &impl GrantStore,
    principal: &Principal,
    now: Timestamp,
) -> Result<Vec<GroupName>, StoreError> {
    if !principal.groups_in_grant {
        return Ok(principal.groups.clone());
    }
    let token_id = principal.token_id.as_deref().unwrap_or_default();
    let grant = store.grant(token_id, now).await?;
    grant.ok_or(StoreError::Corrupt { what: "the grant of a token" })
}
