//! Which groups a client may join: by its token, or by a fresh one that took the token's place.

use hubcast_membership::token::token_groups;
use hubcast_model::context::{Admission, Caller};
use hubcast_model::id::GroupName;
use hubcast_model::ports::{Consistency, GrantStore, SocketStore, StoreError};
use hubcast_model::time::Timestamp;

/// Whether a client may join a group.
pub(super) async fn may_join(
    store: &(impl GrantStore + SocketStore),
    caller: &Caller,
    group: &GroupName,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if !caller.admission.is_renewable() {
        return is_allowed(store, &caller.admission, group, now).await;
    }
    let record = store.socket(&caller.socket, Consistency::Strong).await?;
    let renewed = record.and_then(|record| record.admission);
    is_allowed(store, renewed.as_deref().unwrap_or(&caller.admission), group, now).await
}

/// Whether a client that may join a group may do so still, after it did: a fresh token may have come
/// meanwhile.
pub(super) async fn still_may_join(
    store: &(impl GrantStore + SocketStore),
    caller: &Caller,
    group: &GroupName,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(!caller.admission.is_renewable() || may_join(store, caller, group, now).await?)
}

async fn is_allowed(
    store: &impl GrantStore,
    admission: &Admission,
    group: &GroupName,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if admission.joinable.allows(group) {
        return Ok(true);
    }
    Ok(token_groups(store, &admission.principal, now).await?.contains(group))
}
