//! Posting a round: bounded concurrency, one post under way per socket,
//! retries with full jitter within a budget.
//!
//! A socket that fails alone, when all others are done, is given up sooner: the
//! invocation must not last longer because of that socket.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use tokio::time::Instant;

use crate::attempts::{Attempts, Ending};
use crate::handshakes::{Handshake, Handshakes};
use crate::outcome::{Fate, FrameOutcome, Outcome, Stop, few_of};
use crate::pace::Pace;
use crate::round::Round;
use hubcast_model::frame::Frame;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{ConnectionGateway, PostError, SocketStore};
use hubcast_model::retention::Source;
use hubcast_model::time::Clock;

const PAUSE_MAX: Duration = Duration::from_secs(1);
/// A socket that fails alone is tried for no longer than this.
const ALONE_MAX: Duration = Duration::from_secs(4);
/// A success within this time shows that the gateway works.
const EVIDENCE: Duration = Duration::from_secs(10);

/// Until when a round is tried.
struct Schedule {
    /// No attempt begins after this time.
    deadline: Instant,
    /// No retry begins after this time.
    retry_end: Instant,
    /// For how long a socket is tried when it fails alone.
    alone: Duration,
    /// The number of sockets that are not done.
    open: AtomicUsize,
    /// A socket fails alone when no more than so many sockets are open.
    few: usize,
}

impl Schedule {
    fn new(sockets: usize, retry_budget: Duration, deadline: Instant) -> Self {
        Self {
            deadline,
            retry_end: deadline.min(Instant::now() + retry_budget),
            alone: (retry_budget / 3).min(ALONE_MAX),
            open: AtomicUsize::new(sockets),
            // Nobody knows of a single socket whether it fails alone.
            few: if sockets > 1 { few_of(sockets) } else { 0 },
        }
    }

    /// When a socket is given up whose first failure was at `since`.
    fn end_for(&self, since: Instant) -> Instant {
        if self.open.load(Ordering::Relaxed) > self.few {
            return self.retry_end;
        }
        self.retry_end.min(since + self.alone)
    }
}

/// What is posted at once.
struct Load {
    body: Bytes,
    /// Where each record comes from, for lines.
    sources: Vec<Source>,
}

/// Posts rounds at the instance's pace.
#[derive(Debug)]
pub(crate) struct Poster<'a, S, G, C> {
    /// The handshakes that posts wait for.
    pub(crate) handshakes: Handshakes<'a, S, C>,
    /// The sockets.
    pub(crate) gateway: &'a G,
    /// The rate of the instance.
    pub(crate) pace: &'a Pace,
    /// The rate of posts to lines beside this, for big audiences. A message to a line takes writes
    /// of the table, and its acknowledgement comes back within the same quota.
    pub(crate) line_pace: Option<&'a Pace>,
    /// The most posts under way at once.
    pub(crate) concurrency: usize,
    /// For how long a round is retried.
    pub(crate) retry_budget: Duration,
}

impl<S, G, C> Poster<'_, S, G, C> {
    /// Whether a post of this instance succeeded a moment ago.
    pub(crate) fn has_succeeded_lately(&self) -> bool {
        self.pace.has_succeeded_within(EVIDENCE)
    }

    /// The gateway may refuse a post to a socket for good. But when no post ever succeeded, our
    /// permissions are wrong, and nothing may be lost by that.
    fn judge_forbidden(&self, outcome: &mut Outcome) {
        let mut forbidden = outcome.frames.iter_mut().filter(|one| one.fate == Fate::Forbidden);
        let Some(first) = forbidden.next() else {
            return;
        };
        let has_ever_succeeded = self.pace.has_ever_succeeded();
        let fate = if has_ever_succeeded { Fate::Refused } else { Fate::Left };
        first.fate = fate;
        forbidden.for_each(|frame| frame.fate = fate);
        if !has_ever_succeeded {
            tracing::error!("no post is allowed; check execute-api:ManageConnections");
            outcome.stop = outcome.stop.or(Some(Stop::Failed));
        }
    }
}

