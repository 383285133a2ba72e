//! One frame of a client, and the frame that is sent back.
//!
//! The records of a frame are answered one after another. The conversation
//! knows what each kind of record is, and which part answers it.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use hubcast_model::context::Caller;
use hubcast_model::event::Call;
use hubcast_model::journey::connection::closing;
use hubcast_model::ports::{ClientStore, ConnectionGateway, ResultStore, SocketStore};
use hubcast_model::time::Clock;
use signalr_protocol::framing::{self, FrameError};
use signalr_protocol::handshake::HandshakeRequest;
use signalr_protocol::message::{HubMessage, PING};
use signalr_protocol::texts;

use super::RECORDS_MAX;
use super::calls::{Cancelled, HandUp};
use super::closer::{Closer, Notice};
use super::deadline::Deadlines;
use super::farewell::{Farewell, Stage};
use super::invocation::{Invoked, Streamed};
use super::known::Known;
use super::lifetime::due_end;
use super::liveness::{Liveness, Ping};
use super::meter::Meter;
use super::order::{Order, last_number};
use super::reason::Reasons;
use super::record::{Record, shakes_hands, want_a_sign};
use super::reply::add;
use super::result::{Answered, Results};
use super::step::{Answer, End, Step};

/// The rules of one frame: `handshake` answers handshakes, `invocations` the calls of methods, and
/// `calls` brings calls to backends.
#[derive(Debug)]
pub(super) struct Conversation<S, G, C, H, I, B> {
    pub(super) clock: Arc<C>,
    /// How long the gateway lets a socket live.
    pub(super) lifetime: Duration,
    pub(super) meter: Meter<S, C>,
    pub(super) handshake: H,
    pub(super) liveness: Arc<Liveness<S, C>>,
    pub(super) deadlines: Deadlines<S, C>,
    pub(super) invocations: I,
    /// `None` when backends hear of nothing.
    pub(super) calls: Option<B>,
    pub(super) order: Arc<Order<S, C>>,
    pub(super) results: Results<S>,
    pub(super) reasons: Reasons<S>,
    pub(super) closer: Closer<S, G, C>,
}

