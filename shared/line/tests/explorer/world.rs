//! A state, what holds in it, and the states that follow.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use hubcast_line::{Line, Phase};
use hubcast_model::id::{ConnectionId, SocketId};
use hubcast_model::time::Timestamp;

use crate::client::Client;
use crate::process::{Next, Post, Process};

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_000_000_000);
pub(crate) const WINDOW: Duration = Duration::from_secs(30);
/// Longer than any phase waits.
pub(crate) const LATER: Duration = Duration::from_mins(2);

/// How many mishaps of each kind may still happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Mishaps {
    /// A socket breaks, and the gateway knows.
    pub(crate) cuts: u8,
    /// A socket breaks, and the gateway still takes posts.
    pub(crate) half_open: u8,
    /// Nobody is told of the end of a socket.
    pub(crate) untold: u8,
    /// A publisher dies, and its message comes again.
    pub(crate) crashes: u8,
    /// A function that works on a frame of the client dies. Nobody tries the frame again.
    pub(crate) dead_frames: u8,
    /// A post is not answered.
    pub(crate) lost_posts: u8,
    /// A post that was not answered arrives later.
    pub(crate) late_posts: u8,
    /// The holder of a turn sleeps until the turn has run out.
    pub(crate) stalls: u8,
    /// A write is done, and not answered.
    pub(crate) lost_writes: u8,
    /// An acknowledgement arrives later.
    pub(crate) late_acks: u8,
    /// Somebody logs out, or a backend closes the connection.
    pub(crate) ends: u8,
    /// The time is up for a client that does not come, or does not say where it goes on.
    pub(crate) alarms: u8,
}

/// Which rules are kept. Explorations without a rule show what the rule is for.
#[expect(clippy::struct_excessive_bools, reason = "each rule may be left out alone")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Rules {
    pub(crate) has_turns: bool,
    pub(crate) has_sequences: bool,
    /// Whether a line ends, and so refuses its client, when its client is told to go.
    pub(crate) refuses: bool,
    /// Whether the end is written before the client is told.
    pub(crate) ends_first: bool,
    /// Whether nothing is posted before the client's first frame.
    pub(crate) waits_for_speech: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) line: Line,
    pub(crate) client: Client,
    /// Frames on their way, for each socket that there ever was.
    pub(crate) pipes: BTreeMap<SocketId, VecDeque<String>>,
    /// Frames that will arrive later.
    pub(crate) late: Vec<Post>,
    /// Acknowledgements that will arrive later.
    pub(crate) late_acks: Vec<u64>,
    pub(crate) processes: Vec<Process>,
    /// Sockets that the gateway knows to be gone.
    pub(crate) closed: BTreeSet<SocketId>,
    /// Sockets that only the client knows to be gone.
    pub(crate) deaf: BTreeSet<SocketId>,
    /// Sockets whose `$disconnect` has not run.
    pub(crate) untold: BTreeSet<SocketId>,
    /// Every record that was ever appended.
    pub(crate) history: Vec<String>,
    pub(crate) mishaps: Mishaps,
    pub(crate) rules: Rules,
}

/// Steps, and the states after them.
pub(crate) type Followers = Vec<(String, World)>;

impl World {
    /// A line whose client is connected and was heard.
    pub(crate) fn new(publishers: usize, mishaps: Mishaps, rules: Rules) -> Self {
        let mut world = Self::opening(publishers, mishaps, rules);
        let first = socket(1);
        assert!(world.line.note_through(&first) && world.line.note_spoken(&first));
        assert!(world.line.is_live());
        world.processes.retain(|one| one.next != Next::Answer);
        world.client.note_answer();
        world.client.has_spoken = true;
        world
    }

    /// A line whose first socket is connected, and whose client has asked for the handshake.
    pub(crate) fn opening(publishers: usize, mishaps: Mishaps, rules: Rules) -> Self {
        let id = SocketId::of_line(&ConnectionId::line("c").unwrap()).unwrap();
        let first = socket(1);
        let publishers = u64::try_from(publishers).unwrap();
        let mut processes: Vec<Process> = (1..=publishers).map(Process::publisher).collect();
        processes.push(Process::of_frame(90, Next::Answer));
        if mishaps.ends > 0 {
            let next = if rules.ends_first { Next::End } else { Next::Dismiss };
            processes.push(Process::new(99, next));
        }
        Self {
            line: Line::open(id, first.clone(), NOW),
            client: Client::on(first.clone()),
            pipes: BTreeMap::from([(first, VecDeque::new())]),
            late: Vec::new(),
            late_acks: Vec::new(),
            processes,
            closed: BTreeSet::new(),
            deaf: BTreeSet::new(),
            untold: BTreeSet::new(),
            history: Vec::new(),
            mishaps,
            rules,
        }
    }

    /// What a line promises in every state, and what it promises when nothing can happen any more.
    pub(crate) fn check(&self, is_last: bool) -> Result<(), String> {
        let seen = &self.client.seen;
        let history: Vec<&str> =
            self.history.iter().map(|record| record.trim_end_matches('\u{1e}')).collect();
        if self.client.was_told_too_early {
            return Err("too early: the client does not count yet".to_owned());
        }
        if !history.starts_with(&seen.iter().map(String::as_str).collect::<Vec<_>>()) {
            return Err(format!("out of order: the client saw {seen:?} of {history:?}"));
        }
        if self.client.is_gone && self.client.socket.is_some() {
            return Err("the client holds an unused socket".to_owned());
        }
        if is_last && !self.client.has_given_up() {
            if seen.len() < history.len() {
                return Err(format!("stuck: the client saw {seen:?} of {history:?}"));
            }
            if self.line.phase != Phase::Live {
                return Err("stuck: the client waits for a line that is not live".to_owned());
            }
        }
        Ok(())
    }

    /// Every step that may come next, and the state after it.
    pub(crate) fn followers(&self) -> Followers {
        let mut followers = Vec::new();
        for at in 0..self.processes.len() {
            self.process_steps(at, &mut followers);
        }
        self.client_steps(&mut followers);
        self.gateway_steps(&mut followers);
        self.alarm_steps(&mut followers);
        followers
    }

    pub(crate) fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut next = self.clone();
        change(&mut next);
        next.line.revision = 0; // a counter would make every state another one
        next
    }

    pub(crate) fn is_opening(&self) -> bool {
        matches!(self.line.phase, Phase::Opening { .. })
    }

    /// Whether a function that lives holds the turn.
    pub(crate) fn is_held(&self) -> bool {
        let holder = self.line.turn.map(|turn| turn.holder);
        holder.is_some_and(|turn| self.processes.iter().any(|one| one.holds(turn)))
    }

    /// The gateway closes a socket.
    pub(crate) fn close(&mut self, socket: &SocketId) {
        if self.closed.insert(socket.clone()) {
            self.untold.insert(socket.clone());
        }
    }
}

pub(crate) fn socket(number: usize) -> SocketId {
    SocketId::parse(&format!("s{number}=")).unwrap()
}
