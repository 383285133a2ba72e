//! Records of sockets.

use std::collections::BTreeSet;

use hubcast_model::channel::{ChannelKey, ChannelRow, Member, ShardCounts};
use hubcast_model::id::ConnectionId;
use hubcast_model::socket::{Socket, SocketState};
use hubcast_model::time::Timestamp;

use crate::clock::START;
use crate::name;

/// A socket that connected at [`START`], known by its own id.
pub fn connecting(hub: &str, id: &str, user: &str) -> Socket {
    let id = name::socket(id);
    Socket {
        hub: name::hub(hub),
        connection: ConnectionId::from(&id),
        user: Some(name::user(user)),
        state: SocketState::Connecting,
        connected_at: START,
        handshake_at: None,
        session_expires: None,
        session: None,
        admission: None,
        channels: BTreeSet::new(),
        paid_at: None,
        id,
    }
}

/// The same socket, ready, with the rows of its user and its hub.
pub fn ready(hub: &str, id: &str, user: &str) -> Socket {
    let socket = connecting(hub, id, user);
    let of_hub = ShardCounts::default().hub_key(&socket.hub, &socket.id);
    let channels = [ChannelKey::user(&socket.hub, &name::user(user)), of_hub].into();
    Socket { state: SocketState::Ready, channels, ..socket }
}

/// A row of a socket that is known by its own id.
pub fn row(key: &ChannelKey, id: &str, expires: Timestamp) -> ChannelRow {
    let socket = name::socket(id);
    let connection = ConnectionId::from(&socket);
    let member = Member { socket, connection, user: None, handshake_at: None };
    ChannelRow { key: key.clone(), member, expires }
}
