//! The keys and attribute names of the table.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use hubcast_model::id::{ConnectionId, HubName, KeyedName, SocketId, UserId};
use hubcast_model::session::SessionId;

pub(crate) const PK: &str = "pk";
pub(crate) const SK: &str = "sk";
/// When DynamoDB may delete a row, in seconds since the Unix epoch.
pub(crate) const TTL: &str = "ttl";
/// When a row stops counting, in milliseconds since the Unix epoch.
pub(super) const EXPIRES: &str = "expiresAt";

pub(super) const HUB: &str = "hub";
pub(super) const CONNECTION: &str = "connectionId";
pub(super) const USER: &str = "userId";
pub(super) const STATE: &str = "state";
pub(super) const CONNECTED: &str = "connectedAt";
pub(super) const HANDSHAKE: &str = "handshakeAt";
pub(super) const SESSION: &str = "sessionExpires";
pub(super) const TOKEN_SESSION: &str = "session";
pub(super) const GRACE: &str = "graceMillis";
pub(super) const CHANNELS: &str = "channels";
pub(super) const PAID: &str = "paidAt";
/// What the token of a connection says, where a fresh one may take its place.
pub(super) const ADMISSION: &str = "admission";

pub(super) const SOCKET: &str = "SOCKET";
pub(super) const CLAIM: &str = "CLAIM";
const CLIENT: &str = "CLIENT";
const LINE: &str = "LINE";
const PENDING: &str = "PENDING";
const UPTAKE: &str = "UPTAKE";
pub(super) const BLOCK: &str = "BLOCK";
pub(super) const GRANT: &str = "GRANT";
pub(super) const TOKEN: &str = "TOKEN";
const USE: &str = "USE";
pub(super) const PROGRESS: &str = "PROGRESS";
pub(super) const TURN: &str = "TURN";
pub(super) const CONFIG: &str = "CONFIG";
pub(super) const SHARDS: &str = "SHARDS";

/// A full key, as requests name it.
pub(super) type Key = HashMap<String, AttributeValue>;

pub(super) fn key(pk: impl Into<String>, sk: impl Into<String>) -> Key {
    [(PK, pk.into()), (SK, sk.into())]
        .map(|(name, value)| (name.to_owned(), AttributeValue::S(value)))
        .into()
}

pub(super) fn socket(id: &SocketId) -> Key {
    key(format!("{SOCKET}#{id}"), SOCKET)
}

/// Beside the socket's record.
pub(super) fn client(id: &SocketId) -> Key {
    key(format!("{SOCKET}#{id}"), CLIENT)
}

/// Beside the record of the socket for which the line stands.
pub(super) fn line(id: &SocketId) -> Key {
    key(format!("{SOCKET}#{id}"), LINE)
}

/// The partition of all invocations of a socket that wait for an answer.
pub(super) fn pending_of(id: &SocketId) -> String {
    format!("{PENDING}#{id}")
}

pub(super) fn pending(id: &SocketId, invocation_id: &str) -> Key {
    key(pending_of(id), KeyedName::of(invocation_id).as_str())
}

/// A hub's and a connection's names hold no `#`, so no two pairs have one key.
pub(super) fn uptake(hub: &HubName, connection: &ConnectionId) -> Key {
    key(format!("{UPTAKE}#{hub}#{connection}"), UPTAKE)
}

pub(super) fn claim(hub: &HubName, connection: &ConnectionId) -> Key {
    key(format!("{CLAIM}#{hub}#{connection}"), CLAIM)
}

pub(super) fn member(hub: &HubName, user: &UserId) -> String {
    format!("MEMBER#{hub}#{}", user.keyed())
}

/// No hub is called `*`, which stands for all of them.
pub(super) fn block(hub: Option<&HubName>, user: &UserId) -> Key {
    let hub = hub.map_or("*", HubName::as_str);
    key(format!("{BLOCK}#{hub}#{}", user.keyed()), BLOCK)
}

/// Ids of tokens that others sign may be of any length.
pub(super) fn grant(token_id: &str) -> Key {
    key(format!("{GRANT}#{}", KeyedName::of(token_id).as_str()), GRANT)
}

/// The partition of a session: its end, its use and a row for each open socket.
pub(super) fn session(id: &SessionId) -> String {
    format!("{TOKEN}#{id}")
}

/// API Gateway's ids end with `=`, so that none of them is `TOKEN` or `USE`.
pub(super) fn session_socket(id: &SessionId, socket: &SocketId) -> Key {
    key(session(id), socket.as_str())
}

pub(super) fn session_end(id: &SessionId) -> Key {
    key(session(id), TOKEN)
}

pub(super) fn session_use(id: &SessionId) -> Key {
    key(session(id), USE)
}

pub(super) fn shards() -> Key {
    key(CONFIG, SHARDS)
}
