//! A client sends a frame: the `$default` use case.
//!
//! [`Frames::answer`] never fails: an error frame of API Gateway's own making
//! has no record separator and drops the client, so whatever goes wrong inside
//! becomes a completion with an error or a Close that lets the client return.

mod arrival;
mod budget;
mod handshake;
mod invocation;
mod limit;
mod liveness;
mod result;
mod upstream;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use signalr_protocol::framing::{self, FrameError};
use signalr_protocol::handshake::{HandshakeError, HandshakeResponse, is_handshake};
use signalr_protocol::message::{Close, Completion, Decoded, HubMessage, Outcome};
use signalr_protocol::texts;

use crate::upstream::Upstream;
use budget::Budget;
use hubcast_membership::shards::Shards;
use hubcast_model::context::Caller;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, ConnectionGateway, Consistency,
    GrantStore, InboxStore, MembershipStore, NoUpstream, PendingStore, ResultStore, SessionStore,
    ShardStore, SocketStore, StoreError, UpstreamQueue, UsageStore,
};
use hubcast_model::report::chain as report;
use hubcast_model::socket::SocketState;
use hubcast_model::time::Clock;

pub use limit::{AtLimit, ConnectionLimit};

/// The most records that one frame may hold.
pub const RECORDS_MAX: usize = 256;
/// The most that the replies to one frame may take, in bytes: one WebSocket frame of API Gateway.
pub const REPLY_MAX_BYTES: usize = 32 * 1024;
/// What a Close may take of that: its longest text names a protocol of 200 characters.
const CLOSE_MAX_BYTES: usize = 2 * 1024;
/// How long the mark of a closed socket is kept.
const CLOSED_MARK: Duration = Duration::from_mins(10);

/// What frames are answered by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameSettings {
    /// How long the gateway lets a socket live; sockets are recycled before that.
    pub lifetime: Duration,
    /// The most frames of one socket in one second.
    pub frames_per_second: u32,
    /// The most groups of one connection that its client may join.
    pub groups_max: usize,
    /// How many connections a user may have; any number when `None`.
    pub connections: Option<ConnectionLimit>,
    /// How long a socket is left to read its Close before it is cut.
    pub close_grace: Duration,
}

/// The rules of frames, with the ports they work on.
#[derive(Debug)]
pub struct Frames<S, G, C, U = NoUpstream> {
    store: S,
    gateway: G,
    clock: C,
    settings: FrameSettings,
    shards: Shards,
    budget: Budget,
    upstream: Option<Upstream<U>>,
}

/// What one record leads to.
enum Step {
    Silent,
    Reply(String),
    End(End),
}

/// How a conversation ends.
enum End {
    /// By a Close record.
    Close(Close),
    /// By an answer to the handshake, with its error.
    Refuse(String),
    /// The socket is ended without a word: its client cannot read one.
    Drop,
}

impl End {
    fn fatal(error: impl Into<String>) -> Self {
        Self::Close(Close { error: Some(error.into()), allow_reconnect: false })
    }

    fn reconnect(error: impl Into<String>) -> Self {
        Self::Close(Close { error: Some(error.into()), allow_reconnect: true })
    }
}

impl<S, G, C> Frames<S, G, C> {
    /// The rules over these ports. Backends hear of nothing.
    pub fn new(store: S, gateway: G, clock: C, settings: FrameSettings, shards: Shards) -> Self {
        let budget = Budget::new(settings.frames_per_second);
        Self { store, gateway, clock, settings, shards, budget, upstream: None }
    }

    /// The same rules, with a way to backends if there is one.
    pub fn with_upstream<U>(self, upstream: Option<Upstream<U>>) -> Frames<S, G, C, U> {
        let Self { store, gateway, clock, settings, shards, budget, upstream: _ } = self;
        Frames { store, gateway, clock, settings, shards, budget, upstream }
    }
}

