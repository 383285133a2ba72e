//! Items to our types and back.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use hubcast_model::channel::{ChannelKey, ChannelRow, Member};
use hubcast_model::context::Admission;
use hubcast_model::id::{ConnectionId, HubName, SocketId, UserId};
use hubcast_model::ports::StoreError;
use hubcast_model::session::{SessionId, SocketSession};
use hubcast_model::socket::{Socket, SocketState};
use hubcast_model::time::Timestamp;

use super::key::{
    self, ADMISSION, CHANNELS, CONNECTED, CONNECTION, EXPIRES, GRACE, HANDSHAKE, HUB, PAID, PK,
    SESSION, SK, SOCKET, STATE, TOKEN_SESSION, TTL, USER,
};

/// An item as DynamoDB holds it.
pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(super) fn millis(at: Timestamp) -> AttributeValue {
    number(at.as_millis())
}

/// The TTL attribute of a row: the first whole second at which it has expired.
pub(super) fn ttl(at: Timestamp) -> AttributeValue {
    number(at.as_millis().div_ceil(1000))
}

pub(super) fn state(state: SocketState) -> AttributeValue {
    text(match state {
        SocketState::Connecting => "connecting",
        SocketState::Joining => "joining",
        SocketState::Ready => "ready",
        SocketState::Closed => "closed",
    })
}

pub(super) fn channels(keys: &[ChannelKey]) -> AttributeValue {
    AttributeValue::Ss(keys.iter().map(|key| key.as_str().to_owned()).collect())
}

