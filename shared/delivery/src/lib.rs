//! Queue messages to sockets: the publisher's use case.
//!
//! One invocation goes through stages, each a module: read the messages
//! ([`batch`]), resolve audiences and carry actions out in order
//! ([`resolve`]), merge into ordered lists per socket ([`plan`]), join records
//! into frames ([`frame`]), post with bounded concurrency ([`post`]) at the
//! account's [`pace`], end the sockets that are to end ([`end`]), and settle
//! what became of every message ([`settle`]). What is for those who come later
//! is hung up ([`retain`]) or waits for its user ([`inbox`]). An audience that is too big for
//! that is cut into jobs ([`big`]), which are worked page by page ([`work`]).
//!
//! Messages of one message group keep their order for every socket: a socket
//! whose frame failed gets nothing more in this invocation, and a message that
//! is reported as failed takes all later ones of its group along.

mod action;
mod answer;
mod batch;
mod big;
mod end;
mod inbox;
mod job;
mod letter;
mod members;
mod outcome;
mod pace;
mod plan;
mod post;
mod resolve;
mod retain;
mod settle;
mod tally;
mod underway;
mod work;

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use hubcast_membership::shards::Shards;
use hubcast_model::envelope::EnvelopeRules;
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, ConnectionGateway, GrantStore,
    InboxStore, MembershipStore, NoUpstream, NotificationQueue, PendingStore, ProgressStore,
    QueuedMessage, SessionStore, ShardStore, SocketStore, StoreError, UpstreamQueue, UsageStore,
};
use hubcast_model::report::chain;
use hubcast_model::settings::Hubs;
use hubcast_model::time::Clock;

use batch::Batch;
use job::Job;
use pace::Pace;

pub use job::is_job;
pub use tally::Tally;

/// What is kept back of an invocation's time, to write down what is left.
const KEPT_BACK: Duration = Duration::from_millis(1500);

/// How notifications are fanned out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FanoutSettings {
    /// How envelopes are read.
    pub rules: EnvelopeRules,
    /// The hubs there are, on which a block on all of them ends sockets.
    pub hubs: Hubs,
    /// The most posts under way at once.
    pub concurrency: usize,
    /// The most posts of this instance in a second.
    pub rate_max: u32,
    /// For how long an invocation retries posts.
    pub retry_budget: Duration,
    /// How long a socket is left to read its Close before it is deleted.
    pub close_grace: Duration,
    /// The most sockets of an audience that are posted to directly; a bigger one is cut into jobs.
    pub direct_max: usize,
    /// A notification that cannot be delivered is given up at this age.
    pub age_max: Duration,
}

/// The result of one invocation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The ids of the messages that the queue must keep.
    pub failed: Vec<String>,
    /// What was done.
    pub tally: Tally,
    /// One for each unit that was finished by posts.
    pub samples: Vec<Sample>,
}

/// How one unit fared that was finished by posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// From the moment it was sent to the end of its posts.
    pub took: Duration,
    /// How many sockets it reached.
    pub reached: usize,
}

impl Report {
    fn and(mut self, other: Self) -> Self {
        self.failed.extend(other.failed);
        self.tally += other.tally;
        self.samples.extend(other.samples);
        self
    }
}

/// Delivers notifications: what the function that takes them off the queue needs to know.
pub trait Publish: Send + Sync {
    /// Delivers a batch of messages within `patience`, and tells which of them the queue must keep.
    ///
    /// On a second run only what was left of a message is posted.
    fn publish(
        &self,
        messages: Vec<QueuedMessage>,
        patience: Duration,
    ) -> impl Future<Output = Report> + Send;
}

/// What the publisher works on.
#[derive(Debug, Clone)]
pub struct Ports<S, G, Q, C, U = NoUpstream> {
    /// The table.
    pub store: S,
    /// The sockets.
    pub gateway: G,
    /// The queues that notifications come from, and what cannot be delivered goes to.
    pub queue: Q,
    /// The way to backends; `None` where they hear of nothing.
    pub upstream: Option<U>,
    /// The time.
    pub clock: C,
}

/// The publisher, with the ports it works on.
#[derive(Debug)]
pub struct Publisher<S, G, Q, C, U = NoUpstream> {
    store: S,
    gateway: G,
    queue: Q,
    upstream: Option<U>,
    clock: C,
    settings: FanoutSettings,
    shards: Shards,
    pace: Pace,
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
    /// The publisher over these ports.
    pub fn new(ports: Ports<S, G, Q, C, U>, settings: FanoutSettings, shards: Shards) -> Self {
        let pace = Pace::new(settings.rate_max);
        let Ports { store, gateway, queue, upstream, clock } = ports;
        Self { store, gateway, queue, upstream, clock, settings, shards, pace }
    }

    async fn publish_envelopes(&self, messages: Vec<QueuedMessage>, deadline: Instant) -> Report {
        let mut batch = Batch::read(messages, &self.settings.rules, self.clock.now());
        if let Err(err) = self.resume(&mut batch).await {
            tracing::error!(error = %chain(&err), "progress could not be read");
            batch.hold_redelivered();
        }
        let mut plan = self.resolve(&mut batch, deadline).await;
        let mut outcomes = self.post(&plan, deadline).await;
        let is_resumed = |at| batch.item(at).is_some_and(batch::Item::is_resumed);
        let before = end::Before { is_resumed, reached: batch.reached_before() };
        self.end_stalled(&plan, &mut outcomes, before).await;
        self.keep_lost(&mut batch, &mut plan, &mut outcomes, deadline).await;
        self.show_changes(&mut plan, &mut outcomes, deadline).await;
        self.end_sockets(&plan, &outcomes).await;
        self.settle(batch, &plan, &outcomes).await
    }

    /// Looks up what earlier invocations left of redelivered messages.
    async fn resume(&self, batch: &mut Batch) -> Result<(), StoreError> {
        let keys = batch.resumable_keys();
        if !keys.is_empty() {
            let progress = self.store.progress(&keys).await?;
            batch.resume(progress);
        }
        Ok(())
    }
}

impl<S, G, Q, C, U> Publish for Publisher<S, G, Q, C, U>
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
    async fn publish(&self, messages: Vec<QueuedMessage>, patience: Duration) -> Report {
        let deadline = Instant::now() + patience.saturating_sub(KEPT_BACK);
        let (mut jobs, mut envelopes) = (Vec::new(), Vec::new());
        for message in messages {
            match Job::read(&message) {
                Some(job) => jobs.push((message, job)),
                None => envelopes.push(message),
            }
        }
        let report = self.publish_envelopes(envelopes, deadline).await;
        report.and(self.work_jobs(jobs, deadline).await)
    }
}