impl<S: SocketStore, G: ConnectionGateway, C: Clock> Poster<'_, S, G, C> {
    /// Posts every socket's frames in order.
    pub(crate) async fn post(&self, round: &Round, deadline: Instant) -> Vec<Outcome> {
        let schedule = Schedule::new(round.sockets(), self.retry_budget, deadline);
        // All futures are made before the first is polled. That costs little, since bigger
        // audiences are cut into jobs.
        let mut posts = Vec::with_capacity(round.sockets());
        for (socket, frames) in self.in_turn(round.frames()) {
            posts.push(self.post_in_turn(round, socket, frames, &schedule));
        }
        let outcomes = stream::iter(posts).buffer_unordered(self.concurrency.max(1));
        let mut outcomes: Vec<Outcome> = outcomes.collect().await;
        for outcome in &mut outcomes {
            self.judge_forbidden(outcome);
        }
        outcomes
    }

    /// The sockets in the order in which they are posted to: lines that have a pace of their own
    /// come last, so that they hold up no other.
    fn in_turn<'r>(
        &self,
        mut frames: Vec<(&'r SocketId, Vec<Frame>)>,
    ) -> Vec<(&'r SocketId, Vec<Frame>)> {
        if self.line_pace.is_some() {
            frames.sort_by_key(|(socket, _)| socket.is_line());
        }
        frames
    }

    /// Waits until a post to this socket may begin; false when that would be after the deadline.
    async fn turn(&self, socket: &SocketId, deadline: Instant) -> bool {
        if let Some(pace) = self.line_pace.filter(|_| socket.is_line())
            && !pace.turn(deadline).await
        {
            return false;
        }
        self.pace.turn(deadline).await
    }

    /// Posts a socket's frames once its client has the answer to its handshake.
    async fn post_in_turn(
        &self,
        round: &Round,
        socket: &SocketId,
        frames: Vec<Frame>,
        schedule: &Schedule,
    ) -> Outcome {
        let mut outcome = Outcome {
            socket: socket.clone(),
            frames: Vec::with_capacity(frames.len()),
            stop: None,
        };
        if round.may_be_joining(socket) {
            outcome.stop = self.stop_of_handshake(socket, schedule).await;
        }
        self.post_list(round, frames, schedule, &mut outcome).await;
        schedule.open.fetch_sub(1, Ordering::Relaxed);
        outcome
    }

    /// Waits for a handshake that may be under way; answers why nothing may be posted after all.
    async fn stop_of_handshake(&self, socket: &SocketId, schedule: &Schedule) -> Option<Stop> {
        let since = Instant::now();
        let is_over = |at| at >= schedule.end_for(since);
        match self.handshakes.wait(socket, is_over).await {
            Handshake::Through => None,
            Handshake::OffRecord => Some(Stop::OffRecord),
            Handshake::UnderWay => Some(Stop::Joining),
        }
    }

    /// Posts frames in order, until one of them stops the rest.
    async fn post_list(
        &self,
        round: &Round,
        frames: Vec<Frame>,
        schedule: &Schedule,
        outcome: &mut Outcome,
    ) {
        for Frame { body, parcels } in frames {
            if outcome.stop.is_some() {
                outcome.frames.push(FrameOutcome::left(parcels));
                continue;
            }
            let mut attempts = Attempts::default();
            let socket = &outcome.socket;
            // Only lines ask where records come from.
            let sources = if socket.is_line() { round.sources(&parcels) } else { Vec::new() };
            let load = Load { body, sources };
            let fate = match self.post_frame(socket, load, schedule, &mut attempts).await {
                Ending::Fate(fate) => fate,
                Ending::Stop(stop) => {
                    outcome.stop = Some(stop);
                    Fate::Left
                }
            };
            let Attempts { throttled, ambiguous, .. } = attempts;
            outcome.frames.push(FrameOutcome { parcels, fate, throttled, ambiguous });
        }
    }

    /// Posts one frame, and tries again while that makes sense. A frame that may have arrived is
    /// repeated once at the most.
    async fn post_frame(
        &self,
        socket: &SocketId,
        load: Load,
        schedule: &Schedule,
        attempts: &mut Attempts,
    ) -> Ending {
        loop {
            if !self.turn(socket, schedule.deadline).await {
                let is_tried = attempts.first_failed.is_some();
                return Ending::Stop(if is_tried { Stop::Failed } else { Stop::Untried });
            }
            let err =
                match self.gateway.post_elements(socket, load.body.clone(), &load.sources).await {
                    Ok(()) => {
                        self.pace.succeeded();
                        return Ending::Fate(Fate::Delivered);
                    }
                    Err(err) => err,
                };
            if let PostError::Throttled = err {
                self.pace.throttled(socket);
            }
            if let Some(ending) = attempts.fail(&err, socket) {
                return ending;
            }
            let since = *attempts.first_failed.get_or_insert_with(Instant::now);
            let pause = attempts.longest_pause.mul_f64(fastrand::f64());
            if Instant::now() + pause >= schedule.end_for(since) {
                return Ending::Stop(Stop::Failed);
            }
            tokio::time::sleep(pause).await;
            attempts.longest_pause = (attempts.longest_pause * 2).min(PAUSE_MAX);
        }
    }
}
