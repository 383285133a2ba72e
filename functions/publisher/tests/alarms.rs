//! Alarms of lines, and what lines leave when they end.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on should say so")]

mod rig;

use std::sync::Arc;
use std::time::Duration;

use hubcast_delivery::{Ports, Publish, Publisher};
use hubcast_line::{
    Addition, Courier, Cut, Line, LinePorts, LineSettings, LineStore, alarm_message, change,
};
use hubcast_membership::line_end::LineEnds;
use hubcast_membership::presence::Presence;
use hubcast_membership::shards::Shards;
use hubcast_model::id::{ConnectionId, SocketId};
use hubcast_model::ports::{ConnectionGateway, InboxStore, NoUpstream, QueuedMessage};
use hubcast_model::retention::{Inbox, Kept, QueuePosition};
use hubcast_model::time::Clock;
use hubcast_testkit::clock::START;
use hubcast_testkit::queued::{again, in_group, message};
use hubcast_testkit::{
    Fault, MemoryStore, RecordingAlarm, RecordingGateway, RecordingQueue, TestClock, name,
};
use publisher::alarms::WithAlarms;
use serde_json::json;

use crate::rig::{HUB, PATIENCE};

const TIMERS: &str = "hubcast-timers";
const RECORD: &str = "{\"type\":1,\"target\":\"bell\",\"arguments\":[1]}\u{1e}";
const LATER: &str = "{\"type\":1,\"target\":\"bell\",\"arguments\":[2]}\u{1e}";
const SENT: &str = "{\"type\":1,\"target\":\"sent\",\"arguments\":[]}\u{1e}";
/// When the record of the tests comes to the line.
const CAME: Duration = Duration::from_secs(10);

type Lines = Courier<MemoryStore, RecordingGateway, TestClock, RecordingAlarm>;
type Ends = LineEnds<
    MemoryStore,
    RecordingGateway,
    TestClock,
    RecordingAlarm,
    Presence<MemoryStore, NoUpstream, TestClock>,
>;

struct Rig {
    store: MemoryStore,
    gateway: RecordingGateway,
    clock: TestClock,
    alarm: RecordingAlarm,
    lines: Lines,
    publisher:
        WithAlarms<Publisher<MemoryStore, Lines, RecordingQueue, TestClock>, Ends, TestClock>,
}

impl Rig {
    fn start() -> Self {
        let config = rig::config(&[]);
        let (store, gateway) = (MemoryStore::with_page_size(1000), RecordingGateway::default());
        let (clock, alarm) = (TestClock::default(), RecordingAlarm::default());
        let ports = LinePorts {
            store: store.clone(),
            gateway: gateway.clone(),
            clock: clock.clone(),
            alarm: alarm.clone(),
        };
        let lines = Courier::new(ports, LineSettings::default());
        let ports = Ports {
            store: store.clone(),
            gateway: lines.clone(),
            queue: RecordingQueue::default(),
            upstream: None,
            clock: clock.clone(),
        };
        let publisher = Publisher::new(ports, config.fanout, Shards::new(config.shards));
        let presence = Presence::new(Arc::new(store.clone()), None, Arc::new(clock.clone()));
        let ends = LineEnds::new(lines.clone(), presence);
        let timers = Some(TIMERS.to_owned());
        let publisher = WithAlarms::new(publisher, ends, clock.clone(), timers);
        Self { store, gateway, clock, alarm, lines, publisher }
    }

    /// A live line of alice whose client has not acknowledged a kept message.
    async fn line(&self, id: &str) -> SocketId {
        self.line_with(id, Duration::ZERO, &[kept(0, RECORD)]).await
    }

    /// A live line of alice whose handshake began so long after the start, with these records.
    async fn line_with(&self, id: &str, after: Duration, records: &[Addition]) -> SocketId {
        let socket = name::socket(&format!("{id}="));
        let connection = ConnectionId::line(id).expect("an id");
        let id = SocketId::of_line(&connection).expect("a line");
        let mut line = Line::open(id.clone(), socket.clone(), START);
        line.note_through(&socket);
        line.note_spoken(&socket);
        line.append(records, START.plus(after).plus(CAME), 100_000);
        assert!(self.store.create_line(&line).await.expect("an answer"));
        self.tab(id.as_str(), after).await;
        id
    }