impl<S, G, C, U> Frames<S, G, C, U>
where
    S: SocketStore
        + ClaimStore
        + SessionStore
        + ClientStore
        + PendingStore
        + ChannelStore
        + ShardStore
        + BoardStore
        + InboxStore
        + UsageStore
        + MembershipStore
        + BlockStore
        + GrantStore
        + ResultStore,
    G: ConnectionGateway,
    C: Clock,
    U: UpstreamQueue,
{
    /// Answers a frame with the frame to send back, empty for none, within `patience`.
    pub async fn answer(&self, caller: &Caller, frame: &str, patience: Duration) -> String {
        let reply = AssertUnwindSafe(self.reply(caller, frame)).catch_unwind();
        match tokio::time::timeout(patience, reply).await {
            Ok(Ok(reply)) => reply,
            Ok(Err(_panic)) => {
                tracing::error!(socket.id = %caller.socket, "answering a frame panicked");
                turned_away()
            }
            Err(_elapsed) => {
                tracing::error!(socket.id = %caller.socket, "answering a frame took too long");
                turned_away()
            }
        }
    }

    async fn reply(&self, caller: &Caller, frame: &str) -> String {
        if !self.budget.allows(&caller.socket, self.clock.now()) {
            return self.ended(caller, End::fatal("Too many frames in a second.")).await;
        }
        let mut reply = String::new();
        let end = match framing::records(frame, RECORDS_MAX) {
            Ok(records) => self.records(caller, &records, &mut reply).await,
            Err(FrameError::Empty) => return reply,
            Err(err) => Some(self.broken(caller, &err.to_string()).await),
        };
        if let Some(end) = end.or_else(|| self.due_end(caller)) {
            let end = self.ended(caller, end).await;
            reply.push_str(&end);
        }
        reply
    }

    async fn records(&self, caller: &Caller, records: &[&str], reply: &mut String) -> Option<End> {
        // A Close may follow, for a reason that comes later or by the clock.
        let room = REPLY_MAX_BYTES - CLOSE_MAX_BYTES;
        for record in records {
            match self.record(caller, record).await {
                Step::Silent => {}
                Step::End(end) => return Some(end),
                Step::Reply(text) if reply.len() + text.len() > room => {
                    return Some(End::fatal("The replies to one frame are too large."));
                }
                Step::Reply(text) => reply.push_str(&text),
            }
        }
        None
    }

    async fn record(&self, caller: &Caller, record: &str) -> Step {
        if is_handshake(record) {
            // Rare and large: not every frame's future is to be as large.
            return Box::pin(self.handshake(caller, record)).await;
        }
        let message = match HubMessage::decode(record) {
            Ok(Decoded::Message(message)) => message,
            Ok(Decoded::Unknown(_)) => return Step::Silent,
            Err(err) => return Step::End(self.broken(caller, &err.to_string()).await),
        };
        match message {
            HubMessage::Ping => self.ping(caller).await,
            HubMessage::Invocation(call) => Box::pin(self.invocation(caller, call)).await,
            HubMessage::StreamInvocation(call) => Box::pin(self.stream(caller, call)).await,
            HubMessage::Completion(completion) => self.completion(caller, completion).await,
            HubMessage::StreamItem(_)
            | HubMessage::CancelInvocation { .. }
            | HubMessage::Close(_)
            | HubMessage::Ack { .. }
            | HubMessage::Sequence { .. } => Step::Silent,
        }
    }

    /// The end of a client that broke the protocol. Before its handshake it reads nothing but
    /// the answer to one.
    async fn broken(&self, caller: &Caller, detail: &str) -> End {
        match self.store.socket(&caller.socket, Consistency::Eventual).await {
            Ok(Some(socket)) if socket.state == SocketState::Connecting => {
                End::Refuse(HandshakeError::Malformed.to_string())
            }
            _ => End::fatal(format!("{} {detail}", texts::CLOSED_WITH_ERROR)),
        }
    }

    /// The end of a session that is over, or of a socket that the gateway will cut soon.
    fn due_end(&self, caller: &Caller) -> Option<End> {
        let now = self.clock.now();
        let expires = caller.admission.principal.session_expires;
        if expires.is_some_and(|expires| expires <= now) {
            return Some(End::reconnect("The session has expired."));
        }
        let age = now.since(caller.connected_at);
        (age >= recycle_age(&caller.socket, self.settings.lifetime))
            .then(|| End::reconnect("The connection is being renewed."))
    }

    /// Carries an end out. A client that still sends after it was told to go is cut off.
    async fn ended(&self, caller: &Caller, end: End) -> String {
        if matches!(end, End::Drop) {
            self.drop_socket(&caller.socket).await;
            return String::new();
        }
        let expires = self.clock.now().plus(CLOSED_MARK);
        match self.store.mark_closed(&caller.socket, expires).await {
            Ok(false) => close_record(end),
            Ok(true) => {
                self.drop_socket(&caller.socket).await;
                String::new()
            }
            Err(err) => {
                tracing::warn!(error = %report(&err), "a closed socket could not be marked");
                close_record(end)
            }
        }
    }

    async fn drop_socket(&self, socket: &SocketId) {
        if let Err(err) = self.gateway.delete(socket).await {
            tracing::warn!(error = %report(&err), socket.id = %socket, "a socket could not be ended");
        }
    }
}

fn close_record(end: End) -> String {
    match end {
        End::Close(close) => HubMessage::Close(close).encode(),
        End::Refuse(error) => HandshakeResponse { error: Some(error.into()) }.encode(),
        End::Drop => String::new(),
    }
}

/// The answer to a frame that cannot be answered, as when its sender is not known: connect anew.
pub fn turned_away() -> String {
    close_record(End::reconnect(texts::CLOSED_WITH_ERROR))
}

fn failed(invocation_id: String, error: String) -> String {
    HubMessage::Completion(Completion { invocation_id, outcome: Outcome::Error(error) }).encode()
}

/// The end of a request that the table did not answer: the client may try again.
fn unavailable(err: &StoreError) -> Step {
    tracing::error!(error = %report(err), "the table did not answer");
    Step::End(End::reconnect(texts::CLOSED_WITH_ERROR))
}

/// At which age a socket is recycled: 100 to 114 of its 120 parts of life, spread by socket so
/// that many which connected together do not come back together, and early enough that a client
/// with long keep-alives is caught before the gateway's cut.
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
