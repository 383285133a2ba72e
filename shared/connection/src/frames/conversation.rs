//! One frame of a client, and the frame that is sent back.
//!
//! The records of a frame are answered one after another. The conversation
//! knows what each kind of record is, and which part answers it.

use std::sync::Arc;
use std::time::Duration;

use hubcast_model::context::Caller;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{ConnectionGateway, ResultStore, SocketStore};
use hubcast_model::time::Clock;
use signalr_protocol::framing::{self, FrameError};
use signalr_protocol::handshake::{HandshakeError, HandshakeRequest, is_handshake};
use signalr_protocol::message::{Decoded, HubMessage, Invocation, StreamInvocation};

use super::budget::Budget;
use super::closer::Closer;
use super::liveness::{Liveness, Ping};
use super::result::Results;
use super::step::{Answer, End, Step};
use super::{RECORDS_MAX, REPLY_MAX_BYTES};

/// What a Close may take of [`REPLY_MAX_BYTES`]. Its longest text names a protocol of 200
/// characters.
const CLOSE_MAX_BYTES: usize = 2 * 1024;

/// The rules of one frame: `handshake` answers handshakes, `invocations` the calls of methods.
#[derive(Debug)]
pub(super) struct Conversation<S, G, C, H, I> {
    pub(super) clock: Arc<C>,
    /// How long the gateway lets a socket live.
    pub(super) lifetime: Duration,
    pub(super) budget: Budget,
    pub(super) handshake: H,
    pub(super) liveness: Arc<Liveness<S, C>>,
    pub(super) invocations: I,
    pub(super) results: Results<S>,
    pub(super) closer: Closer<S, G, C>,
}

impl<S, G, C, H, I> Conversation<S, G, C, H, I>
where
    S: SocketStore + ResultStore,
    G: ConnectionGateway,
    C: Clock,
    H: Answer<HandshakeRequest>,
    I: Answer<Invocation> + Answer<StreamInvocation>,
{
    /// The frame that answers a frame; empty for none.
    pub(super) async fn reply(&self, caller: &Caller, frame: &str) -> String {
        if !self.budget.allows(&caller.socket, self.clock.now()) {
            let end = End::fatal("Too many frames in a second.");
            return self.closer.close(&caller.socket, end).await;
        }
        let mut reply = String::new();
        let end = match framing::records(frame, RECORDS_MAX) {
            Ok(records) => self.records(caller, &records, &mut reply).await,
            Err(FrameError::Empty) => return reply,
            Err(err) => Some(self.broken(caller, &err.to_string()).await),
        };
        if let Some(end) = end.or_else(|| self.due_end(caller)) {
            reply.push_str(&self.closer.close(&caller.socket, end).await);
        }
        reply
    }

    /// Answers records one after another, and adds the answers to `reply`.
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

    /// Hands a record to the part that answers it.
    ///
    /// Handshakes and invocations are boxed: they are rare and their futures large, and not every
    /// frame's future is to be as large.
    async fn record(&self, caller: &Caller, record: &str) -> Step {
        if is_handshake(record) {
            return match HandshakeRequest::parse(record) {
                Ok(request) => Box::pin(self.handshake.answer(caller, request)).await,
                Err(err) => Step::End(self.broken(caller, &err.to_string()).await),
            };
        }
        let message = match HubMessage::decode(record) {
            Ok(Decoded::Message(message)) => message,
            Ok(Decoded::Unknown(_)) => return Step::Silent,
            Err(err) => return Step::End(self.broken(caller, &err.to_string()).await),
        };
        match message {
            HubMessage::Ping => self.liveness.answer(caller, Ping).await,
            HubMessage::Invocation(call) => Box::pin(self.invocations.answer(caller, call)).await,
            HubMessage::StreamInvocation(call) => {
                Box::pin(self.invocations.answer(caller, call)).await
            }
            HubMessage::Completion(completion) => self.results.answer(caller, completion).await,
            HubMessage::StreamItem(_)
            | HubMessage::CancelInvocation { .. }
            | HubMessage::Close(_)
            | HubMessage::Ack { .. }
            | HubMessage::Sequence { .. } => Step::Silent,
        }
    }

    /// The end of a client whose frame or record cannot be read.
    async fn broken(&self, caller: &Caller, detail: &str) -> End {
        let refusal = HandshakeError::Malformed.to_string();
        self.liveness.protocol_end(caller, refusal, detail).await
    }

    /// The end of a session that is over, or of a socket that the gateway will cut soon.
    fn due_end(&self, caller: &Caller) -> Option<End> {
        let now = self.clock.now();
        let expires = caller.admission.principal.session_expires;
        if expires.is_some_and(|expires| expires <= now) {
            return Some(End::reconnect("The session has expired."));
        }
        let age = now.since(caller.connected_at);
        (age >= recycle_age(&caller.socket, self.lifetime))
            .then(|| End::reconnect("The connection is being renewed."))
    }
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
