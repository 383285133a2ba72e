//! The calls of one frame on their way to backends, all together.
//!
//! A call that wants an answer is noted first, then a reminder is put on its
//! way, then the backends are told. So whatever happens after the first step,
//! somebody completes the call, and whoever completes the call answers it.
//!
//! Each step is made for all calls of the frame before the next step begins. So
//! hundreds of calls take some dozens of requests to the queues. Backends are
//! told of the calls in their order. A call that fails at one step takes no
//! part in the later ones, and its client gets an error.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use hubcast_model::client::Client;
use hubcast_model::event::{self, Call};
use hubcast_model::id::{NAME_MAX_CHARS, SocketId};
use hubcast_model::ports::{PendingStore, StoreError, Untaken, UpstreamMessage, UpstreamQueue};
use hubcast_model::report::chain;
use hubcast_model::time::Clock;
use signalr_protocol::message::{Completion, HubMessage, Invocation, Outcome};
use signalr_protocol::texts;

use crate::upstream::Upstream;

/// How many rows are written at once.
const WRITES_AT_ONCE: usize = 16;
/// How much longer than its time-out a pending call is kept, for a reminder that comes late.
const REMINDER_LATE_MAX: Duration = Duration::from_hours(1);
/// The name under which this function completes a call that did not get on its way.
const SENDER: &str = "sender";

/// A call on its way to backends.
#[derive(Debug)]
pub(super) struct Outbound {
    call: Call,
    fate: Fate,
}

/// What became of a call.
#[derive(Debug)]
enum Fate {
    /// Nothing has failed so far.
    OnItsWay,
    /// The call failed, and somebody else answers it.
    Answered,
    /// The call failed, and its client is told this.
    Failed(String),
}

/// Calls as they came, in order. Those that no backend is asked for have failed already.
pub(super) fn outbound(calls: Vec<Call>) -> Vec<Outbound> {
    let mut ids = BTreeSet::new();
    let checked = calls.into_iter().map(|call| {
        let id = call.invocation.invocation_id.clone();
        let error = refusal(&call.invocation)
            .or_else(|| id.filter(|id| !ids.insert(id.clone())).map(|id| texts::id_in_use(&id)));
        Outbound { call, fate: error.map_or(Fate::OnItsWay, Fate::Failed) }
    });
    checked.collect()
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

impl Outbound {
    const fn is_on_its_way(&self) -> bool {
        matches!(self.fate, Fate::OnItsWay)
    }

    /// The id of a call that wants an answer, while the call is on its way.
    fn waiting_id(&self) -> Option<&str> {
        self.call.invocation.invocation_id.as_deref().filter(|_| self.is_on_its_way())
    }

    fn target(&self) -> &str {
        &self.call.invocation.target
    }

    /// Has the client told that its id is not free.
    fn refuse_id(&mut self) {
        if let Some(id) = self.waiting_id() {
            self.fate = Fate::Failed(texts::id_in_use(id));
        }
    }

    /// Has the client told that something broke.
    pub(super) fn fail(&mut self) {
        if self.is_on_its_way() {
            self.fate = Fate::Failed(texts::unexpected(self.target()));
        }
    }

    /// The completion of a call that failed; empty when there is none.
    pub(super) fn completion(self) -> String {
        let (Fate::Failed(error), Some(invocation_id)) =
            (self.fate, self.call.invocation.invocation_id)
        else {
            return String::new();
        };
        let outcome = Outcome::Error(error);
        HubMessage::Completion(Completion { invocation_id, outcome }).encode()
    }
}

/// Whether somebody has to answer a call.
fn waits(call: &&mut Outbound) -> bool {
    call.waiting_id().is_some()
}

/// Brings the calls of one client to backends.
pub(super) struct Courier<'a, S, C, U> {
    pub(super) store: &'a S,
    pub(super) clock: &'a C,
    pub(super) upstream: &'a Upstream<U>,
    pub(super) socket: &'a SocketId,
    /// The client as backends know it.
    pub(super) client: &'a Client,
}

