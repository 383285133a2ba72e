//! The publisher: wires the parts of the room, and says the one way through.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use crate::actions::Actions;
use crate::audiences::Audiences;
use crate::batch::Batch;
use crate::boards::Boards;
use crate::bookkeeper::Bookkeeper;
use crate::carrier::Carrier;
use crate::closer::Closer;
use crate::dead_letters::DeadLetters;
use crate::dispatcher::Dispatcher;
use crate::handshakes::Handshakes;
use crate::inboxes::Inboxes;
use crate::intake::Intake;
use crate::job::Job;
use crate::jobs::{Assignment, Jobs};
use crate::pace::Pace;
use crate::poster::Poster;
use crate::progress::ProgressRows;
use crate::report::Report;
use crate::rounds::Rounds;
use crate::settings::FanoutSettings;
use crate::turns::{Taken, Turns};
use hubcast_membership::shards::Shards;
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, ConnectionGateway, InboxStore,
    MembershipStore, NoUpstream, NotificationQueue, PendingStore, ProgressStore, QueuedMessage,
    SessionStore, ShardStore, SocketStore, UpstreamQueue, UsageStore,
};
use hubcast_model::producers::Producers;
use hubcast_model::time::Clock;

/// So much of an invocation's time is kept back for closing the books.
const KEPT_BACK: Duration = Duration::from_millis(1500);

/// Delivers notifications: all that the function needs to know that takes them off the queue.
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
    /// The queues that notifications come from, and that take jobs and dead letters.
    pub queue: Q,
    /// The way to backends; `None` where they hear of nothing.
    pub upstream: Option<U>,
    /// The time.
    pub clock: C,
}

/// The publisher, with the ports it works on.
#[derive(Debug)]
pub struct Publisher<S, G, Q, C, U = NoUpstream> {
    ports: Ports<S, G, Q, C, U>,
    settings: FanoutSettings,
    /// The shard counts of the configuration.
    shards: Shards,
    /// The rate of this instance, which it keeps between invocations.
    pace: Pace,
    /// The rate at which jobs of this instance reach lines.
    line_pace: Pace,
}

impl<S, G, Q, C, U> Publisher<S, G, Q, C, U> {
    /// The publisher over these ports.
    pub fn new(ports: Ports<S, G, Q, C, U>, settings: FanoutSettings, shards: Shards) -> Self {
        let pace = Pace::new(settings.rate_max);
        let line_pace = Pace::new(settings.line_rate_max);
        Self { ports, settings, shards, pace, line_pace }
    }

    fn intake(&self, deadline: Instant) -> Intake<'_, S, Q, C> {
        let Ports { store, queue, clock, upstream, .. } = &self.ports;
        let (shards, progress) = (&self.shards, ProgressRows { store, clock });
        Intake {
            audiences: self.audiences(),
            boards: Boards { store, clock },
            inboxes: Inboxes { store, clock },
            handshakes: self.handshakes(),
            actions: Actions { store, shards, clock },
            dispatcher: Dispatcher { progress, queue, shards },
            invocations: upstream.as_ref().map(|_| store),
            deadline,
            hubs: &self.settings.hubs,
            direct_max: self.settings.direct_max,
        }
    }

    const fn audiences(&self) -> Audiences<'_, S, C> {
        Audiences::new(&self.ports.store, &self.shards, &self.ports.clock)
    }

    const fn handshakes(&self) -> Handshakes<'_, S, C> {
        Handshakes { store: &self.ports.store, clock: &self.ports.clock }
    }

    const fn poster(&self) -> Poster<'_, S, G, C> {
        Poster {
            handshakes: self.handshakes(),
            gateway: &self.ports.gateway,
            pace: &self.pace,
            line_pace: None,
            concurrency: self.settings.concurrency,
            retry_budget: self.settings.retry_budget,
        }
    }

    fn carrier(&self) -> Carrier<'_, S, G, U, C> {
        let Ports { store, gateway, upstream, clock, .. } = &self.ports;
        let (concurrency, grace) = (self.settings.concurrency, self.settings.close_grace);
        let upstream = upstream.as_ref();
        let retry_budget = self.settings.retry_budget;
        let closer = Closer { store, gateway, upstream, clock, concurrency, grace, retry_budget };
        Carrier { poster: self.poster(), closer }
    }

    const fn letters(&self) -> DeadLetters<'_, S, Q, C> {
        let Ports { store, queue, clock, .. } = &self.ports;
        DeadLetters { progress: ProgressRows { store, clock }, queue }
    }

    const fn bookkeeper(&self) -> Bookkeeper<'_, S, Q, C> {
        let (clock, age_max) = (&self.ports.clock, self.settings.age_max);
        Bookkeeper { letters: self.letters(), clock, age_max }
    }

    const fn turns(&self) -> Turns<'_, S, Q, C> {
        let Ports { store, queue, clock, .. } = &self.ports;
        Turns { store, queue, clock }
    }

    fn jobs(&self) -> Jobs<'_, S, G, Q, U, C> {
        let mut carrier = self.carrier();
        carrier.poster.line_pace = Some(&self.line_pace);
        Jobs {
            carrier,
            letters: self.letters(),
            store: &self.ports.store,
            clock: &self.ports.clock,
            rules: &self.settings.rules,
            age_max: self.settings.age_max,
        }
    }
}

