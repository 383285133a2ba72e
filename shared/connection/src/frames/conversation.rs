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
use hubcast_model::ports::{ConnectionGateway, ResultStore, SocketStore};
use hubcast_model::time::Clock;
use signalr_protocol::framing::{self, FrameError};
use signalr_protocol::handshake::{HandshakeRequest, is_handshake};
use signalr_protocol::message::{HubMessage, PING};
use signalr_protocol::texts;

use super::calls::{Cancelled, HandUp};
use super::closer::{Closer, Notice};
use super::deadline::Deadlines;
use super::farewell::{Farewell, Stage};
use super::invocation::{Invoked, Streamed};
use super::known::Known;
use super::lifetime::due_end;
use super::liveness::{Liveness, Ping};
use super::meter::Meter;
use super::record::{Record, want_a_sign};
use super::result::Results;
use super::step::{Answer, End, Step};
use super::{RECORDS_MAX, REPLY_MAX_BYTES};

/// What a Close may take of [`REPLY_MAX_BYTES`]. Its longest text names a protocol of 200
/// characters.
const CLOSE_MAX_BYTES: usize = 2 * 1024;

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
    pub(super) results: Results<S>,
    pub(super) closer: Closer<S, G, C>,
}

impl<S, G, C, H, I, B> Conversation<S, G, C, H, I, B>
where
    S: SocketStore + ResultStore,
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
            None => match self.deadlines.due(caller, &self.meter.budget).await {
                None => due_end(caller, self.lifetime, self.clock.now()),
                end => end,
            },
            end => end,
        };
        if let Some(end) = end {
            reply.push_str(&self.close(caller, end).await);
        }
        reply
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
        let stage = self.liveness.stage(caller).await;
        stage.unwrap_or_else(|| match end {
            // This frame is the handshake.
            End::Refuse(_) => Stage::Before,
            _ if self.liveness.is_young(caller) => Stage::Between,
            _ => Stage::Through,
        })
    }

    /// Notes an end, so that frames that come meanwhile do not cut the socket before its Close.
    async fn begin(&self, caller: &Caller, farewell: &Farewell) -> Notice {
        let (socket, budget) = (&caller.socket, &self.meter.budget);
        budget.end(socket, self.closer.told_by(), self.clock.now());
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
        let wants_a_sign = want_a_sign(&records);
        let known = Arc::new(Known::default());
        let end = self.records(caller, records, &known, reply).await;
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
        let budget = &self.meter.budget;
        if !budget.is_through(&caller.socket) {
            match self.liveness.is_through(caller).await {
                Ok(true) => {}
                Ok(false) => return None,
                Err(end) => return Some(end),
            }
        }
        let now = self.clock.now();
        budget.note_through(&caller.socket, now);
        budget.note_ping(&caller.socket, now);
        reply.push_str(PING);
        None
    }

    /// Answers records one after another, and adds the answers to `reply`. Calls to backends are
    /// handed up together, after the last record or before a call may be cancelled.
    async fn records(
        &self,
        caller: &Caller,
        records: Vec<Record>,
        known: &Arc<Known>,
        reply: &mut String,
    ) -> Option<End> {
        let mut calls = Vec::new();
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
                step => end = add(step, reply),
            }
        }
        let handed_up = add(self.hand_up(caller, calls, known).await, reply);
        end.or(handed_up)
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
            HubMessage::Completion(completion) => self.results.answer(caller, completion).await,
            // Only calls to backends can be cancelled; the others are answered at once.
            HubMessage::CancelInvocation { invocation_id } => match &self.calls {
                Some(calls) => {
                    Box::pin(calls.answer(caller, Cancelled { invocation_id, known })).await
                }
                None => Step::Silent,
            },
            HubMessage::StreamItem(_)
            | HubMessage::Close(_)
            | HubMessage::Ack { .. }
            | HubMessage::Sequence { .. } => Step::Silent,
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

/// Whether a frame holds a handshake, so that its client may wait for the answer.
pub(super) fn shakes_hands(frame: &str) -> bool {
    framing::records(frame, RECORDS_MAX).is_ok_and(|records| records.into_iter().any(is_handshake))
}

/// Adds what a step sends back to `reply`; the end of the conversation, if this is one.
fn add(step: Step, reply: &mut String) -> Option<End> {
    // A Close may follow, for a reason that comes later or by the clock.
    let room = REPLY_MAX_BYTES - CLOSE_MAX_BYTES;
    match step {
        Step::Silent | Step::HandUp(_) => None,
        Step::End(end) => Some(end),
        Step::Reply(text) if reply.len() + text.len() > room => {
            Some(End::limit("The replies to one frame are too large."))
        }
        Step::Reply(text) => {
            reply.push_str(&text);
            None
        }
    }
}
