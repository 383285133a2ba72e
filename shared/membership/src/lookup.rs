//! Who is in a channel right now.

use hubcast_model::channel::{ChannelKey, Member};
use hubcast_model::id::{ConnectionId, HubName, SocketId};
use hubcast_model::ports::{ChannelStore, Consistency, PageQuery, SocketStore, StoreError};
use hubcast_model::socket::SocketState;
use hubcast_model::time::Timestamp;

/// All members of a channel, strongly consistent; `None` when there are more than `most`.
///
/// # Errors
/// When the table does not answer.
pub async fn all_members(
    store: &impl ChannelStore,
    key: &ChannelKey,
    most: usize,
    now: Timestamp,
) -> Result<Option<Vec<Member>>, StoreError> {
    let mut members = Vec::new();
    let mut after = None;
    loop {
        let (consistency, after_socket) = (Consistency::Strong, after.as_ref());
        let limit = most.checked_add(1);
        let query = PageQuery { key, consistency, now, after: after_socket, limit };
        let page = store.members(query).await?;
        members.extend(page.members);
        if members.len() > most {
            return Ok(None);
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(Some(members)),
        }
    }
}

/// A connection that was opened without a connectionToken. Such a connection has no channel of its
/// own, and its id is the socket's. `None` when it is not there, or has not begun its handshake.
///
/// # Errors
/// When the table does not answer.
pub async fn unclaimed_member(
    store: &impl SocketStore,
    hub: &HubName,
    connection: &ConnectionId,
) -> Result<Option<Member>, StoreError> {
    let Ok(id) = SocketId::parse(connection.as_str()) else {
        return Ok(None);
    };
    let socket = store.socket(&id, Consistency::Strong).await?;
    let is_there = |state| matches!(state, SocketState::Joining | SocketState::Ready);
    let own = socket
        .filter(|socket| socket.hub == *hub && !socket.is_claimed() && is_there(socket.state));
    Ok(own.map(|socket| socket.member()))
}
