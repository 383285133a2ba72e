//! Random histories of one client whose sockets break all the time.
//!
//! Messages of three groups come, some of them at once, and some come again.
//! Sockets are cut, told to be gone, or not; posts and writes are not answered,
//! or refused for a while; publishers are killed. In the end everything heals,
//! and the client must have each message once, in the order of its group. A
//! client that was refused on the way must have what it has in order.
//!
//! `HUBCAST_HISTORIES` says how many histories are played.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use fastrand::Rng;
use hubcast_model::ports::QueuedMessage;
use hubcast_testkit::interleave::give_way;
use hubcast_testkit::queued::{again, in_group};
use hubcast_testkit::{Answer, Fault};

use super::ack;
use super::stage::{LineStage, Tab};
use crate::stage::PING;

const HISTORIES: u64 = 150;
const STEPS: usize = 60;
const GROUPS: [&str; 3] = ["g", "h", "i"];

#[tokio::test(start_paused = true)]
async fn whatever_breaks_each_message_comes_once_and_in_order() {
    #[expect(clippy::disallowed_methods, reason = "how long to test is no configuration")]
    let histories = std::env::var("HUBCAST_HISTORIES").ok().and_then(|text| text.parse().ok());
    let (mut whole, mut cuts, mut messages) = (0, 0, 0);
    let histories = histories.unwrap_or(HISTORIES);
    for seed in 0..histories {
        let mut history = History::begin(seed).await;
        for _ in 0..STEPS {
            history.step().await;
        }
        whole += u64::from(history.end().await);
        cuts += history.cuts;
        messages += history.sent;
    }
    println!("{histories} histories, {messages} messages, {cuts} cuts, {whole} without a refusal");
    assert!(whole * 3 > histories, "{whole} of {histories} clients were never refused");
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
    is_refused: bool,
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
            is_refused: false,
        }
    }

    async fn step(&mut self) {
        self.stage.stage.clock.advance(Duration::from_millis(200));
        if self.rng.bool() {
            self.come_back().await;
        }
        match self.rng.u8(0..11) {
            0..=2 => self.send(),
            3..=5 => self.publish().await,
            6 => self.cut().await,
            7 | 8 => self.spoil_posts(),
            9 => self.spoil_writes(),
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
        let killed_after = if self.rng.u8(0..6) == 0 { self.rng.usize(1..20) } else { usize::MAX };
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

    async fn acknowledge(&mut self) {
        let latest = self.tab.latest(&self.stage);
        if !self.is_away() && latest > 0 {
            self.stage.say(&self.tab, &ack(latest)).await;
        }
    }

    async fn ping(&mut self) {
        if !self.is_away() {
            self.stage.say(&self.tab, PING).await;
        }
    }

    async fn cut(&mut self) {
        if self.is_away() {
            return;
        }
        self.cuts += 1;
        self.stage.cut(&self.tab);
        if self.rng.bool() {
            self.stage.gone_if_told(&self.tab).await;
        }
    }

    /// Whether the client has no socket, as it knows by now.
    fn is_away(&self) -> bool {
        self.is_refused || self.stage.is_cut(&self.tab)
    }

    async fn come_back(&mut self) {
        if self.is_refused || !self.is_away() {
            return;
        }
        self.sockets += 1;
        let socket = format!("s{}=", self.sockets);
        self.is_refused = !self.stage.come_back_if_let(&mut self.tab, &socket).await;
    }

    fn spoil_posts(&mut self) {
        let answers = [Answer::Lost, Answer::Failed, Answer::Throttled, Answer::Unreached];
        let times = self.rng.usize(1..3);
        let answers: Vec<Answer> =
            (0..times).map(|_| answers[self.rng.usize(0..answers.len())]).collect();
        self.stage.stage.gateway.answer_for(&self.tab.socket(), answers);
    }

    fn spoil_writes(&mut self) {
        let operation = ["line", "replace_line"][self.rng.usize(0..2)];
        self.stage.stage.store.fault_next(operation, [Some(Fault::Unavailable)]);
    }

    /// Everything heals. Answers whether the client was never refused.
    async fn end(&mut self) -> bool {
        self.stage.stage.store.heal();
        self.stage.forget_answers(&self.tab);
        self.come_back().await;
        self.ping().await;
        self.acknowledge().await;
        // The turns of publishers that were killed run out.
        self.stage.stage.clock.advance(Duration::from_secs(16));
        for _ in 0..200 {
            self.stage.forget_answers(&self.tab);
            self.come_back().await;
            self.ping().await;
            self.acknowledge().await;
            if self.queues.values().all(VecDeque::is_empty) {
                break;
            }
            self.publish().await;
        }
        self.come_back().await;
        self.ping().await;
        let heard = self.tab.heard(&self.stage);
        for group in GROUPS {
            let of_group: Vec<&String> =
                heard.iter().filter(|target| target.starts_with(group)).collect();
            let is_in_order = of_group.windows(2).all(|pair| pair[0] < pair[1]);
            assert!(is_in_order, "seed {}: {of_group:?}", self.seed);
        }
        if !self.is_refused {
            let (count, line) =
                (u64::try_from(heard.len()).unwrap(), self.stage.line(&self.tab).await);
            let left: Vec<usize> = self.queues.values().map(VecDeque::len).collect();
            assert_eq!(count, self.sent, "seed {}: {left:?} left, {line:#?}", self.seed);
        }
        !self.is_refused
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
    let death = async {
        for _ in 0..steps.min(1000) {
            give_way().await;
        }
        if steps > 1000 {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        report = stage.publish(message) => {
            if report.failed.is_empty() { Outcome::Taken } else { Outcome::ComesAgain }
        }
        () = death => Outcome::ComesAgain,
    }
}
