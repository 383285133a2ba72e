//! What happens to a client, as messages for backends.

use super::{CONNECTED, Call, DISCONNECTED, Event, EventKind};
use crate::client::Client;
use crate::id::SocketId;
use crate::ports::UpstreamMessage;
use crate::time::Timestamp;

/// A client has connected, and hears everything from now on.
pub fn started(socket: &SocketId, client: &Client, now: Timestamp) -> UpstreamMessage {
    let id = format!("{socket}/{CONNECTED}");
    Event::new(id, client, now, EventKind::Connected).to_message()
}

/// A client, of which backends heard, has ended; `why`, where that is known.
pub fn ended(
    socket: &SocketId,
    client: &Client,
    why: Option<String>,
    now: Timestamp,
) -> UpstreamMessage {
    let id = format!("{socket}/{DISCONNECTED}");
    Event::new(id, client, now, EventKind::Disconnected { why }).to_message()
}

/// A client invokes a method.
pub fn invoked(socket: &SocketId, client: &Client, call: &Call, now: Timestamp) -> UpstreamMessage {
    Event::new(fresh_id(socket), client, now, EventKind::Call(call.clone())).to_message()
}

/// A client waits no longer for the answer to a call.
pub fn cancelled(
    socket: &SocketId,
    client: &Client,
    invocation_id: &str,
    now: Timestamp,
) -> UpstreamMessage {
    let kind = EventKind::Cancelled { invocation_id: invocation_id.to_owned() };
    Event::new(fresh_id(socket), client, now, kind).to_message()
}

fn fresh_id(socket: &SocketId) -> String {
    format!("{socket}/{:032x}", fastrand::u128(..))
}
