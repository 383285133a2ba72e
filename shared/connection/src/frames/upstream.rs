//! Clients and their invocations, on the way to backends.
//!
//! An invocation that wants an answer is noted first, then a reminder is put on
//! its way, then the backends are told: whatever happens after the first step,
//! somebody settles the invocation, and only who settles it answers.

use std::time::Duration;

use signalr_protocol::message::{Invocation, Outcome};
use signalr_protocol::texts;

use super::invocation::completion;
use super::{Frames, Step, failed};
use crate::upstream::Upstream;
use hubcast_membership::presence;
use hubcast_model::client::{Client, Values};
use hubcast_model::context::Caller;
use hubcast_model::event::{self, Call};
use hubcast_model::id::{NAME_MAX_CHARS, SocketId};
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, ConnectionGateway, GrantStore,
    InboxStore, MembershipStore, PendingStore, QueueError, ResultStore, SessionStore, ShardStore,
    SocketStore, StoreError, UpstreamQueue, UsageStore,
};
use hubcast_model::report::chain;
use hubcast_model::socket::Socket;
use hubcast_model::time::{Clock, Timestamp};

/// How long, in all 630 ms, an invocation waits for its client to be announced first.
const LOOKS: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// How much longer than its time-out a pending invocation is kept, for reminders that come late.
const REMINDER_LATE_MAX: Duration = Duration::from_hours(1);
/// Who settles an invocation that did not get on its way.
const SENDER: &str = "sender";

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
    /// Removes a socket and tells its end.
    pub(super) async fn disconnect(&self, socket: &SocketId) -> Result<Option<Socket>, StoreError> {
        presence::disconnect(&self.store, self.upstream.as_ref(), socket, self.clock.now()).await
    }

    /// Tells backends that a socket has become ready; it is so whether or not they hear of it.
    pub(super) async fn announce(&self, socket: &Socket) {
        let Some(upstream) = &self.upstream else {
            return;
        };
        let now = self.clock.now();
        if let Err(err) = presence::announce(&self.store, upstream, &socket.id, now).await {
            tracing::error!(error = %chain(&err), socket.id = %socket.id, "a client is not announced");
        }
    }

    /// Hands an invocation of a method that is not built in to backends.
    pub(super) async fn hand_up(&self, caller: &Caller, call: Call) -> Step {
        let target = &call.invocation.target;
        let Some(upstream) = &self.upstream else {
            let error = texts::unknown_method(target);
            return completion(call.invocation, Ok(Outcome::Error(error)));
        };
        if target.chars().nth(NAME_MAX_CHARS).is_some() {
            let error = texts::unknown_method(target);
            return completion(call.invocation, Ok(Outcome::Error(error)));
        }
        if !call.invocation.stream_ids.is_empty() {
            let error = texts::invalid_arguments(target, "It takes no streams.");
            return completion(call.invocation, Ok(Outcome::Error(error)));
        }
        let client = match self.announced(caller).await {
            Ok(client) => client,
            Err(err) => return completion(call.invocation, Err(err)),
        };
        if call.invocation.invocation_id.is_some() {
            return self.ask(upstream, (caller, &client), call).await;
        }
        let event = event::invoked(&caller.socket, &client, &call, self.clock.now());
        presence::tell(upstream, &event).await;
        Step::Silent
    }

    /// The caller as backends know it, which they should do before they hear of its invocations.
    async fn announced(&self, caller: &Caller) -> Result<Client, StoreError> {
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

    /// Asks backends for an answer. Nothing is replied here, unless they cannot be asked.
    async fn ask(
        &self,
        upstream: &Upstream<U>,
        (caller, client): (&Caller, &Client),
        call: Call,
    ) -> Step {
        let id = call.invocation.invocation_id.clone().unwrap_or_default();
        let now = self.clock.now();
        let expires = now.plus(upstream.timeout).plus(REMINDER_LATE_MAX);
        match self.store.put_pending(&caller.socket, &id, now, expires).await {
            Ok(true) => {}
            Ok(false) => {
                let error = texts::id_in_use(&id);
                return Step::Reply(failed(id, error));
            }
            Err(err) => return completion(call.invocation, Err(err)),
        }
        match send(upstream, (caller, client), &call, self.clock.now()).await {
            Ok(()) => Step::Silent,
            Err(unsent) => self.unsent(caller, call.invocation, unsent).await,
        }
    }

    /// The answer to an invocation that did not get on its way, unless another answers it.
    async fn unsent(&self, caller: &Caller, call: Invocation, unsent: Unsent) -> Step {
        tracing::error!(error = %chain(&unsent.error), "an invocation is not handed up");
        let id = call.invocation_id.clone().unwrap_or_default();
        let is_ours = match self.store.complete_pending(&caller.socket, &id, SENDER).await {
            Ok(is_ours) => is_ours,
            // A reminder will find it; without one, nobody would.
            Err(_) => !unsent.is_reminded,
        };
        if !is_ours {
            return Step::Silent;
        }
        let error = texts::unexpected(&call.target);
        Step::Reply(failed(id, error))
    }
}

/// Why an invocation did not get on its way.
struct Unsent {
    error: QueueError,
    /// Whether it will be answered at its time-out in any case.
    is_reminded: bool,
}

async fn send<U: UpstreamQueue>(
    upstream: &Upstream<U>,
    (caller, client): (&Caller, &Client),
    call: &Call,
    now: Timestamp,
) -> Result<(), Unsent> {
    let id = call.invocation.invocation_id.as_deref().unwrap_or_default();
    let time_out = event::time_out(client, id, &call.invocation.target);
    let reminded = upstream.remind(&time_out, upstream.timeout).await;
    reminded.map_err(|error| Unsent { error, is_reminded: false })?;
    let event = event::invoked(&caller.socket, client, call, now);
    let told = upstream.tell(&event).await;
    told.map_err(|error| Unsent { error, is_reminded: true })
}
