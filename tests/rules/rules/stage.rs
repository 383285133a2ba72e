//! The stage that every test plays on: one table, one gateway, one queue, one clock.

use std::time::Duration;

use hubcast_connection::connect::{
    Connect, ConnectError, ConnectRequest, ConnectSettings, Reception,
};
use hubcast_connection::frames::{
    AnswerFrames, ConnectionLimit, FramePorts, FrameSettings, Frames,
};
use hubcast_delivery::{FanoutSettings, Ports, Publish, Publisher, Report};
use hubcast_membership::shards::Shards;
use hubcast_model::access::{Membership, Standing};
use hubcast_model::channel::{ChannelKey, ShardCounts};
use hubcast_model::context::Caller;
use hubcast_model::envelope::EnvelopeRules;
use hubcast_model::ports::MembershipStore;
use hubcast_model::ports::QueuedMessage;
use hubcast_model::principal::Principal;
use hubcast_model::producers::Producers;
use hubcast_model::settings::{CONNECTION_LIFETIME, Hubs, Origins, PublicUrl};
use hubcast_model::work::Allowance;
use hubcast_testkit::principal::{anonymous, caller, principal};
use hubcast_testkit::{
    Journal, MemoryStore, RecordingGateway, RecordingQueue, RecordingUpstream, TestClock, name,
};
use serde_json::Value;

pub(crate) type Rules = Frames<MemoryStore, RecordingGateway, TestClock>;
pub(crate) type Fanout =
    Publisher<MemoryStore, RecordingGateway, RecordingQueue, TestClock, RecordingUpstream>;
type FanoutPorts =
    Ports<MemoryStore, RecordingGateway, RecordingQueue, TestClock, RecordingUpstream>;

/// The hub of all tests that do not need a second one.
pub(crate) const HUB: &str = "n";
pub(crate) const SHAKE: &str = "{\"protocol\":\"json\",\"version\":1}\u{1e}";
pub(crate) const ACCEPTED: &str = "{}\u{1e}";
pub(crate) const PING: &str = "{\"type\":6}\u{1e}";
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// How long an invocation of the publisher may take.
pub(crate) const INVOCATION: Duration = Duration::from_secs(29);
/// How much work a connection may do.
pub(crate) const ALLOWANCE: Allowance = Allowance::OF_A_CLIENT;
/// The most groups of a connection that its client may join.
pub(crate) const GROUPS_MAX: usize = 5;

/// The ports of one test, and rules over them.
pub(crate) struct Stage {
    pub(crate) store: MemoryStore,
    pub(crate) gateway: RecordingGateway,
    pub(crate) queue: RecordingQueue,
    /// The way to backends, where they hear of clients.
    pub(crate) upstream: Option<RecordingUpstream>,
    pub(crate) clock: TestClock,
    pub(crate) frames: Rules,
}

impl Default for Stage {
    fn default() -> Self {
        Self::limited(None)
    }
}

impl Stage {
    /// A stage on which users may have so many connections.
    pub(crate) fn with_limit(limit: ConnectionLimit) -> Self {
        Self::limited(Some(limit))
    }

    fn limited(limit: Option<ConnectionLimit>) -> Self {
        let (store, clock) = (MemoryStore::default(), TestClock::default());
        let gateway = RecordingGateway::with_journal(store.journal().clone());
        let queue = RecordingQueue::with_journal(store.journal().clone());
        let ports = FramePorts::new(store.clone(), gateway.clone(), clock.clone());
        let frames = frames_over(ports, limit);
        Self { store, gateway, queue, upstream: None, clock, frames }
    }
}

/// The rules of frames over these ports.
pub(crate) fn frames_over<G, U>(
    ports: FramePorts<MemoryStore, G, TestClock, U>,
    connections: Option<ConnectionLimit>,
) -> Frames<MemoryStore, G, TestClock, U> {
    Frames::new(ports, &frame_settings(connections), Shards::new(ShardCounts::default()))
}

pub(crate) const fn frame_settings(connections: Option<ConnectionLimit>) -> FrameSettings {
    FrameSettings {
        lifetime: CONNECTION_LIFETIME,
        allowance: ALLOWANCE,
        groups_max: GROUPS_MAX,
        connections,
        close_grace: Duration::from_secs(1),
        own_methods: Hubs::NONE,
        order_wait: Duration::ZERO,
    }
}

pub(crate) fn fanout_settings() -> FanoutSettings {
    FanoutSettings {
        rules: EnvelopeRules { default_hub: name::hub(HUB), implicit_broadcast: true },
        producers: Producers::default(),
        hubs: Hubs::Any,
        concurrency: 8,
        rate_max: 100_000,
        line_rate_max: 100_000,
        retry_budget: Duration::from_secs(3),
        close_grace: Duration::from_secs(1),
        direct_max: 1000,
        age_max: Duration::from_hours(1),
    }
}

