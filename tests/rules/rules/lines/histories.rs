//! Random histories of one client whose sockets break all the time.
//!
//! Messages of three groups come, some of them at once, and some come again;
//! the client calls. Sockets are cut, and functions are told of this before the
//! client is back, after, or never. Posts are not answered, refused for a while,
//! or arrive late; writes are not answered; publishers and functions that work
//! on a frame are killed. Two histories of three heal in the end, and the client
//! must have each message and each answer once, messages in the order of their
//! group. In the third, the end of the connection races with a return of the
//! client: nothing holds a socket after the end. A client that was refused on
//! the way, or found a gap, must have what it has once and in order.
//!
//! `HUBCAST_HISTORIES` says how many histories are played, and `HUBCAST_SEED` is
//! the first of them.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use fastrand::Rng;
use hubcast_model::id::SocketId;
use hubcast_model::ports::QueuedMessage;
use hubcast_model::time::Clock;
use hubcast_testkit::interleave::give_way;
use hubcast_testkit::queued::{again, in_group, message};
use hubcast_testkit::{Answer, Fault};
use serde_json::{Value, json};

use super::stage::{LineStage, Tab};
use super::{CLOSE, LOG_OUT, ack, sequence};
use crate::stage::{PING, invoke};

const HISTORIES: u64 = 150;
const STEPS: usize = 60;
const GROUPS: [&str; 3] = ["g", "h", "i"];
/// Longer than a client is waited for.
const TOO_LONG: Duration = Duration::from_secs(40);
const BLOCK: &str = r#"{"action":"block","userId":"alice"}"#;

/// What a connection may end by.
#[derive(Debug, Clone, Copy)]
enum End {
    LogOut,
    Block,
    Close,
    /// The time of a client that stays away is up.
    Alarm,
    /// The client closes its socket.
    Client,
}

const ENDS: [End; 5] = [End::LogOut, End::Block, End::Close, End::Alarm, End::Client];

#[tokio::test(start_paused = true)]
async fn whatever_breaks_each_message_comes_once_and_in_order() {
    let (mut whole, mut healed, mut cuts, mut messages, mut calls) = (0, 0, 0, 0, 0);
    let histories = number("HUBCAST_HISTORIES").unwrap_or(HISTORIES);
    let first = number("HUBCAST_SEED").unwrap_or(0);
    for seed in first..first + histories {
        let mut history = History::begin(seed).await;
        for _ in 0..STEPS {
            history.step().await;
        }
        if seed % 3 == 2 {
            history.race_to_the_end().await;
        } else {
            healed += 1;
            whole += u64::from(history.heal().await);
        }
        (cuts, messages, calls) =
            (cuts + history.cuts, messages + history.sent, calls + history.calls);
    }
    println!(
        "{histories} histories, {messages} messages, {calls} calls, {cuts} cuts, {whole} of {healed} without a refusal"
    );
    assert!(whole * 4 >= healed, "{whole} of {healed} clients were never refused");
}

#[expect(clippy::disallowed_methods, reason = "how long to test is no configuration")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

struct History {
    seed: u64,
    rng: Rng,
    stage: LineStage,
    tab: Tab,
    /// What each queue still has to bring, in order.
    queues: BTreeMap<&'static str, VecDeque<QueuedMessage>>,
    sent: u64,
    cuts: u64,
    sockets: u64,
    calls: u64,
    /// The calls that the server has not acknowledged: their numbers, and the frames.
    unheard: VecDeque<(u64, String)>,
    /// Sockets whose end nobody has told.
    untold: Vec<SocketId>,
    /// A function died on a frame of the client.
    has_lost_frames: bool,
    /// The client was refused, or stopped at a gap.
    is_over: bool,
}

