//! What the log tells of lines.
//!
//! Metrics and alarms are counted from these lines (`infra/cloud/observability.yaml`), so the texts
//! and the names of the fields are an interface. No line says whose connection it is, or what was
//! sent.

use std::time::Duration;

use hubcast_model::id::SocketId;

use crate::log::Log;

/// The target of the lines that metrics are counted from. The level of the log does not silence
/// this target.
pub const TARGET: &str = "line";

/// Why a socket of a line does not count any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The socket comes to the time that the gateway gives a socket.
    Renewal,
    /// The gateway told the end of the socket.
    Disconnected,
    /// A post found the socket gone.
    Gone,
    /// Nobody knows what the client has.
    Doubt,
}

impl Cut {
    const fn word(self) -> &'static str {
        match self {
            Self::Renewal => "renewal",
            Self::Disconnected => "disconnected",
            Self::Gone => "gone",
            Self::Doubt => "doubt",
        }
    }
}

/// A client said on a new socket where it goes on, and gets the rest of the log.
pub(crate) fn resumed(id: &SocketId, log: &Log) {
    let replayed = log.unsent().count();
    tracing::info!(target: TARGET, connection_id = %id, replayed, "a client is back");
}

/// A client that wants to come back is not let in.
pub(crate) fn refused(id: &SocketId, reason: &'static str) {
    tracing::info!(target: TARGET, connection_id = %id, reason, "a client may not come back");
}

/// A client was let in, and did not say where it goes on.
pub(crate) fn abandoned(id: &SocketId) {
    tracing::warn!(target: TARGET, connection_id = %id, "a client that was let in said nothing");
}

/// A line waits for its client. `unacked_bytes` wait for an acknowledgement.
pub(crate) fn cut(id: &SocketId, why: Cut, unacked_bytes: usize) {
    let reason = why.word();
    tracing::info!(target: TARGET, connection_id = %id, reason, unacked_bytes, "a line waits for its client");
}

/// The holder of a turn let it run out, and another took it.
pub(crate) fn taken_over(id: &SocketId) {
    tracing::warn!(target: TARGET, connection_id = %id, "a turn is taken over");
}

/// Records waited so long for the turn of another.
pub(crate) fn waited(id: &SocketId, time: Duration) {
    let turn_wait_ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    tracing::info!(target: TARGET, connection_id = %id, turn_wait_ms, "a post waited for its turn");
}

/// A line ends, since what was not posted fills its log.
pub(crate) fn overflowed(id: &SocketId) {
    tracing::warn!(target: TARGET, connection_id = %id, "a line whose client does not read is ended");
}
