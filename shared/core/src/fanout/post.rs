//! Posting: bounded concurrency, one post under way per socket, retries with
//! full jitter within a budget.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use tokio::time::Instant;

use super::Publisher;
use super::frame::Frame;
use super::plan::Plan;
use crate::id::SocketId;
use crate::membership::disconnect;
use crate::ports::{
    AccessStore, ChannelStore, ConnectionGateway, NotificationQueue, PostError, ProgressStore,
    SocketStore, StoreError,
};
use crate::report::chain;
use crate::time::Clock;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Why a socket did not get everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// It does not exist any more.
    Gone,
    /// The rest may be tried again later.
    Retry,
}

/// What became of one socket's list.
#[derive(Debug)]
pub(super) struct SocketOutcome {
    pub(super) socket: SocketId,
    /// The parcels that were posted.
    pub(super) delivered: Vec<usize>,
    /// The parcels that the gateway refused for good.
    pub(super) refused: Vec<usize>,
    /// The parcels that were not posted, because of `stop`.
    pub(super) left: Vec<usize>,
    pub(super) stop: Option<Stop>,
    /// How many posts succeeded.
    pub(super) posts: usize,
    /// How often the gateway throttled, and how often it left the outcome open.
    pub(super) throttled: usize,
    pub(super) ambiguous: usize,
}

impl SocketOutcome {
    fn new(socket: SocketId) -> Self {
        let (delivered, refused, left) = (Vec::new(), Vec::new(), Vec::new());
        let (posts, throttled, ambiguous) = (0, 0, 0);
        Self { socket, delivered, refused, left, stop: None, posts, throttled, ambiguous }
    }
}

/// How one frame ended, after all its attempts.
enum Fate {
    Delivered,
    Refused,
    Stopped(Stop),
}

impl<S, G, Q, C> Publisher<S, G, Q, C>
where
    S: SocketStore + ChannelStore + AccessStore + ProgressStore,
    G: ConnectionGateway,
    Q: NotificationQueue,
    C: Clock,
{
    /// Posts every socket's frames in order.
    pub(super) async fn post(&self, plan: &Plan) -> Vec<SocketOutcome> {
        let until = Instant::now() + self.settings.retry_budget;
        // Futures are made before they are polled, which costs little: a batch goes to so many
        // sockets at the most that no one would rather use jobs.
        let mut posts = Vec::with_capacity(plan.lists.len());
        for (socket, frames) in plan.frames() {
            posts.push(self.post_list(socket, frames, until));
        }
        stream::iter(posts).buffer_unordered(self.settings.concurrency.max(1)).collect().await
    }

    async fn post_list(
        &self,
        socket: &SocketId,
        frames: Vec<Frame>,
        until: Instant,
    ) -> SocketOutcome {
        let mut outcome = SocketOutcome::new(socket.clone());
        for frame in frames {
            if outcome.stop.is_some() {
                outcome.left.extend(frame.parcels);
                continue;
            }
            match self.post_frame(frame.body, until, &mut outcome).await {
                Fate::Delivered => outcome.delivered.extend(frame.parcels),
                Fate::Refused => outcome.refused.extend(frame.parcels),
                Fate::Stopped(stop) => {
                    outcome.stop = Some(stop);
                    outcome.left.extend(frame.parcels);
                }
            }
        }
        outcome
    }

    /// Posts one frame, again while it makes sense. What may have arrived is repeated once at
    /// the most.
    async fn post_frame(&self, body: Bytes, until: Instant, outcome: &mut SocketOutcome) -> Fate {
        let mut longest = FIRST_PAUSE;
        let mut is_repeated = false;
        loop {
            let err = match self.gateway.post(&outcome.socket, body.clone()).await {
                Ok(()) => {
                    outcome.posts += 1;
                    return Fate::Delivered;
                }
                Err(err) => err,
            };
            match err {
                PostError::Gone => return Fate::Stopped(Stop::Gone),
                PostError::TooLarge | PostError::Refused(_) => {
                    tracing::warn!(error = %chain(&err), socket.id = %outcome.socket, "a post was refused");
                    return Fate::Refused;
                }
                PostError::Throttled => outcome.throttled += 1,
                PostError::Unreached(_) => {}
                PostError::Ambiguous(_) if is_repeated => return Fate::Stopped(Stop::Retry),
                PostError::Ambiguous(_) => {
                    outcome.ambiguous += 1;
                    is_repeated = true;
                }
            }
            let pause = longest.mul_f64(fastrand::f64());
            if Instant::now() + pause >= until {
                return Fate::Stopped(Stop::Retry);
            }
            tokio::time::sleep(pause).await;
            longest = (longest * 2).min(PAUSE_MAX);
        }
    }

    /// Removes the rows of sockets that are gone, and ends the socket in case it is not.
    pub(super) async fn prune(&self, plan: &Plan, outcomes: &[SocketOutcome]) {
        let mut ends = Vec::new();
        for outcome in outcomes {
            if outcome.stop == Some(Stop::Gone) {
                // A socket that is alive all the same would stay connected and deaf.
                ends.push(self.end(plan, &outcome.socket));
            }
        }
        self.all(ends).await;
    }

    /// Ends the sockets that were told to go, after they had time to read it: a client that is
    /// cut off before would come back.
    pub(super) async fn end_closed(&self, plan: &Plan, outcomes: &[SocketOutcome]) {
        let mut ends = Vec::new();
        for outcome in outcomes {
            let parcels = outcome.delivered.iter().filter_map(|at| plan.parcels.get(*at));
            if parcels.into_iter().any(|parcel| parcel.ends) {
                ends.push(self.end(plan, &outcome.socket));
            }
        }
        if !ends.is_empty() {
            tokio::time::sleep(self.settings.close_grace).await;
            self.all(ends).await;
        }
    }

    async fn all<F: Future<Output = ()>>(&self, futures: Vec<F>) {
        let concurrency = self.settings.concurrency.max(1);
        stream::iter(futures).buffer_unordered(concurrency).collect::<()>().await;
    }

    async fn end(&self, plan: &Plan, socket: &SocketId) {
        if let Err(err) = self.gateway.delete(socket).await {
            tracing::warn!(error = %chain(&err), "a socket could not be ended");
        }
        if let Err(err) = self.remove_socket(plan, socket).await {
            tracing::warn!(error = %chain(&err), "rows of an ended socket remain");
        }
    }

    async fn remove_socket(&self, plan: &Plan, socket: &SocketId) -> Result<(), StoreError> {
        disconnect(&self.store, socket, self.clock.now()).await?;
        let found_by: BTreeSet<_> = plan.found_by.get(socket).cloned().unwrap_or_default();
        let keys: Vec<_> = found_by.into_iter().collect();
        self.store.delete_rows(socket, &keys).await
    }
}