    /// What the socket of a line was sent, without the numbers.
    fn heard(&self, id: &str) -> Vec<String> {
        let frames = self.gateway.frames(&name::socket(&format!("{id}=")));
        let records = frames.iter().flat_map(|frame| frame.split_inclusive('\u{1e}'));
        records.filter(|record| !record.contains("sequenceId")).map(str::to_owned).collect()
    }

    /// A ready connection of alice whose handshake began so long after the start.
    async fn tab(&self, id: &str, after: Duration) {
        rig::tab(&self.store, id, "alice", Some(START.plus(after))).await;
    }

    async fn inbox(&self) -> Vec<String> {
        let inbox = Inbox::of(&name::hub(HUB), &name::user("alice"));
        let messages = self.store.inbox_messages(&inbox, self.clock.now()).await;
        messages.expect("an answer").into_iter().map(|message| message.record).collect()
    }

    fn alarm(line: &SocketId) -> QueuedMessage {
        let alarm = message("alarm", &alarm_message(line));
        QueuedMessage { queue: TIMERS.to_owned(), sequence: String::new(), ..alarm }
    }

    /// The alarm of a line rings; answers whether the queue is to bring it again.
    async fn ring(&self, alarm: QueuedMessage) -> bool {
        !self.publisher.publish(vec![alarm], PATIENCE).await.failed.is_empty()
    }

    /// A message of the same group comes.
    async fn send(&self, sequence: &str) {
        let body = json!({ "hub": HUB, "userId": "alice", "target": "sent" }).to_string();
        let message = in_group(sequence, "g", &body);
        let message = QueuedMessage { sequence: sequence.to_owned(), ..message };
        let report = self.publisher.publish(vec![message], PATIENCE).await;
        assert!(report.failed.is_empty(), "{report:?}");
    }

    fn is_on_record(&self, line: &SocketId) -> bool {
        self.store.sockets().iter().any(|socket| socket.id == *line)
    }
}

/// The first message of the group, or another element of it, kept for an hour.
fn kept(element: usize, record: &str) -> Addition {
    let kept = Kept {
        hub: name::hub(HUB),
        user: name::user("alice"),
        position: QueuePosition::new("g", "188494964604676961", element),
        until: START.plus(Duration::from_hours(1)),
    };
    Addition { position: Some(kept.position.clone()), kept: Some(kept), record: record.to_owned() }
}

#[tokio::test(start_paused = true)]
async fn an_alarm_ends_a_line_whose_client_did_not_come_back_and_no_other() {
    let rig = Rig::start();
    let line = rig.line("c").await;
    assert!(!rig.ring(Rig::alarm(&line)).await);
    assert!(rig.is_on_record(&line), "the line is live");
    rig.clock.advance(CAME);
    rig.lines.lose(&line, &name::socket("c="), Cut::Gone).await.expect("an answer");
    assert!(!rig.ring(Rig::alarm(&line)).await);
    assert!(rig.is_on_record(&line), "the client may come back");
    rig.clock.advance(Duration::from_secs(31));
    assert!(!rig.ring(Rig::alarm(&line)).await);
    assert!(!rig.is_on_record(&line));
}