impl Stage {
    pub(crate) fn journal(&self) -> &Journal {
        self.store.journal()
    }

    fn ports(&self) -> FanoutPorts {
        Ports {
            store: self.store.clone(),
            gateway: self.gateway.clone(),
            queue: self.queue.clone(),
            upstream: self.upstream.clone(),
            clock: self.clock.clone(),
        }
    }

    /// A publisher over the stage's ports.
    pub(crate) fn publisher(&self) -> Fanout {
        self.publisher_with(ShardCounts::default())
    }

    pub(crate) fn publisher_with(&self, counts: ShardCounts) -> Fanout {
        Publisher::new(self.ports(), fanout_settings(), Shards::new(counts))
    }

    /// A publisher that makes jobs for more than so many sockets.
    pub(crate) fn publisher_for(&self, direct_max: usize) -> Fanout {
        let settings = FanoutSettings { direct_max, ..fanout_settings() };
        Publisher::new(self.ports(), settings, Shards::new(ShardCounts::default()))
    }

    /// A publisher that knows who may produce what.
    pub(crate) fn publisher_of(&self, producers: Producers) -> Fanout {
        let settings = FanoutSettings { producers, ..fanout_settings() };
        Publisher::new(self.ports(), settings, Shards::new(ShardCounts::default()))
    }

    /// Publishes these messages in one invocation.
    pub(crate) async fn publish(
        &self,
        messages: impl IntoIterator<Item = QueuedMessage>,
    ) -> Report {
        self.publisher().publish(messages.into_iter().collect(), INVOCATION).await
    }

    /// Publishes one message where these are all hubs there are.
    pub(crate) async fn publish_on(&self, hubs: Hubs, body: &str) -> Report {
        let settings = FanoutSettings { hubs, ..fanout_settings() };
        let publisher = Publisher::new(self.ports(), settings, Shards::new(ShardCounts::default()));
        publisher.publish(vec![hubcast_testkit::queued::message("m", body)], INVOCATION).await
    }

    /// Publishes one message that has to go through.
    pub(crate) async fn send(&self, body: &str) -> Report {
        let report = self.publish([hubcast_testkit::queued::message("m", body)]).await;
        assert!(report.failed.is_empty(), "{report:?}");
        report
    }

    /// The rules of connecting over the stage's ports.
    pub(crate) fn reception(&self, settings: ConnectSettings) -> Reception<MemoryStore, TestClock> {
        Reception::new(self.store.clone(), self.clock.clone(), settings)
    }

    /// Lets a caller's socket in.
    pub(crate) async fn connect(&self, caller: &Caller) -> Result<(), ConnectError> {
        let request = ConnectRequest {
            socket: caller.socket.clone(),
            admission: &caller.admission,
            hub: caller.admission.principal.hub.clone(),
            origin: Some("https://app.example"),
            host: None,
            query: std::collections::BTreeMap::new(),
            connected_at: caller.connected_at,
            is_late: false,
        };
        self.reception(connect_settings()).connect(request).await
    }

    /// A caller whose socket was let in, but has not shaken hands.
    pub(crate) async fn connected(&self, socket: &str, principal: Principal) -> Caller {
        let caller = caller(socket, principal);
        self.connect(&caller).await.expect("the socket is let in");
        caller
    }

    /// A caller whose handshake was taken.
    pub(crate) async fn ready(&self, socket: &str, principal: Principal) -> Caller {
        let caller = self.ready_with(socket, principal).await;
        assert_eq!(self.gateway.frames(&caller.socket), [ACCEPTED]);
        caller
    }

    /// A caller whose handshake was taken, and that found something.
    pub(crate) async fn ready_with(&self, socket: &str, principal: Principal) -> Caller {
        let caller = self.connected(socket, principal).await;
        assert_eq!(self.answer(&caller, SHAKE).await, "");
        caller
    }

    /// The ports that frames are answered over.
    pub(crate) fn frame_ports(&self) -> FramePorts<MemoryStore, RecordingGateway, TestClock> {
        FramePorts::new(self.store.clone(), self.gateway.clone(), self.clock.clone())
    }

    /// The rules of frames over the stage's ports, as another instance has them.
    pub(crate) fn second_frames(&self) -> Rules {
        frames_over(self.frame_ports(), None)
    }

    /// A user with one connection that is ready.
    pub(crate) async fn user(&self, socket: &str, user: &str) -> Caller {
        self.ready(socket, principal(HUB, user)).await
    }

    /// A connection that is ready and nobody's, known by an id of its own.
    pub(crate) async fn claimed(&self, socket: &str, connection: &str) -> Caller {
        self.ready(socket, claiming(anonymous(HUB), connection)).await
    }

