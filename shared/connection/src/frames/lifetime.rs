//! How long sockets live: not until the gateway cuts them.

use std::time::Duration;

use hubcast_model::context::Caller;
use hubcast_model::id::SocketId;
use hubcast_model::socket::LINE_LIFETIME;
use hubcast_model::time::Timestamp;

use super::step::End;

/// The end of a socket that the gateway will cut soon: the gateway lets sockets live for `lifetime`.
/// A connection that outlives its sockets ends before its rows do.
pub(super) fn due_end(caller: &Caller, lifetime: Duration, now: Timestamp) -> Option<End> {
    let lifetime = if caller.socket.is_line() { LINE_LIFETIME } else { lifetime };
    is_due(caller, lifetime, now).then(|| End::reconnect("The connection is being renewed."))
}

/// Whether the gateway, which lets sockets live for `lifetime`, will cut the caller's socket soon.
pub(crate) fn is_due(caller: &Caller, lifetime: Duration, now: Timestamp) -> bool {
    now.since(caller.connected_at) >= recycle_age(&caller.socket, lifetime)
}

/// At which age a socket is recycled: 100 to 114 of its 120 parts of life. The age differs from
/// socket to socket, so that many which connected together do not come back together. It is early
/// enough that a client with long keep-alives is told before the gateway cuts the socket.
fn recycle_age(socket: &SocketId, lifetime: Duration) -> Duration {
    let part = u32::try_from(socket.spread() % 1400).unwrap_or(0);
    lifetime.saturating_mul(10_000 + part) / 12_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_recycled_between_100_and_114_minutes() {
        let minutes = |m: u64| Duration::from_secs(60 * m);
        for n in 0..500 {
            let socket = SocketId::parse(&format!("s{n}=")).unwrap();
            let age = recycle_age(&socket, minutes(120));
            assert!(age >= minutes(100) && age < minutes(114), "{age:?}");
        }
    }
}
