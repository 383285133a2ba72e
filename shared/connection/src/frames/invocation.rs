//! The invocations of a client: its group methods, and which calls go to backends.
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

/// Answers invocations: `groups` those of group methods.
#[derive(Debug)]
pub(super) struct Invocations<S, C, M> {
    pub(super) liveness: Arc<Liveness<S, C>>,
    pub(super) groups: M,
    /// Whether calls of other methods go to backends.
    pub(super) hands_up: bool,
    pub(super) built_in: BuiltIn,
    /// How much work a connection may do.
    pub(super) allowance: Allowance,
}

impl<S, C, M> Answer<Invoked> for Invocations<S, C, M>
where
    S: SocketStore,
    C: Clock,
    M: Answer<GroupCall>,
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
            None => self.hand_up(call, false),
        }
    }
}

impl<S, C, M> Answer<Streamed> for Invocations<S, C, M>
where
    S: SocketStore,
    C: Clock,
    M: Send + Sync,
{
    /// Streams come from backends alone.
    async fn answer(&self, caller: &Caller, streamed: Streamed) -> Step {
        let Streamed { call, known } = streamed;
        let StreamInvocation { invocation_id, target, arguments, stream_ids } = call;
        let invocation_id = Some(invocation_id);
        let call = Invocation { invocation_id, target, arguments, stream_ids };
        if let Err(step) = self.ready(caller, &known).await {
            return step;
        }
        if self.built_in.named(caller, &call.target).is_some() {
            let error = texts::not_streaming(&call.target);
            return complete_with_error(call, error);
        }
        self.hand_up(call, true)
    }
}

impl<S: SocketStore, C: Clock, M> Invocations<S, C, M> {
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

impl<S, C, M> Invocations<S, C, M> {
    /// Hands a call of a method that is not built in to backends, if there are any.
    fn hand_up(&self, invocation: Invocation, is_stream: bool) -> Step {
        if self.hands_up {
            return Step::HandUp(Call { invocation, is_stream });
        }
        let error = texts::unknown_method(&invocation.target);
        complete_with_error(invocation, error)
    }
}

fn own_id(caller: &Caller) -> Outcome {
    let id = serde_json::to_string(caller.connection().as_str()).unwrap_or_default();
    Json::deserialize(&mut serde_json::Deserializer::from_str(&id))
        .map_or(Outcome::Void, Outcome::Result)
}