impl History {
    async fn begin(seed: u64) -> Self {
        let stage = LineStage::default();
        let tab = stage.ready("c", "s0=").await;
        Self {
            seed,
            rng: Rng::with_seed(seed),
            stage,
            tab,
            queues: GROUPS.map(|group| (group, VecDeque::new())).into(),
            sent: 0,
            cuts: 0,
            sockets: 0,
            calls: 0,
            unheard: VecDeque::new(),
            untold: Vec::new(),
            has_lost_frames: false,
            is_over: false,
        }
    }

    async fn step(&mut self) {
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

    /// Two publishers at once, each with the next message of another group. One may be killed.
    async fn publish(&mut self) {
        let first = self.rng.usize(0..GROUPS.len());
        let groups = [GROUPS[first], GROUPS[(first + 1) % GROUPS.len()]];
        let next = groups.map(|group| self.queues[group].front().cloned());
        let killed_after = self.killed_after();
        let [one, other] = next;
        let (one, other) = tokio::join!(
            publish(&self.stage, one, killed_after),
            publish(&self.stage, other, usize::MAX)
        );
        for (group, outcome) in groups.into_iter().zip([one, other]) {
            let queue = self.queues.get_mut(group).unwrap();
            match outcome {
                Outcome::Taken => {
                    queue.pop_front();
                }
                Outcome::ComesAgain => {
                    // The queue brings a message again after a while.
                    self.stage.stage.clock.advance(Duration::from_secs(4));
                    let message = queue.pop_front().unwrap();
                    queue.push_front(again(&message));
                }
                Outcome::Nothing => {}
            }
        }
    }

    /// After how many steps a function is killed that begins now.
    fn killed_after(&mut self) -> usize {
        if self.rng.u8(0..6) == 0 { self.rng.usize(1..20) } else { usize::MAX }
    }

    async fn acknowledge(&mut self) {
        let latest = self.counted().len();
        if !self.is_away() && latest > 0 {
            self.say(&ack(u64::try_from(latest).unwrap())).await;
        }
    }

    async fn ping(&mut self) {
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

    async fn cut(&mut self) {
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
    fn is_away(&mut self) -> bool {
        self.is_over |= self.tab.counted_until_gap(&self.stage).1.is_some();
        self.is_over || self.stage.is_cut(&self.tab)
    }

    async fn come_back(&mut self) {
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

    fn counted(&self) -> Vec<Value> {
        self.tab.counted_until_gap(&self.stage).0
    }

    /// Everything heals. Answers whether the client was never refused.
    async fn heal(&mut self) -> bool {
        self.stage.stage.store.heal();
        self.calm().await;
        // The turns of publishers that were killed run out.
        self.stage.stage.clock.advance(Duration::from_secs(16));
        for _ in 0..200 {
            self.calm().await;
            if self.queues.values().all(VecDeque::is_empty) {
                break;
            }
            self.publish().await;
        }
        self.calm().await;
        self.check_order();
        if !self.is_over {
            self.check_all().await;
        }
        !self.is_over
    }

    /// The client is back, and nobody has more to do for it.
    async fn calm(&mut self) {
        self.stage.forget_answers(&self.tab);
        self.come_back().await;
        self.ping().await;
        self.acknowledge().await;
    }

    /// The client has messages in the order of their group, and nothing twice.
    fn check_order(&self) {
        let counted = self.counted();
        for group in GROUPS {
            let of_group: Vec<&str> =
                counted.iter().filter_map(|it| it["target"].as_str()).collect();
            let of_group: Vec<&&str> =
                of_group.iter().filter(|target| target.starts_with(group)).collect();
            let is_in_order = of_group.windows(2).all(|pair| pair[0] < pair[1]);
            assert!(is_in_order, "seed {}: {of_group:?}", self.seed);
        }
        let answers = self.answers();
        let mut once = answers.clone();
        once.dedup();
        assert_eq!(once, answers, "seed {}: answers", self.seed);
    }

    /// The calls that were answered, by number.
    fn answers(&self) -> Vec<u64> {
        let number = |it: &Value| it["invocationId"].as_str().and_then(|id| id.parse().ok());
        let mut answers: Vec<u64> = self.counted().iter().filter_map(number).collect();
        answers.sort_unstable();
        answers
    }

    async fn check_all(&self) {
        let messages = self.counted().iter().filter(|it| it["type"] == 1).count();
        let left: Vec<usize> = self.queues.values().map(VecDeque::len).collect();
        let (messages, line) = (u64::try_from(messages).unwrap(), self.stage.line(&self.tab).await);
        assert_eq!(messages, self.sent, "seed {}: {left:?} left, {line:#?}", self.seed);
        // An invocation whose function died after it was noted stays without an answer.
        if !self.has_lost_frames {
            let calls: Vec<u64> = (1..=self.calls).collect();
            assert_eq!(self.answers(), calls, "seed {}: {line:#?}", self.seed);
        }
    }

    /// The connection ends while its client comes back: the client has no socket then, and gets none.
    async fn race_to_the_end(&mut self) {
        self.stage.stage.store.heal();
        self.stage.forget_answers(&self.tab);
        let mut end = ENDS[self.rng.usize(0..ENDS.len())];
        let now = self.stage.stage.clock.now();
        // A client that has no socket closes none, and whoever cuts a socket is believed for a while.
        if self.is_away() || self.stage.line(&self.tab).await.is_being_cut(now) {
            end = if matches!(end, End::Client) { End::LogOut } else { end };
        }
        if !matches!(end, End::Client) && self.rng.bool() {
            self.cut().await;
        }
        if matches!(end, End::Alarm) {
            self.stage.cut(&self.tab);
            let socket = self.tab.socket();
            self.stage.gone_if_told(&self.tab, &socket).await;
            self.stage.stage.clock.advance(TOO_LONG);
        }
        let pause = self.rng.usize(0..30);
        let (stage, ended) = (&self.stage, self.tab.clone());
        self.sockets += 1;
        let socket = format!("s{}=", self.sockets);
        let goes_on = sequence(self.calls + 1);
        let is_away = self.is_over || stage.is_cut(&ended);
        tokio::join!(
            async {
                for _ in 0..pause {
                    give_way().await;
                }
                end_by(stage, &ended, end).await;
            },
            async {
                if is_away && !self.is_over {
                    stage.come_back_saying(&mut self.tab, &socket, &goes_on).await;
                }
            }
        );
        // A socket that was let in before the end is cut by its next frame, if not before.
        self.stage.say(&self.tab, PING).await;
        let seed = self.seed;
        assert!(self.stage.is_cut(&self.tab), "seed {seed}: a socket is left after {end:?}");
        let again = self.stage.try_back(&self.tab, "s999=").await;
        assert!(again.is_err(), "seed {seed}: a client comes back after {end:?}");
        self.check_order();
    }
}

async fn end_by(stage: &LineStage, tab: &Tab, end: End) {
    match end {
        End::LogOut => {
            stage.publish(message("end", LOG_OUT)).await;
        }
        End::Block => {
            stage.publish(message("end", BLOCK)).await;
        }
        End::Close => {
            stage.publish(message("end", CLOSE)).await;
        }
        End::Alarm => stage.time_up_if_told(tab).await,
        End::Client => {
            stage.cut(tab);
            stage.gone(tab, true).await;
        }
    }
}

enum Outcome {
    Taken,
    ComesAgain,
    Nothing,
}

async fn publish(stage: &LineStage, message: Option<QueuedMessage>, steps: usize) -> Outcome {
    let Some(message) = message else {
        return Outcome::Nothing;
    };
    tokio::select! {
        report = stage.publish(message) => {
            if report.failed.is_empty() { Outcome::Taken } else { Outcome::ComesAgain }
        }
        () = death(steps) => Outcome::ComesAgain,
    }
}

/// Comes after so many steps, or never.
async fn death(steps: usize) {
    for _ in 0..steps.min(1000) {
        give_way().await;
    }
    if steps > 1000 {
        std::future::pending::<()>().await;
    }
}