/// A socket's record to write. An empty set is no valid attribute, so it is left out.
pub(super) fn from_socket(socket: &Socket) -> Item {
    let keys: Vec<ChannelKey> = socket.channels.iter().cloned().collect();
    let user = socket.user.as_ref().map(|user| text(user.as_str()));
    let session = socket.session.as_ref();
    let grace = session.and_then(|session| u64::try_from(session.grace.as_millis()).ok());
    let attributes = [
        (HUB, Some(text(socket.hub.as_str()))),
        (CONNECTION, Some(text(socket.connection.as_str()))),
        (USER, user),
        (STATE, Some(state(socket.state))),
        (CONNECTED, Some(millis(socket.connected_at))),
        (HANDSHAKE, socket.handshake_at.map(millis)),
        (SESSION, socket.session_expires.map(millis)),
        (TOKEN_SESSION, session.map(|session| text(session.id.as_str()))),
        (GRACE, grace.map(number)),
        (PAID, socket.paid_at.map(millis)),
        (ADMISSION, socket.admission.as_deref().map(admission)),
        (CHANNELS, (!keys.is_empty()).then(|| channels(&keys))),
        (TTL, Some(ttl(socket.expires()))),
    ];
    let mut item = key::socket(&socket.id);
    item.extend(attributes.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    item
}

/// Reads a socket's record; `None` for the bare mark of a closed socket that was not on record.
pub(super) fn to_socket(item: &Item) -> Result<Option<Socket>, StoreError> {
    if !item.contains_key(CONNECTED) {
        return Ok(None);
    }
    let what = "a socket";
    let id = required(item, PK, what)?;
    let id = id.strip_prefix(SOCKET).and_then(|id| id.strip_prefix('#')).unwrap_or_default();
    let channels = item.get(CHANNELS).and_then(|value| value.as_ss().ok());
    Ok(Some(Socket {
        id: SocketId::parse(id).map_err(|_| StoreError::Corrupt { what })?,
        hub: HubName::parse(required(item, HUB, what)?)
            .map_err(|_| StoreError::Corrupt { what })?,
        connection: connection(item, what)?,
        user: user(item, what)?,
        state: to_state(required(item, STATE, what)?)?,
        connected_at: at(item, CONNECTED).ok_or(StoreError::Corrupt { what })?,
        handshake_at: at(item, HANDSHAKE),
        session_expires: at(item, SESSION),
        session: session(item),
        admission: to_admission(item)?.map(Box::new),
        channels: channels
            .into_iter()
            .flatten()
            .map(|key| ChannelKey::from_key(key))
            .collect::<BTreeSet<_>>(),
        paid_at: at(item, PAID),
    }))
}

/// An admission as one text: the context that the authorizer would answer.
pub(super) fn admission(admission: &Admission) -> AttributeValue {
    // Texts alone make JSON in any case.
    text(serde_json::to_string(&admission.to_context()).unwrap_or_default())
}

fn to_admission(item: &Item) -> Result<Option<Admission>, StoreError> {
    let what = "the admission of a socket";
    let Some(value) = item.get(ADMISSION) else {
        return Ok(None);
    };
    let context: BTreeMap<String, String> = value
        .as_s()
        .ok()
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or(StoreError::Corrupt { what })?;
    let admission = Admission::from_context(|name| context.get(name).cloned());
    admission.map(Some).map_err(|_| StoreError::Corrupt { what })
}

fn session(item: &Item) -> Option<SocketSession> {
    let id = SessionId::parse(item.get(TOKEN_SESSION)?.as_s().ok()?)?;
    let grace = item.get(GRACE)?.as_n().ok()?.parse().ok()?;
    Some(SocketSession { id, grace: Duration::from_millis(grace) })
}

fn to_state(text: &str) -> Result<SocketState, StoreError> {
    match text {
        "connecting" => Ok(SocketState::Connecting),
        "joining" => Ok(SocketState::Joining),
        "ready" => Ok(SocketState::Ready),
        "closed" => Ok(SocketState::Closed),
        _ => Err(StoreError::Corrupt { what: "the state of a socket" }),
    }
}

/// A channel row to write.
pub(super) fn from_row(row: &ChannelRow) -> Item {
    let mut item = key::key(row.key.as_str(), row.member.socket.as_str());
    item.insert(CONNECTION.to_owned(), text(row.member.connection.as_str()));
    if let Some(user) = &row.member.user {
        item.insert(USER.to_owned(), text(user.as_str()));
    }
    if let Some(began) = row.member.handshake_at {
        item.insert(HANDSHAKE.to_owned(), millis(began));
    }
    item.insert(TTL.to_owned(), ttl(row.expires));
    item.insert(EXPIRES.to_owned(), millis(row.expires));
    item
}

/// Reads a channel row.
pub(super) fn to_member(item: &Item) -> Result<Member, StoreError> {
    let what = "a channel row";
    let socket = SocketId::parse(required(item, SK, what)?);
    Ok(Member {
        socket: socket.map_err(|_| StoreError::Corrupt { what })?,
        connection: connection(item, what)?,
        user: user(item, what)?,
        handshake_at: at(item, HANDSHAKE),
    })
}

pub(super) fn connection(item: &Item, what: &'static str) -> Result<ConnectionId, StoreError> {
    let text = required(item, CONNECTION, what)?;
    ConnectionId::parse(text).map_err(|_| StoreError::Corrupt { what })
}

pub(super) fn user(item: &Item, what: &'static str) -> Result<Option<UserId>, StoreError> {
    let text = item.get(USER).and_then(|value| value.as_s().ok());
    text.map(|text| UserId::parse(text).map_err(|_| StoreError::Corrupt { what })).transpose()
}

/// A text attribute that must be there.
pub(super) fn required<'a>(
    item: &'a Item,
    name: &str,
    what: &'static str,
) -> Result<&'a str, StoreError> {
    let value = item.get(name).and_then(|value| value.as_s().ok());
    value.map(String::as_str).ok_or(StoreError::Corrupt { what })
}

/// A point in time in milliseconds, if there.
pub(super) fn at(item: &Item, name: &str) -> Option<Timestamp> {
    let value = item.get(name)?.as_n().ok()?;
    value.parse().ok().map(Timestamp::from_millis)
}
