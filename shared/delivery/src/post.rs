//! Posting: bounded concurrency, one post under way per socket, retries with
//! full jitter within a budget.
//!
//! A socket that fails alone, when all others are done, is given up sooner: the
//! invocation must not last longer for it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use tokio::time::Instant;

use super::Publisher;
use super::outcome::{SocketOutcome, Stop};
use super::plan::Plan;
use hubcast_model::frame::Frame;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, ConnectionGateway, GrantStore,
    InboxStore, MembershipStore, NotificationQueue, PendingStore, PostError, ProgressStore,
    SessionStore, ShardStore, SocketStore, UpstreamQueue, UsageStore,
};
use hubcast_model::report::chain;
use hubcast_model::time::Clock;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// The longest that a socket is tried which fails alone.
const ALONE_MAX: Duration = Duration::from_secs(4);

/// One round of posts.
struct Round {
    /// No attempt begins after it.
    deadline: Instant,
    /// No retry begins after it.
    retry_end: Instant,
    /// For how long a socket is tried that fails alone.
    alone: Duration,
    /// The sockets that are not done.
    open: AtomicUsize,
    /// So many sockets still open are few.
    few: usize,
}

impl Round {
    fn new(sockets: usize, retry_budget: Duration, deadline: Instant) -> Self {
        Self {
            deadline,
            retry_end: deadline.min(Instant::now() + retry_budget),
            alone: (retry_budget / 3).min(ALONE_MAX),
            open: AtomicUsize::new(sockets),
            // Of a single socket nobody knows whether it fails alone.
            few: if sockets > 1 { few_of(sockets) } else { 0 },
        }
    }

    /// When a socket is given up that failed first at `since`.
    fn end_for(&self, since: Instant) -> Instant {
        if self.open.load(Ordering::Relaxed) > self.few {
            return self.retry_end;
        }
        self.retry_end.min(since + self.alone)
    }
}

/// How many of so many sockets are few: one, or up to a tenth.
pub(super) fn few_of(sockets: usize) -> usize {
    (sockets / 10).max(1)
}

/// How one frame ended, after all its attempts.
enum Fate {
    Delivered,
    Refused,
    Forbidden,
    Stopped(Stop),
}

/// The attempts at one frame.
struct Attempts {
    first_failed: Option<Instant>,
    longest_pause: Duration,
    /// Whether it may have arrived already.
    is_ambiguous: bool,
}

impl<S, G, Q, C, U> Publisher<S, G, Q, C, U>
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
        + ProgressStore,
    G: ConnectionGateway,
    Q: NotificationQueue,
    C: Clock,
    U: UpstreamQueue,
{
    /// Posts every socket's frames in order.
    pub(super) async fn post(&self, plan: &Plan, deadline: Instant) -> Vec<SocketOutcome> {
        let round = Round::new(plan.lists.len(), self.settings.retry_budget, deadline);
        // Futures are made before they are polled, which costs little: a plan goes to so many
        // sockets at the most that no one would rather use jobs.
        let mut posts = Vec::with_capacity(plan.lists.len());
        for (socket, frames) in plan.frames() {
            posts.push(self.post_list(socket, frames, &round));
        }
        let outcomes = stream::iter(posts).buffer_unordered(self.settings.concurrency.max(1));
        let mut outcomes: Vec<SocketOutcome> = outcomes.collect().await;
        for outcome in &mut outcomes {
            self.judge_forbidden(outcome);
        }
        outcomes
    }

    /// A socket that we may not post to is final for its parcels. But when no post ever
    /// succeeded, our permissions are wrong, and nothing may be lost by that.
    fn judge_forbidden(&self, outcome: &mut SocketOutcome) {
        let forbidden = std::mem::take(&mut outcome.forbidden);
        if forbidden.is_empty() {
            return;
        }
        if self.pace.has_ever_succeeded() {
            outcome.refused.extend(forbidden);
        } else {
            tracing::error!("no post is allowed; check execute-api:ManageConnections");
            outcome.left.splice(0..0, forbidden);
            outcome.stop = outcome.stop.or(Some(Stop::Failed));
        }
    }

    async fn post_list(
        &self,
        socket: &SocketId,
        frames: Vec<Frame>,
        round: &Round,
    ) -> SocketOutcome {
        let mut outcome = SocketOutcome::new(socket.clone());
        for frame in frames {
            if outcome.stop.is_some() {
                outcome.left.extend(frame.parcels);
                continue;
            }
            match self.post_frame(frame.body, round, &mut outcome).await {
                Fate::Delivered => outcome.delivered.extend(frame.parcels),
                Fate::Refused => outcome.refused.extend(frame.parcels),
                Fate::Forbidden => outcome.forbidden.extend(frame.parcels),
                Fate::Stopped(stop) => {
                    outcome.stop = Some(stop);
                    outcome.left.extend(frame.parcels);
                }
            }
        }
        round.open.fetch_sub(1, Ordering::Relaxed);
        outcome
    }

    /// Posts one frame, again while it makes sense. What may have arrived is repeated once at
    /// the most.
    async fn post_frame(&self, body: Bytes, round: &Round, outcome: &mut SocketOutcome) -> Fate {
        let mut attempts =
            Attempts { first_failed: None, longest_pause: FIRST_PAUSE, is_ambiguous: false };
        loop {
            if !self.pace.turn(round.deadline).await {
                let is_tried = attempts.first_failed.is_some();
                return Fate::Stopped(if is_tried { Stop::Failed } else { Stop::Untried });
            }
            let err = match self.gateway.post(&outcome.socket, body.clone()).await {
                Ok(()) => {
                    self.pace.succeeded();
                    outcome.posts += 1;
                    return Fate::Delivered;
                }
                Err(err) => err,
            };
            if let Some(fate) = self.sort(&err, &mut attempts, outcome) {
                return fate;
            }
            let since = *attempts.first_failed.get_or_insert_with(Instant::now);
            let pause = attempts.longest_pause.mul_f64(fastrand::f64());
            if Instant::now() + pause >= round.end_for(since) {
                return Fate::Stopped(Stop::Failed);
            }
            tokio::time::sleep(pause).await;
            attempts.longest_pause = (attempts.longest_pause * 2).min(PAUSE_MAX);
        }
    }

    /// What a failed attempt leads to; nothing when another may follow.
    fn sort(
        &self,
        err: &PostError,
        attempts: &mut Attempts,
        outcome: &mut SocketOutcome,
    ) -> Option<Fate> {
        match err {
            PostError::Gone => return Some(Fate::Stopped(Stop::Gone)),
            PostError::TooLarge => {
                tracing::warn!(error = %chain(err), socket.id = %outcome.socket, "a post was refused");
                return Some(Fate::Refused);
            }
            PostError::Refused(_) => {
                tracing::warn!(error = %chain(err), socket.id = %outcome.socket, "a post was refused");
                return Some(Fate::Forbidden);
            }
            PostError::Throttled => {
                outcome.throttled += 1;
                self.pace.throttled(&outcome.socket);
            }
            PostError::Unreached(_) => {}
            PostError::Ambiguous(_) => {
                outcome.ambiguous += 1;
                if attempts.is_ambiguous {
                    return Some(Fate::Stopped(Stop::Failed));
                }
                attempts.is_ambiguous = true;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_socket_is_always_few() {
        assert_eq!([0, 1, 9, 10, 25, 1000].map(few_of), [1, 1, 1, 1, 2, 100]);
    }
}
