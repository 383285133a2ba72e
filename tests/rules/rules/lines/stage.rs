//! The stage with lines: a courier in front of the gateway, for all who post.

use std::sync::Arc;
use std::time::Duration;

use hubcast_connection::connect::{Connect, ConnectError, ConnectRequest, Reception};
use hubcast_connection::frames::{AnswerFrames, FramePorts, Frames};
use hubcast_connection::line::LineFrames;
use hubcast_delivery::{FanoutSettings, Ports, Publish, Publisher, Report};
use hubcast_line::{Courier, Line, LinePorts, LineSettings, LineStore};
use hubcast_membership::line_end::{EndLines, LineEnds};
use hubcast_membership::presence::Presence;
use hubcast_membership::shards::Shards;
use hubcast_model::channel::ShardCounts;
use hubcast_model::context::Caller;
use hubcast_model::id::{ConnectionId, SocketId};
use hubcast_model::ports::QueuedMessage;
use hubcast_model::principal::Principal;
use hubcast_model::time::{Clock, Timestamp};
use hubcast_testkit::clock::START;
use hubcast_testkit::principal::{caller, principal};
use hubcast_testkit::queued::message;
use hubcast_testkit::{
    Answer, MemoryStore, RecordingAlarm, RecordingGateway, RecordingQueue, RecordingUpstream,
    TestClock, name,
};

use crate::stage::{
    HUB, INVOCATION, PATIENCE, PING, Stage, connect_settings, fanout_settings, frames_over, records,
};

pub(super) const SHAKE: &str = "{\"protocol\":\"json\",\"version\":2}\u{1e}";

type Post = Courier<MemoryStore, RecordingGateway, TestClock, RecordingAlarm>;
type LineRules = LineFrames<
    Frames<MemoryStore, Post, TestClock>,
    MemoryStore,
    RecordingGateway,
    TestClock,
    RecordingAlarm,
>;
type Ends = LineEnds<
    MemoryStore,
    RecordingGateway,
    TestClock,
    RecordingAlarm,
    Presence<MemoryStore, RecordingUpstream, TestClock>,
>;

pub(super) struct LineStage {
    pub(super) stage: Stage,
    pub(super) alarm: RecordingAlarm,
    pub(super) courier: Post,
    pub(super) frames: LineRules,
    ends: Ends,
    pub(super) publisher:
        Publisher<MemoryStore, Post, RecordingQueue, TestClock, RecordingUpstream>,
}

impl Default for LineStage {
    fn default() -> Self {
        Self::with(LineSettings::default())
    }
}

impl LineStage {
    /// The stage whose lines wait for a client for so long.
    pub(super) fn waiting(window: Duration) -> Self {
        Self::with(LineSettings { window, ..LineSettings::default() })
    }

    pub(super) fn with(settings: LineSettings) -> Self {
        Self::with_fanout(settings, fanout_settings())
    }

    /// The stage whose publisher has these settings.
    pub(super) fn with_fanout(settings: LineSettings, fanout: FanoutSettings) -> Self {
        let (stage, alarm) = (Stage::default(), RecordingAlarm::default());
        let (store, clock) = (stage.store.clone(), stage.clock.clone());
        let ports = LinePorts {
            store: store.clone(),
            gateway: stage.gateway.clone(),
            clock: clock.clone(),
            alarm: alarm.clone(),
        };
        let courier = Courier::new(ports, settings);
        let frame_ports = FramePorts::new(store.clone(), courier.clone(), clock.clone());
        let frames = frames_over(frame_ports, None);
        let frames = LineFrames::new(frames, courier.clone(), store.clone(), clock.clone());
        let presence = Presence::new(Arc::new(store.clone()), None, Arc::new(clock.clone()));
        let ends = LineEnds::new(courier.clone(), presence);
        let ports = Ports {
            store,
            gateway: courier.clone(),
            queue: stage.queue.clone(),
            upstream: None,
            clock,
        };
        let shards = Shards::new(ShardCounts::default());
        let publisher = Publisher::new(ports, fanout, shards);
        Self { stage, alarm, courier, frames, ends, publisher }
    }
}

