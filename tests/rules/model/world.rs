//! The parts of one history: ports, instances of the functions, and what may go wrong with them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use hubcast_connection::frames::{FramePorts, FrameSettings, Frames};
use hubcast_delivery::{FanoutSettings, Ports, Publisher};
use hubcast_membership::shards::Shards;
use hubcast_model::channel::ShardCounts;
use hubcast_model::envelope::EnvelopeRules;
use hubcast_model::producers::Producers;
use hubcast_model::settings::{CONNECTION_LIFETIME, Hubs};
use hubcast_model::work::Allowance;
use hubcast_testkit::fifo::{FifoSettings, QueueFault};
use hubcast_testkit::{Fault, MemoryStore, SimulatedQueues, VirtualClock, name};
use tokio::time::Instant;

use crate::gateway::Sockets;
use crate::ledger::{Shared, invocation};
use crate::plan::{Plan, Weather};

pub(crate) type Fanout = Publisher<MemoryStore, Sockets, SimulatedQueues, VirtualClock>;
pub(crate) type Rules = Frames<MemoryStore, Sockets, VirtualClock>;

/// The two hubs, of which the first is the default.
pub(crate) const HUBS: [&str; 2] = ["n", "o"];
/// How many instances of the publisher there are.
const INSTANCES: usize = 2;
/// Six times the function's timeout.
const VISIBILITY: Duration = Duration::from_mins(3);
pub(crate) const RETRY_BUDGET: Duration = Duration::from_secs(3);

/// Chance, for whoever needs it in this history.
#[derive(Debug, Clone)]
pub(crate) struct Dice(Arc<Mutex<Rng>>);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Rng::with_seed(seed))))
    }

    pub(crate) fn throw<T>(&self, of: impl FnOnce(&mut Rng) -> T) -> T {
        of(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn happens(&self, per_mille: u16) -> bool {
        self.throw(|rng| rng.u16(..1000)) < per_mille
    }
}

/// Everything that a history plays on; clones are the same.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) clock: VirtualClock,
    pub(crate) store: MemoryStore,
    pub(crate) sockets: Sockets,
    pub(crate) queues: SimulatedQueues,
    pub(crate) ledger: Shared,
    pub(crate) dice: Dice,
    pub(crate) instances: Arc<Mutex<Instances>>,
}

/// The instances that are warm, and what new ones are configured for.
pub(crate) struct Instances {
    pub(crate) weather: Weather,
    pub(crate) outage_until: Instant,
    counts: ShardCounts,
    frames: Arc<Rules>,
    publishers: Vec<Arc<Fanout>>,
}

impl World {
    pub(crate) fn new(plan: &Plan) -> Self {
        let (seed, weather) = (plan.seed, plan.weather);
        let (clock, ledger) = (VirtualClock::start(), Shared::default());
        let store = MemoryStore::default();
        let sockets = Sockets::new(seed ^ 1, weather, store.clone(), ledger.clone());
        let settings = FifoSettings { visibility: VISIBILITY, receives_max: 1000 };
        let queues = SimulatedQueues::new(clock, settings);
        let counts = ShardCounts::default();
        let instances = Instances {
            weather,
            outage_until: Instant::now(),
            counts,
            frames: Arc::new(frames(&store, &sockets, clock, counts)),
            publishers: Vec::new(),
        };
        let instances = Arc::new(Mutex::new(instances));
        let dice = Dice::new(seed ^ 2);
        let world = Self { clock, store, sockets, queues, ledger, dice, instances };
        world.start_publishers();
        world.spoil_ports(seed);
        world
    }

