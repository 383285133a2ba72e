//! What happens in a history, one step after another.

use std::time::Duration;

use hubcast_testkit::queued::in_group;
use hubcast_testkit::{Answer, Fault};
use serde_json::{Value, json};

use super::{GROUPS, History, death};
use crate::lines::{ack, sequence};
use crate::stage::{PING, invoke};

impl History {
    pub(super) async fn step(&mut self) {
        self.stage.stage.clock.advance(Duration::from_millis(200));
        if self.rng.bool() {
            self.come_back().await;
        }
        match self.rng.u8(0..14) {
            0..=2 => self.send(),
            3..=5 => self.publish().await,
            6 => self.cut().await,
            7 | 8 => self.spoil_posts(),
            9 => self.spoil_writes(),
            10 => self.call().await,
            11 => self.stage.stage.gateway.arrive_strays(),
            12 => self.tell().await,
            _ => self.ping().await,
        }
        if self.rng.u8(0..4) > 0 {
            self.acknowledge().await;
        }
    }

    fn send(&mut self) {
        let group = GROUPS[self.rng.usize(0..GROUPS.len())];
        self.sent += 1;
        let target = format!("{group}{:04}", self.sent);
        let body = format!(r#"{{"userId":"alice","target":"{target}"}}"#);
        let message = in_group(&target, group, &body);
        self.queues.get_mut(group).unwrap().push_back(message);
    }

    /// After how many steps a function is killed that begins now.
    pub(super) fn killed_after(&mut self) -> usize {
        if !self.heals && self.rng.u8(0..6) == 0 { self.rng.usize(1..20) } else { usize::MAX }
    }

    pub(super) async fn acknowledge(&mut self) {
        let latest = self.counted().len();
        if !self.is_away() && latest > 0 {
            self.say(&ack(u64::try_from(latest).unwrap())).await;
        }
    }

    pub(super) async fn ping(&mut self) {
        if !self.is_away() {
            self.say(PING).await;
        }
    }

    async fn call(&mut self) {
        self.calls += 1;
        let call = invoke(&self.calls.to_string(), "GetConnectionId", &json!([]));
        self.unheard.push_back((self.calls, call.clone()));
        if !self.is_away() {
            self.say(&call).await;
        }
    }

    /// Says a frame. The function that works on the frame may be killed.
    async fn say(&mut self, frame: &str) {
        let killed_after = self.killed_after();
        let said = tokio::select! {
            reply = self.stage.say(&self.tab, frame) => Some(reply),
            () = death(killed_after) => None,
        };
        self.has_lost_frames |= said.is_none();
        let heard = said.iter().flat_map(|reply| crate::stage::records(reply));
        for record in heard.filter(|record| record["type"] == 8) {
            let through = record["sequenceId"].as_u64().unwrap();
            self.unheard.retain(|(number, _)| *number > through);
        }
    }

    pub(super) async fn cut(&mut self) {
        if self.is_away() {
            return;
        }
        self.cuts += 1;
        self.stage.cut(&self.tab);
        self.untold.push(self.tab.socket());
        if self.rng.bool() {
            self.tell().await;
        }
    }

    /// Tells the end of a socket. What is left in the end is never told.
    async fn tell(&mut self) {
        if let Some(socket) = self.untold.pop() {
            self.stage.gone_if_told(&self.tab, &socket).await;
        }
    }

    /// Whether the client has no socket, as it knows by now.
    pub(super) fn is_away(&mut self) -> bool {
        self.is_over |= self.tab.counted_until_gap(&self.stage).1.is_some();
        self.is_over || self.stage.is_cut(&self.tab)
    }

    pub(super) async fn come_back(&mut self) {
        if !self.is_away() || self.is_over {
            return;
        }
        self.sockets += 1;
        let socket = format!("s{}=", self.sockets);
        let goes_on = self.unheard.front().map_or(self.calls + 1, |(number, _)| *number);
        let said = sequence(goes_on);
        self.is_over = !self.stage.come_back_saying(&mut self.tab, &socket, &said).await;
        for (_, call) in self.unheard.clone() {
            if !self.is_away() {
                self.say(&call).await;
            }
        }
    }

    fn spoil_posts(&mut self) {
        let answers =
            [Answer::Lost, Answer::Failed, Answer::Throttled, Answer::Unreached, Answer::Stray];
        let times = self.rng.usize(1..3);
        let answers: Vec<Answer> =
            (0..times).map(|_| answers[self.rng.usize(0..answers.len())]).collect();
        self.stage.stage.gateway.answer_for(&self.tab.socket(), answers);
    }

    fn spoil_writes(&mut self) {
        let operation = ["line", "replace_line"][self.rng.usize(0..2)];
        self.stage.stage.store.fault_next(operation, [Some(Fault::Unavailable)]);
    }

    pub(super) fn counted(&self) -> Vec<Value> {
        self.tab.counted_until_gap(&self.stage).0
    }
}