/// A client with stateful reconnect, and the sockets that it had.
#[derive(Debug, Clone)]
pub(super) struct Tab {
    connection: ConnectionId,
    sockets: Vec<SocketId>,
    /// When the current socket connected.
    connected_at: Timestamp,
}

impl Tab {
    pub(super) fn new(connection: &str, socket: &str) -> Self {
        let connection = ConnectionId::line(connection).unwrap();
        Self { connection, sockets: vec![name::socket(socket)], connected_at: START }
    }

    pub(super) fn socket(&self) -> SocketId {
        self.sockets.last().unwrap().clone()
    }

    fn principal(&self) -> Principal {
        Principal { connection: Some(self.connection.clone()), ..principal(HUB, "alice") }
    }

    fn caller(&self) -> Caller {
        let caller = caller(self.socket().as_str(), self.principal());
        Caller { connected_at: self.connected_at, ..caller }
    }

    /// The current socket connected at this time.
    pub(super) fn connected_at(&mut self, at: Timestamp) {
        self.connected_at = at;
    }

    /// The messages that the client counted. There was no gap.
    fn counted(&mut self, stage: &LineStage) -> Vec<serde_json::Value> {
        let (counted, gap) = self.counted_until_gap(stage);
        assert_eq!(gap, None);
        counted
    }

    /// The messages that the client counted, as the official client counts, and the frame at whose
    /// gap the client stopped.
    pub(super) fn counted_until_gap(
        &self,
        stage: &LineStage,
    ) -> (Vec<serde_json::Value>, Option<String>) {
        let (mut next, mut latest, mut counted) = (1, 0, Vec::new());
        for (at, socket) in self.sockets.iter().enumerate() {
            let mut waits = at > 0;
            for frame in stage.stage.gateway.frames(socket) {
                for record in records(&frame) {
                    match record["type"].as_u64() {
                        Some(9) => {
                            let number = record["sequenceId"].as_u64().unwrap();
                            if number > next {
                                return (counted, Some(frame));
                            }
                            (next, waits) = (number, false);
                        }
                        Some(1..=5) if !waits => {
                            if next > latest {
                                latest = next;
                                counted.push(record);
                            }
                            next += 1;
                        }
                        _ => {}
                    }
                }
            }
        }
        (counted, None)
    }

    /// The client methods that were called.
    pub(super) fn heard(&mut self, stage: &LineStage) -> Vec<String> {
        let of = |record: serde_json::Value| record["target"].as_str().map(str::to_owned);
        self.counted(stage).into_iter().filter_map(of).collect()
    }

    /// The invocations that were completed.
    pub(super) fn completed(&mut self, stage: &LineStage) -> Vec<String> {
        let of = |record: serde_json::Value| record["invocationId"].as_str().map(str::to_owned);
        self.counted(stage).into_iter().filter_map(of).collect()
    }
}

impl LineStage {
    async fn let_in(&self, tab: &Tab, is_late: bool) -> Result<(), ConnectError> {
        let caller = tab.caller();
        let request = ConnectRequest {
            socket: caller.socket.clone(),
            admission: &caller.admission,
            hub: name::hub(HUB),
            origin: None,
            host: None,
            query: std::collections::BTreeMap::new(),
            connected_at: caller.connected_at,
            is_late,
        };
        let (store, clock) = (self.stage.store.clone(), self.stage.clock.clone());
        let reception = Reception::new(store, clock, connect_settings());
        reception.with_lines(self.courier.clone()).connect(request).await
    }

    pub(super) async fn connect(
        &self,
        connection: &str,
        socket: &str,
        is_late: bool,
    ) -> Result<(), ConnectError> {
        self.let_in(&Tab::new(connection, socket), is_late).await
    }

    pub(super) async fn connected(&self, connection: &str, socket: &str) -> Tab {
        self.connect(connection, socket, false).await.expect("the socket is let in");
        Tab::new(connection, socket)
    }

    /// A client that has shaken hands and pinged, as official clients do at once.
    pub(super) async fn ready(&self, connection: &str, socket: &str) -> Tab {
        let tab = self.connected(connection, socket).await;
        assert_eq!(self.say(&tab, SHAKE).await, "");
        assert_eq!(self.say(&tab, PING).await, PING);
        tab
    }

