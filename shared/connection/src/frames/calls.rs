//! What a client wants of backends: its calls, and an end to its wait for them.

use std::sync::Arc;
use std::time::Duration;

use hubcast_membership::presence;
use hubcast_model::client::Client;
use hubcast_model::context::Caller;
use hubcast_model::event::{self, Call};
use hubcast_model::ports::{ClientStore, PendingStore, StoreError, UpstreamQueue};
use hubcast_model::report::chain;
use hubcast_model::time::Clock;
use hubcast_model::values::Values;

use super::hand_up::{Courier, Outbound, outbound};
use super::known::Known;
use super::order::Order;
use super::step::{Answer, Step, unavailable};
use crate::upstream::Upstream;

/// How often a call looks whether its client is announced; in all it waits for 630 ms.
const LOOKS: u32 = 6;
/// The pause after the first look; each further pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// Hands calls to backends.
#[derive(Debug)]
pub(super) struct Calls<S, C, U> {
    pub(super) store: Arc<S>,
    pub(super) clock: Arc<C>,
    pub(super) upstream: Arc<Upstream<U>>,
    pub(super) order: Arc<Order<S, C>>,
}

/// Calls that are to go to backends, in order, and what the records before them found out.
#[derive(Debug)]
pub(super) struct HandUp {
    pub(super) calls: Vec<Call>,
    pub(super) known: Arc<Known>,
}

/// A client waits no longer for the answer to a call.
#[derive(Debug)]
pub(super) struct Cancelled {
    /// The call's invocation id.
    pub(super) invocation_id: String,
    pub(super) known: Arc<Known>,
}

impl<S, C, U> Answer<HandUp> for Calls<S, C, U>
where
    S: ClientStore + PendingStore,
    C: Clock,
    U: UpstreamQueue,
{
    /// Hands the calls up. The reply completes those that did not get on their way.
    async fn answer(&self, caller: &Caller, hand_up: HandUp) -> Step {
        let HandUp { calls, known } = hand_up;
        self.order.take_turn(&caller.socket, &calls).await;
        let mut calls = outbound(calls);
        match self.client(caller, &known).await {
            Ok(client) => self.courier(caller, &client).hand_up(&mut calls).await,
            Err(err) => {
                tracing::error!(error = %chain(&err), "an invocation failed");
                calls.iter_mut().for_each(Outbound::fail);
            }
        }
        let completions: String = calls.into_iter().map(Outbound::completion).collect();
        if completions.is_empty() { Step::Silent } else { Step::Reply(completions) }
    }
}

impl<S, C, U> Calls<S, C, U> {
    fn courier<'a>(&'a self, caller: &'a Caller, client: &'a Client) -> Courier<'a, S, C, U> {
        Courier {
            store: &self.store,
            clock: &self.clock,
            upstream: &self.upstream,
            socket: &caller.socket,
            client,
        }
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
