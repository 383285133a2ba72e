//! A client sends a frame: the `$default` use case.
//!
//! [`Frames`] never fails: an error frame of API Gateway's own making has no
//! record separator and drops the client. So whatever goes wrong inside becomes
//! a completion with an error, or a Close that lets the client return.
//!
//! A frame goes one way: the conversation splits it into records and hands each
//! record to the part that answers it, such as `handshake` or `invocation`. A
//! part owns only the ports that it uses; `wiring` gives them out.

mod acceptance;
mod arrival;
mod boards;
mod budget;
mod calls;
mod closer;
mod completion;
mod conversation;
mod deadline;
mod entrance;
mod exit;
mod farewell;
mod group;
mod hand_up;
mod handshake;
mod inbox;
mod invocation;
mod joinable;
mod known;
pub(crate) mod lifetime;
mod limit;
mod liveness;
mod meter;
mod method;
mod order;
mod post;
mod reason;
mod record;
mod refusal;
mod reply;
mod result;
mod standing;
mod step;
mod welcome;
mod wiring;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use signalr_protocol::handshake::HandshakeRequest;
use signalr_protocol::texts;
use tracing::{Instrument, Span};

use crate::upstream::Upstream;
use calls::{Cancelled, HandUp};
use farewell::{Farewell, Stage};
use hubcast_membership::shards::Shards;
use hubcast_model::context::Caller;
use hubcast_model::journey::TARGET;
use hubcast_model::ports::{ClientStore, ConnectionGateway, NoUpstream, ResultStore, SocketStore};
use hubcast_model::settings::Hubs;
use hubcast_model::time::Clock;
use hubcast_model::work::Allowance;
use invocation::{Invoked, Streamed};
use record::shakes_hands;
use step::{Answer, End};
use wiring::{WiredCalls, WiredConversation, WiredHandshake, WiredInvocations};

pub use limit::{AtLimit, ConnectionLimit};

/// The most records that one frame may hold.
pub const RECORDS_MAX: usize = 500;
/// The most that the replies to one frame may take, in bytes: one WebSocket frame of API Gateway.
pub const REPLY_MAX_BYTES: usize = 32 * 1024;

/// How long it may take to end a socket whose frame was not answered. The patience with a frame
/// leaves this time.
const ENDING: Duration = Duration::from_millis(300);

/// The settings by which frames are answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameSettings {
    /// How long the gateway lets a socket live. Sockets are recycled before that.
    pub lifetime: Duration,
    /// How much work a connection may do.
    pub allowance: Allowance,
    /// The most groups of one connection that its client may join.
    pub groups_max: usize,
    /// How many connections a user may have; any number when `None`.
    pub connections: Option<ConnectionLimit>,
    /// How long a socket may take to read its Close before it is cut.
    pub close_grace: Duration,
    /// The hubs on which no method is built in: calls of all methods go to backends.
    pub own_methods: Hubs,
    /// How long a call to backends waits for the call before it; zero for not at all.
    pub order_wait: Duration,
}

/// The ports that frames are answered over.
#[derive(Debug)]
pub struct FramePorts<S, G, C, U = NoUpstream> {
    store: S,
    gateway: G,
    clock: C,
    upstream: Option<Upstream<U>>,
}

impl<S, G, C> FramePorts<S, G, C> {
    /// These ports. Backends hear of nothing.
    pub const fn new(store: S, gateway: G, clock: C) -> Self {
        Self { store, gateway, clock, upstream: None }
    }

    /// The same ports, with a way to backends if there is one.
    pub fn with_upstream<U>(self, upstream: Option<Upstream<U>>) -> FramePorts<S, G, C, U> {
        let Self { store, gateway, clock, upstream: _ } = self;
        FramePorts { store, gateway, clock, upstream }
    }
}

/// Answers the frames of clients.
pub trait AnswerFrames: Send + Sync {
    /// Answers a frame with the frame to send back, empty for none, within `patience`.
    fn answer(
        &self,
        caller: &Caller,
        frame: &str,
        patience: Duration,
    ) -> impl Future<Output = String> + Send;
}

/// The rules of frames over their ports.
#[derive(Debug)]
pub struct Frames<S, G, C, U = NoUpstream> {
    conversation: WiredConversation<S, G, C, U>,
}

impl<S, G, C, U> Frames<S, G, C, U> {
    /// The rules over these ports.
    pub fn new(ports: FramePorts<S, G, C, U>, settings: &FrameSettings, shards: Shards) -> Self {
        Self { conversation: wiring::conversation(ports, settings, shards) }
    }
}

impl<S, G, C, U> AnswerFrames for Frames<S, G, C, U>
where
    S: ClientStore + SocketStore + ResultStore,
    G: ConnectionGateway,
    C: Clock,
    U: Send + Sync,
    WiredHandshake<S, G, C, U>: Answer<HandshakeRequest>,
    WiredInvocations<S, G, C>: Answer<Invoked> + Answer<Streamed>,
    WiredCalls<S, C, U>: Answer<HandUp> + Answer<Cancelled>,
{
    async fn answer(&self, caller: &Caller, frame: &str, patience: Duration) -> String {
        let answering = async {
            let reply = AssertUnwindSafe(self.conversation.reply(caller, frame)).catch_unwind();
            match tokio::time::timeout(patience, reply).await {
                Ok(Ok(reply)) => return reply,
                Ok(Err(_panic)) => {
                    tracing::error!(socket_id = %caller.socket, "answering a frame panicked");
                }
                Err(_elapsed) => {
                    tracing::error!(socket_id = %caller.socket, "answering a frame took too long");
                }
            }
            // Its client may send the same again, so the socket ends whatever the client does.
            let end = tokio::time::timeout(ENDING, self.conversation.run_out(caller, frame)).await;
            end.unwrap_or_else(|_elapsed| self.conversation.last_words(caller, frame).record())
        };
        answering.instrument(span(caller)).await
    }
}

/// The span of a frame: lines within it carry the ids.
fn span(caller: &Caller) -> Span {
    let (connection_id, socket_id) = (caller.connection(), &caller.socket);
    tracing::info_span!(target: TARGET, "frame", %connection_id, %socket_id)
}

/// The answer to a frame that cannot be answered, as when its sender is not known: connect anew.
pub fn turned_away(frame: &str) -> String {
    let stage = if shakes_hands(frame) { Stage::Before } else { Stage::Through };
    Farewell::of(End::reconnect(texts::CLOSED_WITH_ERROR), stage).record()
}