impl<S: PendingStore, C: Clock, U: UpstreamQueue> Courier<'_, S, C, U> {
    /// Hands those calls up that are on their way.
    pub(super) async fn hand_up(&self, calls: &mut [Outbound]) {
        self.note(calls).await;
        self.remind(calls).await;
        self.tell(calls).await;
    }

    /// Notes the calls that want an answer.
    async fn note(&self, calls: &mut [Outbound]) {
        let now = self.clock.now();
        let expires = now.plus(self.upstream.timeout).plus(REMINDER_LATE_MAX);
        let mut notes = Vec::new();
        for id in calls.iter().filter_map(Outbound::waiting_id) {
            notes.push(self.store.put_pending(self.socket, id, now, expires));
        }
        let notes: Vec<_> = stream::iter(notes).buffered(WRITES_AT_ONCE).collect().await;
        let mut failures = Failures::default();
        for (call, noted) in calls.iter_mut().filter(waits).zip(notes) {
            match noted {
                Ok(true) => {}
                Ok(false) => call.refuse_id(),
                Err(err) => {
                    call.fail();
                    failures.add(err);
                }
            }
        }
        failures.log();
    }

    /// Has the calls answered that nobody answers in time.
    async fn remind(&self, calls: &mut [Outbound]) {
        let envelope =
            |call: &Outbound| Some(event::time_out(self.client, call.waiting_id()?, call.target()));
        let envelopes: Vec<String> = calls.iter().filter_map(envelope).collect();
        if let Err(untaken) = self.upstream.remind(&envelopes, self.upstream.timeout).await {
            self.take_back(lost(calls.iter_mut().filter(waits), &untaken), false).await;
        }
    }

    /// Tells backends of the calls, in order.
    async fn tell(&self, calls: &mut [Outbound]) {
        let now = self.clock.now();
        let on_their_way = calls.iter().filter(|call| call.is_on_its_way());
        let event = |call: &Outbound| event::invoked(self.socket, self.client, &call.call, now);
        let events: Vec<UpstreamMessage> = on_their_way.map(event).collect();
        if let Err(untaken) = self.upstream.tell(&events).await {
            let told = calls.iter_mut().filter(|call| call.is_on_its_way());
            self.take_back(lost(told, &untaken), true).await;
        }
    }

    /// Takes calls back that did not get on their way, except those that somebody else answers.
    async fn take_back(&self, calls: Vec<&mut Outbound>, are_reminded: bool) {
        let mut looks = Vec::new();
        for call in &calls {
            looks.push(self.is_ours(call.waiting_id(), are_reminded));
        }
        let ours: Vec<bool> = stream::iter(looks).buffered(WRITES_AT_ONCE).collect().await;
        for (call, is_ours) in calls.into_iter().zip(ours) {
            if is_ours {
                call.fail();
            } else {
                call.fate = Fate::Answered;
            }
        }
    }

    /// Whether this function answers a call that did not get on its way.
    async fn is_ours(&self, id: Option<&str>, is_reminded: bool) -> bool {
        let Some(id) = id else {
            return true;
        };
        let completed = self.store.complete_pending(self.socket, id, SENDER).await;
        // A reminder will find the call. Without a reminder nobody would.
        completed.unwrap_or(!is_reminded)
    }
}

/// Those calls that a queue did not take, of all that it was given.
fn lost<'a>(
    given: impl Iterator<Item = &'a mut Outbound>,
    untaken: &Untaken,
) -> Vec<&'a mut Outbound> {
    let count = untaken.places.len();
    tracing::error!(error = %chain(untaken), invocation.count = count, "an invocation is not handed up");
    let is_lost = |(place, _): &(usize, &mut Outbound)| untaken.places.contains(place);
    given.enumerate().filter(is_lost).map(|(_, call)| call).collect()
}

/// Writes that failed, of which the log says the first cause and the number.
#[derive(Default)]
struct Failures {
    first: Option<StoreError>,
    count: usize,
}

impl Failures {
    fn add(&mut self, err: StoreError) {
        self.first.get_or_insert(err);
        self.count += 1;
    }

    fn log(self) {
        if let Some(err) = self.first {
            tracing::error!(error = %chain(&err), invocation.count = self.count, "an invocation failed");
        }
    }
}
