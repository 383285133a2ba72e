//! Names that are right, in one word.

use hubcast_model::id::{ConnectionId, GroupName, HubName, SocketId, UserId};

/// A hub.
pub fn hub(name: &str) -> HubName {
    HubName::parse(name).expect("a hub name")
}

/// A user.
pub fn user(name: &str) -> UserId {
    UserId::parse(name).expect("a user id")
}

/// A group.
pub fn group(name: &str) -> GroupName {
    GroupName::parse(name).expect("a group name")
}

/// A public connection id.
pub fn connection(id: &str) -> ConnectionId {
    ConnectionId::parse(id).expect("a connection id")
}

/// API Gateway's id of a socket.
pub fn socket(id: &str) -> SocketId {
    SocketId::parse(id).expect("a socket id")
}
