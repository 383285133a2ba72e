//! The invocations of a client: its group methods, and calls to backends.
//!
//! Exactly one completion when the caller waits for one, none otherwise. The
//! completion comes only once all rows of the handshake are written: a
//! connection that got an answer hears everything that is sent from then on.

use std::sync::Arc;

use hubcast_model::context::Caller;
use hubcast_model::event::Call;
use hubcast_model::ports::SocketStore;
use hubcast_model::time::Clock;
use hubcast_model::work::Allowance;
use serde::Deserialize;
use signalr_protocol::message::{Invocation, Json, Outcome, StreamInvocation};
use signalr_protocol::texts;

use super::calls::{Cancelled, HandUp};
use super::completion::{complete, complete_with_error};
use super::group::GroupCall;
use super::known::{Known, Look};
use super::liveness::Liveness;
use super::method::{BuiltIn, Method};
use super::step::{Answer, Step, wait};

/// An invocation, and what the records before it found out.
#[derive(Debug)]
pub(super) struct Invoked {
    pub(super) call: Invocation,
    pub(super) known: Arc<Known>,
}

/// An invocation that wants a stream, likewise.
#[derive(Debug)]
pub(super) struct Streamed {
    pub(super) call: StreamInvocation,
    pub(super) known: Arc<Known>,
}

/// Answers invocations: `groups` those of group methods, `calls` those that go to backends.
#[derive(Debug)]
pub(super) struct Invocations<S, C, M, B> {
    pub(super) liveness: Arc<Liveness<S, C>>,
    pub(super) groups: M,
    /// `None` when backends hear of nothing.
    pub(super) calls: Option<B>,
    pub(super) built_in: BuiltIn,
    /// How much work a connection may do.
    pub(super) allowance: Allowance,
}

impl<S, C, M, B> Answer<Invoked> for Invocations<S, C, M, B>
where
    S: SocketStore,
    C: Clock,
    M: Answer<GroupCall>,
    B: Answer<HandUp>,
{
    async fn answer(&self, caller: &Caller, invoked: Invoked) -> Step {
        let Invoked { call, known } = invoked;
        let look = match self.ready(caller, &known).await {
            Ok(look) => look,
            Err(step) => return step,
        };
        match self.built_in.named(caller, &call.target) {
            Some(Method::Group(method)) => {
                self.groups.answer(caller, GroupCall { look, method, call, known }).await
            }
            Some(Method::GetConnectionId) => complete(call, Ok(own_id(caller))),
            None => {
                let call = Call { invocation: call, is_stream: false };
                self.hand_up(caller, HandUp { call, known }).await
            }
        }
    }
}

impl<S, C, M, B> Answer<Streamed> for Invocations<S, C, M, B>
where
    S: SocketStore,
    C: Clock,
    M: Send + Sync,
    B: Answer<HandUp>,
{
    /// Streams come from backends alone.
    async fn answer(&self, caller: &Caller, streamed: Streamed) -> Step {
        let Streamed { call, known } = streamed;
        let StreamInvocation { invocation_id, target, arguments, stream_ids } = call;
        let invocation_id = Some(invocation_id);
        let call = Invocation { invocation_id, target, arguments, stream_ids };
        if self.built_in.named(caller, &call.target).is_some() {
            let error = texts::not_streaming(&call.target);
            return complete_with_error(call, error);
        }
        if self.calls.is_some()
            && let Err(step) = self.ready(caller, &known).await
        {
            return step;
        }
        let call = Call { invocation: call, is_stream: true };
        self.hand_up(caller, HandUp { call, known }).await
    }
}

impl<S, C, M, B> Answer<Cancelled> for Invocations<S, C, M, B>
where
    S: SocketStore,
    C: Clock,
    M: Send + Sync,
    B: Answer<Cancelled>,
{
    /// Only calls of backends can be cancelled; the others are answered at once.
    async fn answer(&self, caller: &Caller, cancelled: Cancelled) -> Step {
        match &self.calls {
            Some(calls) => calls.answer(caller, cancelled).await,
            None => Step::Silent,
        }
    }
}

impl<S: SocketStore, C: Clock, M, B> Invocations<S, C, M, B> {
    /// The record of the caller's socket, which is ready; or the end of a socket that is not, or
    /// whose client owes too much.
    async fn ready(&self, caller: &Caller, known: &Known) -> Result<Look, Step> {
        if let Some(look) = known.look() {
            return Ok(look);
        }
        let socket = self.liveness.ready(caller).await.map_err(Step::End)?;
        // Other instances may have charged it since.
        let turn = self.allowance.turn(socket.paid_at, self.liveness.clock.now());
        if let Some(end) = wait(turn).await {
            return Err(Step::End(end));
        }
        let look = Look { socket, is_certain: false };
        known.keep_look(look.clone());
        Ok(look)
    }
}

impl<S, C, M, B: Answer<HandUp>> Invocations<S, C, M, B> {
    /// Hands a call of a method that is not built in to backends.
    async fn hand_up(&self, caller: &Caller, call: HandUp) -> Step {
        let Some(calls) = &self.calls else {
            let error = texts::unknown_method(&call.call.invocation.target);
            return complete_with_error(call.call.invocation, error);
        };
        calls.answer(caller, call).await
    }
}

fn own_id(caller: &Caller) -> Outcome {
    let id = serde_json::to_string(caller.connection().as_str()).unwrap_or_default();
    Json::deserialize(&mut serde_json::Deserializer::from_str(&id))
        .map_or(Outcome::Void, Outcome::Result)
}