impl<S, G, C, H, I, B> Conversation<S, G, C, H, I, B>
where
    S: ClientStore + SocketStore + ResultStore,
    G: ConnectionGateway,
    C: Clock,
    H: Answer<HandshakeRequest>,
    I: Answer<Invoked> + Answer<Streamed>,
    B: Answer<HandUp> + Answer<Cancelled>,
{
    /// The frame that answers a frame; empty for none.
    pub(super) async fn reply(&self, caller: &Caller, frame: &str) -> String {
        if let Some(told_at) = self.meter.budget.ended(&caller.socket) {
            return self.closer.insist(&caller.socket, told_at).await;
        }
        let mut reply = String::new();
        let end = match framing::records(frame, RECORDS_MAX) {
            Ok(records) => {
                let records = records.into_iter().map(Record::read).collect();
                self.admitted(caller, records, &mut reply).await
            }
            Err(FrameError::Empty) => self.meter.admit(caller, &[]).await,
            Err(err @ FrameError::TooManyRecords { .. }) => Some(End::limit(err.to_string())),
            Err(err) => Some(End::Broken(err.to_string())),
        };
        let end = match end {
            None => self.due(caller, &mut reply).await,
            end => end,
        };
        if let Some(end) = end {
            reply.push_str(&self.close(caller, end).await);
        }
        reply
    }

    /// The end of a socket whose time is over.
    async fn due(&self, caller: &Caller, reply: &mut String) -> Option<End> {
        if let Some(end) = self.deadlines.due(caller, &self.meter.budget).await {
            return Some(end);
        }
        let end = due_end(caller, self.lifetime, self.clock.now());
        if end.is_none() { self.overdue(caller, reply).await } else { end }
    }

    /// The end of a late socket that has not begun its handshake, whatever it sends: API Gateway ends
    /// a socket that sends nothing.
    async fn overdue(&self, caller: &Caller, reply: &mut String) -> Option<End> {
        if !self.liveness.is_late(caller) {
            return None;
        }
        let end = self.is_through(caller).await.err()?;
        // Such a client reads nothing, not even the answer to a ping.
        reply.clear();
        Some(end)
    }

    /// Whether a client has its handshake behind it; the end of a client that never will.
    async fn is_through(&self, caller: &Caller) -> Result<bool, End> {
        let budget = &self.meter.budget;
        if budget.is_through(&caller.socket) {
            return Ok(true);
        }
        let is_through = self.liveness.is_through(caller).await?;
        if is_through {
            budget.note_through(&caller.socket, self.clock.now());
        }
        Ok(is_through)
    }

    /// Ends the caller's socket since its frame could not be answered in time. Nobody is asked how
    /// far the handshake is: whoever answers that may be what took too long.
    pub(super) async fn run_out(&self, caller: &Caller, frame: &str) -> String {
        let farewell = self.last_words(caller, frame);
        match self.begin(caller, &farewell).await {
            // The frame that was to tell the client may be this one.
            Notice::Repeated(_) => self.closer.drop(&caller.socket).await,
            notice => self.closer.close(&caller.socket, farewell, notice).await,
        }
    }

    /// What a client may read whose frame could not be answered, as far as this instance knows.
    pub(super) fn last_words(&self, caller: &Caller, frame: &str) -> Farewell {
        let is_through = self.meter.budget.is_through(&caller.socket)
            || !(self.liveness.is_young(caller) || shakes_hands(frame));
        let stage = if is_through { Stage::Through } else { Stage::Between };
        Farewell::of(End::reconnect(texts::CLOSED_WITH_ERROR), stage)
    }

    async fn close(&self, caller: &Caller, end: End) -> String {
        closing(caller, end.why());
        let stage = self.stage(caller, &end).await;
        let farewell = Farewell::of(end, stage);
        let notice = self.begin(caller, &farewell).await;
        self.closer.close(&caller.socket, farewell, notice).await
    }

    /// How far the client is with its handshake.
    async fn stage(&self, caller: &Caller, end: &End) -> Stage {
        if self.meter.budget.is_through(&caller.socket) {
            return Stage::Through;
        }
        if matches!(end, End::Drop) {
            return Stage::Between;
        }
        self.liveness.stage(caller, end).await
    }

    /// Notes an end, so that frames that come meanwhile do not cut the socket before its Close.
    async fn begin(&self, caller: &Caller, farewell: &Farewell) -> Notice {
        let (socket, budget) = (&caller.socket, &self.meter.budget);
        budget.end(socket, self.closer.told_by(), self.clock.now());
        self.reasons.told(socket, farewell).await;
        let notice = self.closer.begin(socket, farewell).await;
        if let Some(told_at) = notice.told_at() {
            budget.told(socket, told_at, self.clock.now());
        }
        notice
    }

    /// Answers the records of a frame, if the client has paid for them.
    async fn admitted(
        &self,
        caller: &Caller,
        records: Vec<Record>,
        reply: &mut String,
    ) -> Option<End> {
        if let Some(end) = self.meter.admit(caller, &records).await {
            return Some(end);
        }
        let (wants_a_sign, last) = (want_a_sign(&records), last_number(&records));
        let known = Arc::new(Known::default());
        let end = self.records(caller, records, &known, reply).await;
        self.order.note(&caller.socket, last);
        if known.was_ready() {
            self.meter.budget.note_through(&caller.socket, self.clock.now());
        }
        if end.is_none() && reply.is_empty() && wants_a_sign {
            return self.sign(caller, reply).await;
        }
        end
    }

    /// Gives a client a sign of life, unless its handshake may be on its way at another instance: a
    /// client that reads anything before the answer fails for good.
    async fn sign(&self, caller: &Caller, reply: &mut String) -> Option<End> {
        match self.is_through(caller).await {
            Ok(true) => {}
            // A late socket ends, unless another end is due.
            Ok(false) | Err(End::Drop) => return None,
            Err(end) => return Some(end),
        }
        self.meter.budget.note_ping(&caller.socket, self.clock.now());
        reply.push_str(PING);
        None
    }

    /// Answers records one after another, and adds the answers to `reply`. Answers to backends are
    /// kept together, after the last record. Calls to backends are handed up together, behind these
    /// or before a call may be cancelled.
    async fn records(
        &self,
        caller: &Caller,
        records: Vec<Record>,
        known: &Arc<Known>,
        reply: &mut String,
    ) -> Option<End> {
        let (mut calls, mut answered) = (Vec::new(), Vec::new());
        let mut end = None;
        for record in records {
            if record.is_a_cancellation() {
                end = add(self.hand_up(caller, mem::take(&mut calls), known).await, reply);
            }
            if end.is_some() {
                break;
            }
            match self.record(caller, record, known).await {
                Step::HandUp(call) => calls.push(call),
                Step::Keep(completion) => answered.push(completion),
                step => end = add(step, reply),
            }
        }
        let kept = add(self.results.answer(caller, Answered(answered)).await, reply);
        let handed_up = add(self.hand_up(caller, calls, known).await, reply);
        end.or(kept).or(handed_up)
    }

    async fn hand_up(&self, caller: &Caller, calls: Vec<Call>, known: &Arc<Known>) -> Step {
        match &self.calls {
            Some(backends) if !calls.is_empty() => {
                let known = Arc::clone(known);
                Box::pin(backends.answer(caller, HandUp { calls, known })).await
            }
            _ => Step::Silent,
        }
    }

    /// Hands a record to the part that answers it.
    ///
    /// Handshakes and invocations are boxed: they are rare and their futures large, and not every
    /// frame's future is to be as large.
    async fn record(&self, caller: &Caller, record: Record, known: &Arc<Known>) -> Step {
        match record {
            Record::Handshake(request) => Box::pin(self.handshake.answer(caller, request)).await,
            Record::Message(message) => self.message(caller, message, known).await,
            Record::Unknown => Step::Silent,
            Record::Broken(detail) => Step::End(End::Broken(detail)),
        }
    }

    async fn message(&self, caller: &Caller, message: HubMessage, known: &Arc<Known>) -> Step {
        let known = Arc::clone(known);
        match message {
            HubMessage::Ping => self.ping(caller).await,
            HubMessage::Invocation(call) => {
                Box::pin(self.invocations.answer(caller, Invoked { call, known })).await
            }
            HubMessage::StreamInvocation(call) => {
                Box::pin(self.invocations.answer(caller, Streamed { call, known })).await
            }
            HubMessage::Completion(completion) => Step::Keep(completion),
            // Only calls to backends can be cancelled; the others are answered at once.
            HubMessage::CancelInvocation { invocation_id } => match &self.calls {
                Some(calls) => {
                    Box::pin(calls.answer(caller, Cancelled { invocation_id, known })).await
                }
                None => Step::Silent,
            },
            HubMessage::Close(close) => self.reasons.heard(&caller.socket, &close).await,
            HubMessage::StreamItem(_) | HubMessage::Ack { .. } | HubMessage::Sequence { .. } => {
                Step::Silent
            }
        }
    }

    /// Answers a ping, unless the last answer is too young.
    async fn ping(&self, caller: &Caller) -> Step {
        let (budget, now) = (&self.meter.budget, self.clock.now());
        if !budget.may_ping(&caller.socket, now) {
            return Step::Silent;
        }
        budget.note_ping(&caller.socket, now);
        self.liveness.answer(caller, Ping).await
    }
}
