//! What a token and the table say of the groups of a caller.

use hubcast_model::access::Standing;
use hubcast_model::context::Caller;
use hubcast_model::id::{GroupName, KeyedName};
use hubcast_model::ports::{GrantStore, MembershipStore, StoreError};
use hubcast_model::socket::Socket;
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

/// What the table says for good of a socket's user and a group.
pub(super) async fn standing(
    store: &impl MembershipStore,
    socket: &Socket,
    group: &KeyedName,
    now: Timestamp,
) -> Result<Option<Standing>, StoreError> {
    let Some(user) = &socket.user else {
        return Ok(None);
    };
    let lasting = store.memberships(&socket.hub, user, now).await?;
    Ok(lasting.iter().find(|row| row.group == *group).map(|row| row.standing))
}
