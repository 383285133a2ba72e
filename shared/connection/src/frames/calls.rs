//! The calls of a client that go to backends.
//!
//! A call that wants an answer is noted first, then a reminder is put on its
//! way, then the backends are told. So whatever happens after the first step,
//! somebody completes the call, and whoever completes the call answers it.

use std::sync::Arc;
use std::time::Duration;

use hubcast_membership::presence;
use hubcast_model::client::Client;
use hubcast_model::context::Caller;
use hubcast_model::event::{self, Call};
use hubcast_model::id::{NAME_MAX_CHARS, SocketId};
use hubcast_model::ports::{ClientStore, PendingStore, QueueError, StoreError, UpstreamQueue};
use hubcast_model::report::chain;
use hubcast_model::time::{Clock, Timestamp};
use hubcast_model::values::Values;
use signalr_protocol::message::Invocation;
use signalr_protocol::texts;

use super::completion::{complete, complete_with_error, fail};
use super::known::Known;
use super::step::{Answer, Step, unavailable};
use crate::upstream::Upstream;

/// How often a call looks whether its client is announced; in all it waits for 630 ms.
const LOOKS: u32 = 6;
/// The pause after the first look; each further pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// How much longer than its time-out a pending call is kept, for a reminder that comes late.
const REMINDER_LATE_MAX: Duration = Duration::from_hours(1);
/// The name under which this function completes a call that did not get on its way.
const SENDER: &str = "sender";

/// Hands calls to backends.
#[derive(Debug)]
pub(super) struct Calls<S, C, U> {
    pub(super) store: Arc<S>,
    pub(super) clock: Arc<C>,
    pub(super) upstream: Arc<Upstream<U>>,
}

/// A call that is to go to backends, and what the records before it found out.
#[derive(Debug)]
pub(super) struct HandUp {
    pub(super) call: Call,
    pub(super) known: Arc<Known>,
}

/// A client waits no longer for the answer to a call.
#[derive(Debug)]
pub(super) struct Cancelled {
    /// The call's invocation id.
    pub(super) invocation_id: String,
    pub(super) known: Arc<Known>,
}

/// A call, and the client it comes from.
struct ClientCall<'a> {
    socket: &'a SocketId,
    /// The client as backends know it.
    client: &'a Client,
    call: &'a Call,
    /// The call's invocation id.
    id: &'a str,
}

/// Why a call did not get on its way.
struct SendError {
    cause: QueueError,
    /// Whether a reminder will answer the call at its time-out in any case.
    is_reminded: bool,
}

impl<S, C, U> Answer<HandUp> for Calls<S, C, U>
where
    S: ClientStore + PendingStore,
    C: Clock,
    U: UpstreamQueue,
{
    async fn answer(&self, caller: &Caller, hand_up: HandUp) -> Step {
        let HandUp { call, known } = hand_up;
        if let Some(error) = refusal(&call.invocation) {
            return complete_with_error(call.invocation, error);
        }
        let client = match self.client(caller, &known).await {
            Ok(client) => client,
            Err(err) => return complete(call.invocation, Err(err)),
        };
        if let Some(id) = call.invocation.invocation_id.clone() {
            let ask = ClientCall { socket: &caller.socket, client: &client, call: &call, id: &id };
            let asked = self.ask(&ask).await;
            return asked.unwrap_or_else(|err| complete(call.invocation, Err(err)));
        }
        let event = event::invoked(&caller.socket, &client, &call, self.clock.now());
        presence::tell(&*self.upstream, &event).await;
        Step::Silent
    }
}

