//! Queue messages to sockets: the publisher's use case.
//!
//! One invocation goes through stages, each a module: read the messages
//! ([`batch`]), resolve audiences and carry actions out in order
//! ([`resolve`]), merge into ordered lists per socket ([`plan`]), join records
//! into frames ([`frame`]), post with bounded concurrency ([`post`]), and settle
//! what became of every message ([`settle`]).
//!
//! Messages of one message group keep their order for every socket: a socket
//! whose frame failed gets nothing more in this invocation, and a message that
//! is reported as failed takes all later ones of its group along.

mod action;
mod batch;
mod frame;
mod plan;
mod post;
mod resolve;
mod settle;

use std::time::Duration;

use crate::envelope::EnvelopeRules;
use crate::ports::{
    AccessStore, ChannelStore, ConnectionGateway, NotificationQueue, ProgressStore, SocketStore,
};
use crate::settings::Hubs;
use crate::shards::Shards;
use crate::time::{Clock, Timestamp};

pub use frame::{COALESCED_MAX_BYTES, RECORD_MAX_BYTES};
pub use settle::{Report, Tally};

/// How notifications are fanned out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FanoutSettings {
    /// How envelopes are read.
    pub rules: EnvelopeRules,
    /// The hubs there are, on which a block on all of them ends sockets.
    pub hubs: Hubs,
    /// The most posts under way at once.
    pub concurrency: usize,
    /// For how long an invocation retries posts.
    pub retry_budget: Duration,
    /// How long a socket is left to read its Close before it is deleted.
    pub close_grace: Duration,
}

/// A message as the queue hands it over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedMessage {
    /// The queue's id of it.
    pub id: String,
    /// What later calls about this receipt name.
    pub receipt_handle: String,
    /// The message group, within which order counts.
    pub group: String,
    /// The envelope.
    pub body: String,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// How often it was received, this time included.
    pub receive_count: u32,
    /// Where its progress is kept when it has been through the dead-letter queue.
    pub progress_key: Option<String>,
}

/// The publisher, with the ports it works on.
#[derive(Debug)]
pub struct Publisher<S, G, Q, C> {
    store: S,
    gateway: G,
    queue: Q,
    clock: C,
    settings: FanoutSettings,
    shards: Shards,
}

impl<S, G, Q, C> Publisher<S, G, Q, C>
where
    S: SocketStore + ChannelStore + AccessStore + ProgressStore,
    G: ConnectionGateway,
    Q: NotificationQueue,
    C: Clock,
{
    /// The publisher over these ports.
    pub fn new(
        (store, gateway, queue, clock): (S, G, Q, C),
        settings: FanoutSettings,
        shards: Shards,
    ) -> Self {
        Self { store, gateway, queue, clock, settings, shards }
    }

    /// Delivers a batch of messages and tells which of them the queue must keep.
    ///
    /// On a second run only what was left of a message is posted.
    pub async fn publish(&self, messages: Vec<QueuedMessage>) -> Report {
        let mut batch = batch::Batch::read(messages, &self.settings.rules, self.clock.now());
        if let Err(err) = self.resume(&mut batch).await {
            tracing::error!(error = %crate::report::chain(&err), "progress could not be read");
            batch.hold_redelivered();
        }
        let plan = self.resolve(&mut batch).await;
        let outcome = self.post(&plan).await;
        self.prune(&plan, &outcome).await;
        self.end_closed(&plan, &outcome).await;
        self.settle(batch, &plan, &outcome).await
    }

    /// Looks up what earlier invocations left of redelivered messages.
    async fn resume(&self, batch: &mut batch::Batch) -> Result<(), crate::ports::StoreError> {
        let keys = batch.resumable_keys();
        if !keys.is_empty() {
            let progress = self.store.progress(&keys).await?;
            batch.resume(progress);
        }
        Ok(())
    }
}