/// The table deletes the record of a line once it has expired.
#[tokio::test(start_paused = true)]
async fn an_alarm_leaves_a_line_as_it_is_that_is_not_over() {
    let rig = Rig::start();
    let line = rig.line("c").await;
    let before = rig.store.line(&line).await.expect("an answer");
    assert!(!rig.ring(Rig::alarm(&line)).await);
    assert_eq!(rig.store.line(&line).await.expect("an answer"), before);
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_and_was_not_acknowledged_goes_to_the_inbox_once() {
    let rig = Rig::start();
    let lines = [rig.line("c").await, rig.line("d").await];
    rig.clock.advance(CAME * 2);
    for line in &lines {
        rig.lines.delete(line).await.expect("an answer");
    }
    let rung: Vec<SocketId> = rig.alarm.alarms().into_iter().map(|(line, _)| line).collect();
    assert_eq!(rung, lines);
    for line in &lines {
        let alarm = Rig::alarm(line);
        assert!(!rig.ring(alarm.clone()).await);
        assert!(!rig.ring(again(&alarm)).await);
    }
    assert_eq!(rig.inbox().await, [RECORD]);
    let left = rig.store.line(&lines[0]).await.expect("an answer").expect("a line").left;
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(start_paused = true)]
async fn who_was_there_has_the_message_and_who_came_later_gets_it() {
    for (came, frames) in [(Duration::ZERO, 0), (CAME * 2, 1)] {
        let rig = Rig::start();
        let line = rig.line("c").await;
        rig.tab("tab=", came).await;
        rig.clock.advance(CAME * 3);
        rig.lines.delete(&line).await.expect("an answer");
        assert!(!rig.ring(Rig::alarm(&line)).await);
        assert_eq!(rig.gateway.frames(&name::socket("tab=")), vec![RECORD; frames]);
        assert_eq!(rig.inbox().await, Vec::<String>::new());
    }
}

/// The place of a message in its queue says nothing about a line that came later.
#[tokio::test(start_paused = true)]
async fn a_line_that_came_later_gets_what_was_left_and_all_that_follows() {
    for element in [0, 7] {
        let rig = Rig::start();
        let two = [kept(element, RECORD), kept(element + 1, LATER)];
        let line = rig.line_with("c", Duration::ZERO, &two).await;
        rig.line_with("d", CAME * 2, &[]).await;
        rig.clock.advance(CAME * 3);
        rig.send("188494964604676962").await;
        rig.lines.delete(&line).await.expect("an answer");
        let alarm = Rig::alarm(&line);
        assert!(!rig.ring(alarm.clone()).await);
        assert!(!rig.ring(again(&alarm)).await);
        rig.send("188494964604676963").await;
        assert_eq!(rig.heard("d"), [SENT, RECORD, LATER, SENT], "{element}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_of_no_use_any_more_or_was_acknowledged_goes_nowhere() {
    for (wait, through) in [(Duration::from_hours(1), 0), (CAME, 1)] {
        let rig = Rig::start();
        let line = rig.line("c").await;
        let acked = change(&rig.store, &line, |line| line.ack(through, START)).await;
        acked.expect("an answer").expect("a line");
        rig.clock.advance(wait);
        rig.lines.delete(&line).await.expect("an answer");
        assert!(!rig.ring(Rig::alarm(&line)).await);
        assert_eq!(rig.inbox().await, Vec::<String>::new());
    }
}

#[tokio::test(start_paused = true)]
async fn an_alarm_comes_again_when_the_table_does_not_answer() {
    let rig = Rig::start();
    let line = rig.line("c").await;
    rig.clock.advance(CAME);
    rig.lines.delete(&line).await.expect("an answer");
    for operation in ["line", "members", "put_inbox_message"] {
        rig.store.fault(operation, Fault::Unavailable);
        assert!(rig.ring(Rig::alarm(&line)).await, "{operation}");
        rig.store.heal();
    }
    assert!(!rig.ring(again(&Rig::alarm(&line))).await);
    assert_eq!(rig.inbox().await, [RECORD]);
}

#[tokio::test(start_paused = true)]
async fn an_alarm_on_another_queue_is_no_alarm() {
    let rig = Rig::start();
    let line = rig.line("c").await;
    rig.clock.advance(CAME);
    rig.lines.lose(&line, &name::socket("c="), Cut::Gone).await.expect("an answer");
    rig.clock.advance(Duration::from_secs(31));
    rig.publisher.publish(vec![message("m", &alarm_message(&line))], PATIENCE).await;
    assert!(rig.is_on_record(&line));
}