impl<S, C, U> Answer<Cancelled> for Calls<S, C, U>
where
    S: ClientStore + PendingStore,
    C: Clock,
    U: UpstreamQueue,
{
    /// Settles the call, so that nobody answers it any more, and tells backends. Nothing happens
    /// when the call does not wait.
    async fn answer(&self, caller: &Caller, cancelled: Cancelled) -> Step {
        let Cancelled { invocation_id, known } = cancelled;
        // No other cancellation has this name, so that one alone tells backends.
        let by = format!("client:{:032x}", fastrand::u128(..));
        match self.store.complete_pending(&caller.socket, &invocation_id, &by).await {
            Ok(true) => {}
            Ok(false) => return Step::Silent,
            Err(err) => return unavailable(&err),
        }
        match self.client(caller, &known).await {
            Ok(client) => {
                let now = self.clock.now();
                let event = event::cancelled(&caller.socket, &client, &invocation_id, now);
                presence::tell(&*self.upstream, &event).await;
                Step::Silent
            }
            Err(err) => unavailable(&err),
        }
    }
}

impl<S: ClientStore, C, U> Calls<S, C, U> {
    /// The caller as backends know it, read once for all records of a frame.
    async fn client(&self, caller: &Caller, known: &Known) -> Result<Client, StoreError> {
        if let Some(client) = known.client() {
            return Ok(client);
        }
        let client = self.announced_client(caller).await?;
        known.keep_client(&client);
        Ok(client)
    }

    /// The caller as backends know it. Backends should know it before they hear of its calls.
    async fn announced_client(&self, caller: &Caller) -> Result<Client, StoreError> {
        let mut pause = FIRST_PAUSE;
        for _ in 0..LOOKS {
            match self.store.client(&caller.socket).await? {
                Some(known) if known.is_announced => return Ok(known.client),
                Some(_) => tokio::time::sleep(pause).await,
                None => break,
            }
            pause *= 2;
        }
        let known = self.store.client(&caller.socket).await?.map(|known| known.client);
        let principal = &caller.admission.principal;
        Ok(known.unwrap_or_else(|| Client::new(principal, caller.connection(), Values::new())))
    }
}

impl<S: PendingStore, C: Clock, U: UpstreamQueue> Calls<S, C, U> {
    /// Asks backends for an answer. Nothing is replied here, unless backends cannot be asked.
    async fn ask(&self, ask: &ClientCall<'_>) -> Result<Step, StoreError> {
        let now = self.clock.now();
        let expires = now.plus(self.upstream.timeout).plus(REMINDER_LATE_MAX);
        if !self.store.put_pending(ask.socket, ask.id, now, expires).await? {
            return Ok(fail(ask.id, texts::id_in_use(ask.id)));
        }
        match send(&*self.upstream, ask, self.clock.now()).await {
            Ok(()) => Ok(Step::Silent),
            Err(err) => Ok(self.take_back(ask, err).await),
        }
    }

    /// The answer to a call that did not get on its way, unless somebody else answers it.
    async fn take_back(&self, ask: &ClientCall<'_>, err: SendError) -> Step {
        tracing::error!(error = %chain(&err.cause), "an invocation is not handed up");
        let is_ours = match self.store.complete_pending(ask.socket, ask.id, SENDER).await {
            Ok(is_ours) => is_ours,
            // A reminder will find the call. Without a reminder nobody would.
            Err(_) => !err.is_reminded,
        };
        if !is_ours {
            return Step::Silent;
        }
        fail(ask.id, texts::unexpected(&ask.call.invocation.target))
    }
}

/// Why a call goes to no backend.
fn refusal(call: &Invocation) -> Option<String> {
    if call.target.chars().nth(NAME_MAX_CHARS).is_some() {
        return Some(texts::unknown_method(&call.target));
    }
    if !call.stream_ids.is_empty() {
        return Some(texts::invalid_arguments(&call.target, "It takes no streams."));
    }
    None
}

async fn send<U: UpstreamQueue>(
    upstream: &Upstream<U>,
    ask: &ClientCall<'_>,
    now: Timestamp,
) -> Result<(), SendError> {
    let time_out = event::time_out(ask.client, ask.id, &ask.call.invocation.target);
    let reminded = upstream.remind(&time_out, upstream.timeout).await;
    reminded.map_err(|cause| SendError { cause, is_reminded: false })?;
    let event = event::invoked(ask.socket, ask.client, ask.call, now);
    let told = upstream.tell(&event).await;
    told.map_err(|cause| SendError { cause, is_reminded: true })
}