    pub(crate) fn with<T>(&self, of: impl FnOnce(&mut Instances) -> T) -> T {
        of(&mut self.instances.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn start_publishers(&self) {
        for _ in 0..INSTANCES {
            let publisher = self.new_publisher();
            self.with(|instances| instances.publishers.push(publisher));
        }
    }

    fn new_publisher(&self) -> Arc<Fanout> {
        let (weather, counts) = self.with(|instances| (instances.weather, instances.counts));
        let ports = Ports {
            store: self.store.clone(),
            gateway: self.sockets.clone(),
            queue: self.queues.clone(),
            upstream: None,
            clock: self.clock,
        };
        let settings = fanout_settings(weather.direct_max);
        Arc::new(Publisher::new(ports, settings, Shards::new(counts)))
    }

    pub(crate) fn publisher(&self) -> (usize, Arc<Fanout>) {
        let at = self.dice.throw(|rng| rng.usize(..INSTANCES));
        (at, self.with(|instances| Arc::clone(&instances.publishers[at])))
    }

    /// Starts a new instance in the place of one that was killed.
    pub(crate) fn replace_publisher(&self, at: usize) {
        let publisher = self.new_publisher();
        self.with(|instances| instances.publishers[at] = publisher);
    }

    pub(crate) fn frames(&self) -> Arc<Rules> {
        self.with(|instances| Arc::clone(&instances.frames))
    }

    /// Changes the configuration; one publisher goes on with the old one for now.
    pub(crate) fn configure(&self, counts: ShardCounts) {
        let frames = Arc::new(frames(&self.store, &self.sockets, self.clock, counts));
        self.with(|instances| (instances.counts, instances.frames) = (counts, frames));
        let at = self.dice.throw(|rng| rng.usize(..INSTANCES));
        self.replace_publisher(at);
    }

    /// Ends everything that goes wrong.
    pub(crate) fn heal(&self) {
        self.sockets.heal();
        self.store.heal();
        self.queues.heal();
        self.with(|instances| {
            instances.outage_until = Instant::now();
            instances.weather.kill = 0;
        });
    }

    fn spoil_ports(&self, seed: u64) {
        let (dice, world) = (Dice::new(seed ^ 3), self.clone());
        self.store.fault_by(move |operation| world.table_fault(&dice, operation));
        let (dice, world) = (Dice::new(seed ^ 4), self.clone());
        self.queues.fault_by(move |operation| world.queue_fault(&dice, operation));
    }

    fn table_fault(&self, dice: &Dice, operation: &'static str) -> Option<Fault> {
        let (rate, is_out) = self
            .with(|instances| (instances.weather.table, instances.outage_until > Instant::now()));
        if !is_out && !dice.happens(rate) {
            return None;
        }
        if !is_out && dice.happens(300) {
            return Some(Fault::Slow(Duration::from_millis(dice.throw(|rng| rng.u64(..200)))));
        }
        if let (Some(at), "put_progress") = (invocation(), operation) {
            self.ledger.open().invocations[at].is_spoilt = true;
        }
        Some(Fault::Unavailable)
    }

    fn queue_fault(&self, dice: &Dice, operation: &'static str) -> Option<QueueFault> {
        let rate = self.with(|instances| instances.weather.queue);
        let fault = dice.happens(rate).then(|| match dice.throw(|rng| rng.u8(..3)) {
            0 => QueueFault::Refused,
            1 => QueueFault::Lost,
            _ => QueueFault::Partial(dice.throw(|rng| rng.usize(..3))),
        });
        if let (Some(at), "dead_letter") = (invocation(), operation) {
            let invocation = &mut self.ledger.open().invocations[at];
            invocation.has_letter = true;
            invocation.is_spoilt |= fault.is_some();
        }
        fault
    }
}

fn frames(
    store: &MemoryStore,
    sockets: &Sockets,
    clock: VirtualClock,
    counts: ShardCounts,
) -> Rules {
    let settings = FrameSettings {
        lifetime: CONNECTION_LIFETIME,
        allowance: Allowance { per_second: 1000, burst: 1_000_000, late: 0 },
        groups_max: 50,
        connections: None,
        close_grace: Duration::from_secs(1),
        own_methods: Hubs::NONE,
        order_wait: Duration::ZERO,
    };
    let ports = FramePorts::new(store.clone(), sockets.clone(), clock);
    Frames::new(ports, &settings, Shards::new(counts))
}

fn fanout_settings(direct_max: usize) -> FanoutSettings {
    FanoutSettings {
        rules: EnvelopeRules { default_hub: name::hub(HUBS[0]), implicit_broadcast: true },
        producers: Producers::default(),
        hubs: Hubs::Any,
        concurrency: 4,
        rate_max: 10_000,
        line_rate_max: 10_000,
        retry_budget: RETRY_BUDGET,
        close_grace: Duration::from_secs(1),
        direct_max,
        age_max: Duration::from_hours(1),
    }
}
