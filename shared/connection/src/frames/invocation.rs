//! The invocations of a client: its group methods, and calls to backends.
//!
//! Exactly one completion when the caller waits for one, none otherwise. The
//! completion comes only once all rows of the handshake are written: a
//! connection that got an answer hears everything that is sent from then on.

use std::sync::Arc;

use hubcast_model::context::Caller;
use hubcast_model::event::Call;
use hubcast_model::ports::SocketStore;
use hubcast_model::socket::Socket;
use hubcast_model::time::Clock;
use serde::Deserialize;
use signalr_protocol::handshake::HandshakeError;
use signalr_protocol::message::{Invocation, Json, Outcome, StreamInvocation};
use signalr_protocol::texts;

use super::completion::{complete, complete_with_error};
use super::group::{GroupCall, GroupMethod};
use super::liveness::{Liveness, Readiness};
use super::step::{Answer, End, Step, unavailable};

/// The built-in methods. None of them streams.
enum Method {
    Group(GroupMethod),
    GetConnectionId,
}

impl Method {
    fn named(target: &str) -> Option<Self> {
        match target.to_ascii_lowercase().as_str() {
            "joingroup" => Some(Self::Group(GroupMethod::Join)),
            "leavegroup" => Some(Self::Group(GroupMethod::Leave)),
            "getconnectionid" => Some(Self::GetConnectionId),
            _ => None,
        }
    }
}

/// Answers invocations: `groups` those of group methods, `calls` those that go to backends.
#[derive(Debug)]
pub(super) struct Invocations<S, C, M, B> {
    pub(super) liveness: Arc<Liveness<S, C>>,
    pub(super) groups: M,
    /// `None` when backends hear of nothing.
    pub(super) calls: Option<B>,
}

impl<S, C, M, B> Answer<Invocation> for Invocations<S, C, M, B>
where
    S: SocketStore,
    C: Clock,
    M: Answer<GroupCall>,
    B: Answer<Call>,
{
    async fn answer(&self, caller: &Caller, call: Invocation) -> Step {
        let socket = match self.ready(caller).await {
            Ok(socket) => socket,
            Err(step) => return step,
        };
        match Method::named(&call.target) {
            Some(Method::Group(method)) => {
                self.groups.answer(caller, GroupCall { socket, method, call }).await
            }
            Some(Method::GetConnectionId) => complete(call, Ok(own_id(caller))),
            None => self.hand_up(caller, Call { invocation: call, is_stream: false }).await,
        }
    }
}

impl<S, C, M, B> Answer<StreamInvocation> for Invocations<S, C, M, B>
where
    S: SocketStore,
    C: Clock,
    M: Send + Sync,
    B: Answer<Call>,
{
    /// Streams come from backends alone.
    async fn answer(&self, caller: &Caller, call: StreamInvocation) -> Step {
        let StreamInvocation { invocation_id, target, arguments, stream_ids } = call;
        let invocation_id = Some(invocation_id);
        let call = Invocation { invocation_id, target, arguments, stream_ids };
        if Method::named(&call.target).is_some() {
            let error = texts::not_streaming(&call.target);
            return complete_with_error(call, error);
        }
        if self.calls.is_some()
            && let Err(step) = self.ready(caller).await
        {
            return step;
        }
        self.hand_up(caller, Call { invocation: call, is_stream: true }).await
    }
}

impl<S: SocketStore, C: Clock, M, B> Invocations<S, C, M, B> {
    /// The record of the caller's socket, which is ready; or the end of a socket that is not.
    async fn ready(&self, caller: &Caller) -> Result<Socket, Step> {
        match self.liveness.readiness(caller).await {
            Ok(Readiness::Ready(socket)) => Ok(socket),
            Ok(Readiness::Connecting) => {
                Err(Step::End(End::Refuse(HandshakeError::Malformed.to_string())))
            }
            Ok(Readiness::Unknown) => Err(Step::End(End::unknown())),
            Err(err) => Err(unavailable(&err)),
        }
    }
}

impl<S, C, M, B: Answer<Call>> Invocations<S, C, M, B> {
    /// Hands a call of a method that is not built in to backends.
    async fn hand_up(&self, caller: &Caller, call: Call) -> Step {
        let Some(calls) = &self.calls else {
            let error = texts::unknown_method(&call.invocation.target);
            return complete_with_error(call.invocation, error);
        };
        calls.answer(caller, call).await
    }
}

fn own_id(caller: &Caller) -> Outcome {
    let id = serde_json::to_string(caller.connection().as_str()).unwrap_or_default();
    Json::deserialize(&mut serde_json::Deserializer::from_str(&id))
        .map_or(Outcome::Void, Outcome::Result)
}
