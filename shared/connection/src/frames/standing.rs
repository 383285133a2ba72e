//! What the table says of the groups of a caller.

use hubcast_model::access::Standing;
use hubcast_model::id::KeyedName;
use hubcast_model::ports::{MembershipStore, StoreError};
use hubcast_model::socket::Socket;
use hubcast_model::time::Timestamp;

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
