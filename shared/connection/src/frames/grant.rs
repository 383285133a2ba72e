//! The groups that a caller's token names.

use hubcast_model::context::Caller;
use hubcast_model::id::GroupName;
use hubcast_model::ports::{GrantStore, StoreError};
use hubcast_model::time::Timestamp;

/// The groups of the caller's token, from the grant row when they did not fit into the context.
pub(super) async fn token_groups(
    store: &impl GrantStore,
    caller: &Caller,
    now: Timestamp,
) -> Result<Vec<GroupName>, StoreError> {
    let principal = &caller.admission.principal;
    if !principal.groups_in_grant {
        return Ok(principal.groups.clone());
    }
    let token_id = principal.token_id.as_deref().unwrap_or_default();
    let grant = store.grant(token_id, now).await?;
    grant.ok_or(StoreError::Corrupt { what: "the grant of a token" })
}
