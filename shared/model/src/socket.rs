//! The record of one socket: the row that every other row of it hangs on.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::channel::{ChannelKey, ChannelRow, Member};
use crate::context::Admission;
use crate::id::{ConnectionId, HubName, KeyedName, SocketId, UserId};
use crate::session::SocketSession;
use crate::time::Timestamp;

/// How long rows outlive the hard cap of 2 hours that API Gateway puts on a connection.
pub const ROW_LIFETIME: Duration = Duration::from_mins(130);

/// How long the rows of a connection last that outlives its sockets. Its client is told to connect
/// anew before that.
pub const LINE_LIFETIME: Duration = Duration::from_hours(26);

/// Where a socket is in its life.
///
/// A socket goes `Connecting -> Joining -> Ready`, each step taken once and
/// conditionally, and ends as `Closed` when hubcast told its client to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketState {
    /// `$connect` was answered; nothing is deliverable yet.
    Connecting,
    /// The handshake was taken on. The rows are written and then the client gets its answer, so a
    /// sender that finds a row waits.
    Joining,
    /// The client has its answer, and everything that waited for it.
    Ready,
    /// A Close was sent; one more frame and the socket is deleted.
    Closed,
}

/// The record of one socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Socket {
    /// API Gateway's id.
    pub id: SocketId,
    /// The hub it connected to.
    pub hub: HubName,
    /// Its public id; equal to the socket's when it was opened without a connectionToken.
    pub connection: ConnectionId,
    /// Whose it is; `None` when anonymous.
    pub user: Option<UserId>,
    /// Where it is in its life.
    pub state: SocketState,
    /// When it connected.
    pub connected_at: Timestamp,
    /// When its handshake began; `None` before.
    pub handshake_at: Option<Timestamp>,
    /// When its session ends, if it does.
    pub session_expires: Option<Timestamp>,
    /// The session of the client token that opened it; `None` for app tokens.
    pub session: Option<SocketSession>,
    /// What its client's token says, where a fresh token may take its place; `None` elsewhere.
    pub admission: Option<Box<Admission>>,
    /// The full keys of the channel rows it has, or is about to have.
    pub channels: BTreeSet<ChannelKey>,
    /// When the work that was charged so far is paid for; `None` when none was.
    pub paid_at: Option<Timestamp>,
}

impl Socket {
    /// Whether the connection is known by an id of its own, and so has a claim and a row for it.
    pub fn is_claimed(&self) -> bool {
        self.connection.as_str() != self.id.as_str()
    }

    /// The groups it is in.
    pub fn groups(&self) -> impl Iterator<Item = KeyedName> {
        self.channels.iter().filter_map(ChannelKey::group_of)
    }

    /// When this socket's record ends: not with its session, whose end a fresh token may move.
    pub fn expires(&self) -> Timestamp {
        self.connected_at.plus(if self.id.is_line() { LINE_LIFETIME } else { ROW_LIFETIME })
    }

    /// When its session ends, as far as nobody takes that back; `None` when it does not end.
    ///
    /// A refresh moves the end first and notes the admission last. Until then, and when a refresh
    /// stopped half-way, the earlier of the two ends counts: rows may be missing beyond it.
    pub fn session_end(&self) -> Option<Timestamp> {
        let admission = self.admission.as_ref();
        let noted = admission.and_then(|admission| admission.principal.session_expires);
        self.session_expires.into_iter().chain(noted).min()
    }

    /// Whether its session goes on at `now`.
    pub fn is_in_session(&self, now: Timestamp) -> bool {
        self.session_end().is_none_or(|end| now < end)
    }

    /// The socket as channel rows describe it.
    pub fn member(&self) -> Member {
        let (socket, connection) = (self.id.clone(), self.connection.clone());
        Member { socket, connection, user: self.user.clone(), handshake_at: self.handshake_at }
    }

    /// When this socket stops hearing anything: with its session, before its rows go.
    pub fn hears_until(&self) -> Timestamp {
        let by_rows = self.expires();
        self.session_expires.map_or(by_rows, |end| end.min(by_rows))
    }

    /// The rows of this socket under `keys`, counting no longer than `until` if given.
    pub fn rows<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a ChannelKey>,
        until: Option<Timestamp>,
    ) -> Vec<ChannelRow> {
        let expires =
            until.map_or_else(|| self.hears_until(), |until| until.min(self.hears_until()));
        let row =
            |key: &ChannelKey| ChannelRow { key: key.clone(), member: self.member(), expires };
        keys.into_iter().map(row).collect()
    }
}