    /// A client without stateful reconnect.
    pub(super) async fn plain(&self, socket: &str) -> Caller {
        let caller = caller(socket, principal(HUB, "alice"));
        self.stage.connect(&caller).await.expect("the socket is let in");
        assert_eq!(self.frames.answer(&caller, crate::stage::SHAKE, PATIENCE).await, "");
        caller
    }

    pub(super) async fn say(&self, tab: &Tab, frame: &str) -> String {
        self.frames.answer(&tab.caller(), frame, PATIENCE).await
    }

    /// The gateway knows no more of the socket.
    pub(super) fn cut(&self, tab: &Tab) {
        self.stage.gateway.always(&tab.socket(), Answer::Gone);
    }

    /// Whether the gateway knows no more of the socket, so that its client noticed.
    pub(super) fn is_cut(&self, tab: &Tab) -> bool {
        self.stage.gateway.is_deleted(&tab.socket()) || self.stage.gateway.is_gone(&tab.socket())
    }

    /// Answers posts to the socket as a socket does.
    pub(super) fn forget_answers(&self, tab: &Tab) {
        self.stage.gateway.forget_answers(&tab.socket());
    }

    pub(super) async fn try_back(&self, tab: &Tab, socket: &str) -> Result<(), ConnectError> {
        let tab = Tab { sockets: vec![name::socket(socket)], ..tab.clone() };
        self.let_in(&tab, true).await
    }

    pub(super) async fn come_back(&self, tab: &mut Tab, socket: &str) {
        assert!(self.come_back_if_let(tab, socket).await, "the client is refused");
    }

    pub(super) async fn come_back_if_let(&self, tab: &mut Tab, socket: &str) -> bool {
        self.come_back_saying(tab, socket, &super::sequence(1)).await
    }

    /// The client comes back, if it is let in, and says this first.
    pub(super) async fn come_back_saying(&self, tab: &mut Tab, socket: &str, said: &str) -> bool {
        if self.try_back(tab, socket).await.is_err() {
            return false;
        }
        tab.sockets.push(name::socket(socket));
        tab.connected_at = self.stage.clock.now();
        self.say(tab, said).await;
        true
    }

    fn id(tab: &Tab) -> SocketId {
        SocketId::of_line(&tab.connection).unwrap()
    }

    pub(super) async fn gone(&self, tab: &Tab, is_by_client: bool) {
        let code = if is_by_client { 1005 } else { 1006 };
        self.ends.socket_gone(&Self::id(tab), &tab.socket(), Some(code)).await.unwrap();
    }

    /// The end of a socket is told while the table may fail.
    pub(super) async fn gone_if_told(&self, tab: &Tab, socket: &SocketId) {
        let _ = self.ends.socket_gone(&Self::id(tab), socket, None).await;
    }

    /// The alarm of a line rings while the table may fail.
    pub(super) async fn time_up_if_told(&self, tab: &Tab) {
        let _ = self.ends.time_up(&Self::id(tab)).await;
    }

    pub(super) async fn gone_of(&self, tab: &Tab, socket: &str) {
        self.ends.socket_gone(&Self::id(tab), &name::socket(socket), None).await.unwrap();
    }

    /// The alarm of a line rings; answers whether the line has ended.
    pub(super) async fn time_up(&self, line: &SocketId) -> bool {
        self.ends.time_up(line).await.unwrap()
    }

    pub(super) async fn line(&self, tab: &Tab) -> Line {
        self.stage.store.line(&Self::id(tab)).await.unwrap().expect("a line")
    }

    pub(super) fn frames(&self, tab: &Tab) -> Vec<String> {
        self.stage.gateway.frames(&tab.socket())
    }

    pub(super) fn is_forgotten(&self, tab: &Tab) -> bool {
        let id = Self::id(tab);
        self.stage.store.channels_of(&id).is_empty()
            && self.stage.store.sockets().iter().all(|socket| socket.id != id)
    }

    pub(super) async fn publish(&self, message: QueuedMessage) -> Report {
        self.publisher.publish(vec![message], INVOCATION).await
    }

    /// Publishes one message that has to go through.
    pub(super) async fn send(&self, body: &str) {
        let report = self.publish(message("m", body)).await;
        assert!(report.failed.is_empty(), "{report:?}");
    }
}
