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

mod checks;
mod end;
mod publishers;
mod steps;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use fastrand::Rng;
use hubcast_model::id::SocketId;
use hubcast_model::ports::QueuedMessage;
use hubcast_testkit::interleave::give_way;

use super::stage::{LineStage, Tab};

const HISTORIES: u64 = 150;
const STEPS: usize = 60;
const GROUPS: [&str; 3] = ["g", "h", "i"];

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
    /// Everything heals: nobody is killed any more.
    heals: bool,
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
            heals: false,
            is_over: false,
        }
    }

    /// Everything heals. Answers whether the client was never refused.
    async fn heal(&mut self) -> bool {
        self.heals = true;
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
