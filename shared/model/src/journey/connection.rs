//! The lines about connections.

use super::{Origin, Step, TARGET, is_sampled, names};
use crate::context::Caller;
use crate::id::{ConnectionId, HubName, SocketId, UserId};
use crate::socket::Socket;
use crate::time::Timestamp;

/// Why a client is told to go whose socket is not on record. Such a line is no reason for an end:
/// the socket had ended before its last frame was answered.
pub const NOT_KNOWN: &str = "not_known";

/// Why a connection ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// API Gateway says that the socket is closed, with this code of WebSocket.
    Disconnected(Option<i64>),
    /// A post, or a look, found the socket gone.
    Gone,
    /// The socket held others up, and was sent to connect anew.
    Stalled,
    /// A backend asked for it by this message.
    Asked(String),
    /// The user is blocked, or has logged out.
    Blocked,
    /// A newer connection of the user took the place, or there was none left.
    OverLimit,
    /// The answer to the handshake may not have arrived.
    Unanswered,
    /// What was kept for the connection could not be delivered.
    Missed,
    /// The socket went away while it entered.
    Lost,
}

impl Ending {
    /// The field `by`: who ended it.
    const fn by(&self) -> &'static str {
        match self {
            Self::Disconnected(_) | Self::Gone | Self::Lost => "client_or_network",
            Self::Stalled | Self::OverLimit | Self::Unanswered | Self::Missed => "hubcast",
            Self::Asked(_) | Self::Blocked => "backend",
        }
    }

    /// The field `why`.
    const fn why(&self) -> &'static str {
        match self {
            Self::Disconnected(_) => "disconnected",
            Self::Gone => "gone",
            Self::Stalled => "stalled",
            Self::Asked(_) => "asked",
            Self::Blocked => "blocked",
            Self::OverLimit => "over_limit",
            Self::Unanswered => "handshake_unanswered",
            Self::Missed => "missed_something",
            Self::Lost => "lost",
        }
    }
}

/// A client got the id of a connection.
pub fn negotiated(hub: &HubName, user: Option<&UserId>, connection: &ConnectionId) {
    tracing::info!(
        target: TARGET,
        step = Step::Negotiated.as_str(),
        connection_id = %connection,
        hub = hub.as_str(),
        user = names::user(hub, user),
        "a connection is negotiated"
    );
}

/// A socket is open.
pub fn connected(socket: &Socket) {
    tracing::info!(
        target: TARGET,
        step = Step::Connected.as_str(),
        connection_id = %socket.connection,
        socket_id = %socket.id,
        hub = socket.hub.as_str(),
        user = names::user(&socket.hub, socket.user.as_ref()),
        "a socket is open"
    );
}

/// A connection hears what is sent from `now` on.
pub fn ready(socket: &Socket, now: Timestamp) {
    tracing::info!(
        target: TARGET,
        step = Step::Ready.as_str(),
        connection_id = %socket.connection,
        socket_id = %socket.id,
        hub = socket.hub.as_str(),
        user = names::user(&socket.hub, socket.user.as_ref()),
        after_ms = millis_since(socket.connected_at, now),
        "a connection is ready"
    );
}

/// A connection got a message that waited for its user, of the element with this progress key.
pub fn replayed(socket: &Socket, progress_key: &str) {
    let Origin { message_id, element } = Origin::of(progress_key);
    if !is_sampled(message_id) {
        return;
    }
    tracing::info!(
        target: TARGET,
        step = Step::Replayed.as_str(),
        message_id,
        element,
        connection_id = %socket.connection,
        socket_id = %socket.id,
        hub = socket.hub.as_str(),
        user = names::user(&socket.hub, socket.user.as_ref()),
        "a message that waited is delivered"
    );
}

/// hubcast tells a client to go, or cuts its socket.
pub fn closing(caller: &Caller, why: &'static str) {
    let principal = &caller.admission.principal;
    tracing::info!(
        target: TARGET,
        step = Step::Closing.as_str(),
        connection_id = %caller.connection(),
        socket_id = %caller.socket,
        hub = principal.hub.as_str(),
        user = names::user(&principal.hub, principal.user.as_ref()),
        by = "hubcast",
        why,
        "a client is told to go"
    );
}

/// A socket whose client a backend told to go.
#[derive(Debug, Clone, Copy)]
pub struct Leaving<'a> {
    /// The hub.
    pub hub: &'a HubName,
    /// The connection, where the rows that led to the socket name it.
    pub connection: Option<&'a ConnectionId>,
    /// The socket.
    pub socket: &'a SocketId,
    /// Whose socket it is, as far as the same rows say.
    pub user: Option<&'a UserId>,
}

/// A client was told to go, as a backend asked by this message. A client that is told goes by itself,
/// so the line of its end names nobody.
pub fn told_to_go(leaving: Leaving<'_>, message_id: &str) {
    tracing::info!(
        target: TARGET,
        step = Step::Closing.as_str(),
        connection_id = leaving.connection.map(ConnectionId::as_str),
        socket_id = %leaving.socket,
        hub = leaving.hub.as_str(),
        user = names::user(leaving.hub, leaving.user),
        by = "backend",
        why = "asked",
        message_id,
        "a client is told to go"
    );
}

/// A connection has ended.
pub fn closed(socket: &Socket, ending: &Ending, now: Timestamp) {
    let close_code = match ending {
        Ending::Disconnected(code) => *code,
        _ => None,
    };
    let message_id = match ending {
        Ending::Asked(message_id) => Some(message_id.as_str()),
        _ => None,
    };
    tracing::info!(
        target: TARGET,
        step = Step::Closed.as_str(),
        connection_id = %socket.connection,
        socket_id = %socket.id,
        hub = socket.hub.as_str(),
        user = names::user(&socket.hub, socket.user.as_ref()),
        by = ending.by(),
        why = ending.why(),
        close_code,
        message_id,
        after_ms = millis_since(socket.connected_at, now),
        "a connection has ended"
    );
}

fn millis_since(start: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(now.since(start).as_millis()).unwrap_or(u64::MAX)
}