    /// A member of a group that lasts, with one connection that is ready.
    pub(crate) async fn member(&self, socket: &str, user: &str, group: &str) -> Caller {
        self.put_membership(user, group, Standing::Member).await;
        self.user(socket, user).await
    }

    pub(crate) async fn put_membership(&self, user: &str, group: &str, standing: Standing) {
        let group = name::group(group).keyed();
        let membership = Membership { group, standing, expires: None };
        let put = self.store.put_membership(&name::hub(HUB), &name::user(user), &membership).await;
        put.expect("the table works");
    }

    /// The frame that answers a frame.
    pub(crate) async fn answer(&self, caller: &Caller, frame: &str) -> String {
        self.frames.answer(caller, frame, PATIENCE).await
    }

    /// The records that answer a frame.
    pub(crate) async fn replies(&self, caller: &Caller, frame: &str) -> Vec<Value> {
        records(&self.answer(caller, frame).await)
    }

    /// Asserts that the caller's handshake was refused by this text, and that its socket is ended.
    pub(crate) fn assert_refused(&self, caller: &Caller, error: &str) {
        let refusal = format!("{}\u{1e}", serde_json::json!({ "error": error }));
        assert_eq!(self.gateway.frames(&caller.socket), [refusal]);
        assert!(self.gateway.is_deleted(&caller.socket));
    }

    /// What arrived at a caller after the handshake's answer, frame by frame.
    pub(crate) fn received(&self, caller: &Caller) -> Vec<String> {
        let mut frames = self.gateway.frames(&caller.socket);
        assert_eq!(frames.first().map(String::as_str), Some(ACCEPTED));
        frames.remove(0);
        frames
    }

    /// The client methods that were called on a caller, in order.
    pub(crate) fn called(&self, caller: &Caller) -> Vec<String> {
        let records = self.received(caller).iter().flat_map(|frame| records(frame)).collect();
        targets(records)
    }

    /// Whether a socket has a row in a group.
    pub(crate) fn is_in(&self, caller: &Caller, group: &str) -> bool {
        let group = name::group(group).keyed();
        let channels = self.store.channels_of(&caller.socket);
        channels.iter().any(|key| key.group_of().as_ref() == Some(&group))
    }

    /// Nothing of the socket is left in the table.
    pub(crate) fn assert_forgotten(&self, caller: &Caller) {
        assert_eq!(self.store.channels_of(&caller.socket), [].into());
        assert!(self.store.sockets().iter().all(|socket| socket.id != caller.socket));
        let principal = &caller.admission.principal;
        if let Some(connection) = &principal.connection {
            let claim = self.store.claim(&principal.hub, connection);
            assert!(claim.is_none_or(|claim| claim.holder != caller.socket));
        }
    }
}

pub(crate) fn connect_settings() -> ConnectSettings {
    ConnectSettings {
        hubs: Hubs::Only(vec![name::hub(HUB), name::hub("other")]),
        origins: Origins::Only(vec!["https://app.example".to_owned()]),
        public_url: PublicUrl::Fixed("https://push.example.com".to_owned()),
        reconnect_grace: Duration::from_mins(10),
        has_upstream: false,
    }
}

pub(crate) fn claiming(principal: Principal, connection: &str) -> Principal {
    Principal { connection: Some(name::connection(connection)), ..principal }
}

pub(crate) fn with_groups(principal: Principal, groups: &[&str]) -> Principal {
    Principal { groups: groups.iter().map(|group| name::group(group)).collect(), ..principal }
}

/// The frame of an invocation; without an id when that is empty.
pub(crate) fn invoke(id: &str, target: &str, arguments: &Value) -> String {
    let mut call = serde_json::json!({ "type": 1, "target": target, "arguments": arguments });
    if !id.is_empty() {
        call["invocationId"] = id.into();
    }
    format!("{call}\u{1e}")
}

/// The records of a frame.
pub(crate) fn records(frame: &str) -> Vec<Value> {
    let records = frame.split_terminator('\u{1e}');
    records.map(|record| serde_json::from_str(record).expect("JSON")).collect()
}

fn targets(records: Vec<Value>) -> Vec<String> {
    let target = |record: Value| record["target"].as_str().map(str::to_owned);
    records.into_iter().filter_map(target).collect()
}

/// The record is a Close; answers whether the client may return.
pub(crate) fn close(record: &Value) -> bool {
    assert_eq!(record["type"], 7, "{record}");
    record["allowReconnect"] == true
}

/// A group's channel, in its only shard.
pub(crate) fn group_key(group: &str) -> ChannelKey {
    ChannelKey::group(&name::hub(HUB), &name::group(group).keyed(), 0)
}