impl<S, G, Q, C, U> Publish for Publisher<S, G, Q, C, U>
where
    S: BlockStore
        + BoardStore
        + ChannelStore
        + ClaimStore
        + ClientStore
        + InboxStore
        + MembershipStore
        + PendingStore
        + ProgressStore
        + SessionStore
        + ShardStore
        + SocketStore
        + UsageStore,
    G: ConnectionGateway,
    Q: NotificationQueue,
    C: Clock,
    U: UpstreamQueue,
{
    async fn publish(&self, messages: Vec<QueuedMessage>, patience: Duration) -> Report {
        let deadline = Instant::now() + patience.saturating_sub(KEPT_BACK);
        let Taken { messages, turns, waiting } = self.turns().take(messages).await;
        let Intray { envelopes, assignments } = Intray::sort(messages, &self.settings.producers);
        let (bookkeeper, carrier) = (self.bookkeeper(), self.carrier());
        let mut batch = Batch::read(envelopes, &self.settings, self.ports.clock.now());
        let mut ledger = bookkeeper.open(&mut batch).await;
        let mut intake = self.intake(deadline);
        let mut round = intake.take_up(&batch, &mut ledger).await;
        let showings = std::mem::take(&mut round.showings);
        let last_elements = round.last_elements();
        let ends = carrier.carry(round, &mut ledger, deadline).await;
        let Intake { audiences, boards, inboxes, .. } = intake;
        let poster = self.poster();
        let mut rounds =
            Rounds { poster, audiences, boards, inboxes, deadline, last_elements, ledger, ends };
        rounds.keep_lost(&batch).await;
        rounds.show_changes(showings).await;
        carrier.closer.end_all(&rounds.ends).await;
        let report = bookkeeper.close(&batch, rounds.ledger).await;
        let report = report.and(self.jobs().work(assignments, deadline).await);
        self.turns().end(&turns).await;
        report.and(self.turns().put_off(waiting).await)
    }
}

/// The messages of an invocation, by what is in them.
struct Intray {
    envelopes: Vec<QueuedMessage>,
    assignments: Vec<Assignment>,
}

impl Intray {
    /// A job counts only from whoever may produce everything, since a job may hold anything.
    fn sort(messages: Vec<QueuedMessage>, producers: &Producers) -> Self {
        let (mut envelopes, mut assignments) = (Vec::new(), Vec::new());
        for message in messages {
            let job = Job::read(&message).filter(|_| producers.trusts(&message.sender));
            match job {
                Some(job) => assignments.push(Assignment { message, job }),
                None => envelopes.push(message),
            }
        }
        Self { envelopes, assignments }
    }
}
