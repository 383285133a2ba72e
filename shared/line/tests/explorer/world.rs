//! A state, and the states that follow.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use hubcast_line::{Addition, Appended, Attempt, Line, Settled, Turn};
use hubcast_model::id::{ConnectionId, SocketId};
use hubcast_model::retention::QueuePosition;
use hubcast_model::time::Timestamp;

use crate::client::{Client, without_sequence};
use crate::process::{Next, Post, Process};

const NOW: Timestamp = Timestamp::from_millis(1_000_000_000);
const TURN: Duration = Duration::from_secs(15);
const WINDOW: Duration = Duration::from_secs(30);
const ROOM: usize = 100_000;

/// How many mishaps of each kind may still happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Mishaps {
    /// A socket breaks, and the gateway knows.
    pub(crate) cuts: u8,
    /// A socket breaks, and the gateway still takes posts.
    pub(crate) half_open: u8,
    /// Nobody is told of the end of a socket.
    pub(crate) untold: u8,
    /// A function dies.
    pub(crate) crashes: u8,
    /// A post is not answered.
    pub(crate) lost_posts: u8,
    /// A post that was not answered arrives later.
    pub(crate) late_posts: u8,
    /// The holder of a turn sleeps until the turn has run out.
    pub(crate) stalls: u8,
    /// A write is done, and not answered.
    pub(crate) lost_writes: u8,
    /// Somebody logs out, or the window is over.
    pub(crate) ends: u8,
}

/// Which rules are kept. Explorations without a rule show what the rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Rules {
    pub(crate) has_turns: bool,
    pub(crate) has_sequences: bool,
    pub(crate) refuses: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct World {
    line: Line,
    pub(crate) client: Client,
    /// Frames on their way, for each socket that there ever was.
    pipes: BTreeMap<SocketId, VecDeque<String>>,
    /// Frames that will arrive later.
    late: Vec<Post>,
    processes: Vec<Process>,
    /// Sockets that the gateway knows to be gone.
    closed: BTreeSet<SocketId>,
    /// Sockets that only the client knows to be gone.
    deaf: BTreeSet<SocketId>,
    /// Sockets whose `$disconnect` has not run.
    untold: BTreeSet<SocketId>,
    /// Every record that was ever appended.
    history: Vec<String>,
    mishaps: Mishaps,
    rules: Rules,
}

type Followers = Vec<(String, World)>;

impl World {
    pub(crate) fn new(publishers: usize, mishaps: Mishaps, rules: Rules) -> Self {
        let id = SocketId::of_line(&ConnectionId::line("c").unwrap()).unwrap();
        let first = socket(1);
        let mut line = Line::open(id, first.clone(), NOW);
        assert!(line.note_through(&first) && line.note_spoken(&first) && line.is_live());
        let publishers = u64::try_from(publishers).unwrap();
        let mut processes: Vec<Process> = (1..=publishers).map(Process::publisher).collect();
        if mishaps.ends > 0 {
            processes.push(Process { number: 99, runs: 0, next: Next::End });
        }
        Self {
            line,
            client: Client::on(first.clone()),
            pipes: BTreeMap::from([(first, VecDeque::new())]),
            late: Vec::new(),
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
        if !history.starts_with(&seen.iter().map(String::as_str).collect::<Vec<_>>()) {
            return Err(format!("out of order: the client saw {seen:?} of {history:?}"));
        }
        if self.client.is_gone && self.client.socket.is_some() {
            return Err("the client holds an unused socket".to_owned());
        }
        let has_given_up = self.client.is_gone || self.client.has_stopped;
        if is_last && !has_given_up && seen.len() < history.len() {
            return Err(format!("stuck: the client saw {seen:?} of {history:?}"));
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
        followers
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut next = self.clone();
        change(&mut next);
        next.line.revision = 0; // a counter would make every state another one
        next
    }

    fn process_steps(&self, at: usize, followers: &mut Followers) {
        let process = &self.processes[at];
        let who = format!("{:?}", process.turn());
        let mut add = |what: &str, world: Self| followers.push((format!("{who} {what}"), world));
        match &process.next {
            Next::Nothing => return,
            Next::Post(post) => self.post(at, post, false, &mut add),
            Next::PostAgain(post) => self.post(at, post, true, &mut add),
            Next::Cut { socket, is_in_doubt } => {
                add("cuts", self.with(|world| world.cut(socket, *is_in_doubt, at)));
            }
            Next::Wait(through) => {
                if let Some(next) = self.waited(at, *through) {
                    add("waits no longer", next);
                }
            }
            next => {
                add(&format!("{next:?}"), self.with(|world| world.step(at)));
                if self.mishaps.lost_writes > 0 && !matches!(next, Next::End) {
                    let again = self.with(|world| {
                        world.mishaps.lost_writes -= 1;
                        world.step(at);
                        world.processes[at].next = next.clone();
                        world.undo_client(self);
                    });
                    add(&format!("{next:?}, unanswered"), again);
                }
            }
        }
        let may_crash = process.is_publisher() && process.next != Next::Append;
        if may_crash && self.mishaps.crashes > 0 {
            let dead = self.with(|world| {
                world.mishaps.crashes -= 1;
                world.processes[at].runs += 1;
                world.processes[at].next = Next::Append;
            });
            add("dies, and its message comes again", dead);
        }
    }

    /// A write that is not answered changes the table, and nothing that follows from the answer.
    fn undo_client(&mut self, before: &Self) {
        self.client.clone_from(&before.client);
        self.pipes.clone_from(&before.pipes);
        self.closed.clone_from(&before.closed);
        self.untold.clone_from(&before.untold);
        self.processes.truncate(before.processes.len());
    }

    fn post(&self, at: usize, post: &Post, is_again: bool, add: &mut impl FnMut(&str, Self)) {
        let then = |next: Next, change: &dyn Fn(&mut Self)| {
            self.with(|world| {
                change(world);
                world.processes[at].next = next;
            })
        };
        let (socket, body) = (&post.socket, &post.body);
        if self.closed.contains(socket) {
            let next = Next::Lose(socket.clone());
            return add(&format!("posts {body} to {socket}: 410"), then(next, &|_| {}));
        }
        let arrives = |world: &mut Self| world.arrive(post);
        add(&format!("posts {body}: 200"), then(Next::Settle(post.clone()), &arrives));
        if self.mishaps.lost_posts == 0 {
            return;
        }
        let next = if is_again {
            Next::Cut { socket: socket.clone(), is_in_doubt: true }
        } else {
            Next::PostAgain(post.clone())
        };
        let lose = |world: &mut Self| world.mishaps.lost_posts -= 1;
        let lose_and_arrive = |world: &mut Self| {
            lose(world);
            world.arrive(post);
        };
        add("posts: no answer, arrived", then(next.clone(), &lose_and_arrive));
        add("posts: no answer, lost", then(next.clone(), &lose));
        if self.mishaps.late_posts > 0 {
            let later = |world: &mut Self| {
                lose(world);
                world.mishaps.late_posts -= 1;
                world.late.push(post.clone());
            };
            add("posts: no answer, late", then(next, &later));
        }
    }

    fn arrive(&mut self, post: &Post) {
        if self.closed.contains(&post.socket) || self.deaf.contains(&post.socket) {
            return;
        }
        let has_sequences = self.rules.has_sequences || self.client.waits;
        let body = if has_sequences { post.body.clone() } else { without_sequence(&post.body) };
        self.pipes.get_mut(&post.socket).expect("a socket").push_back(body);
    }

    /// A publisher that waits looks again; `None` while the other holds the turn.
    fn waited(&self, at: usize, through: u64) -> Option<Self> {
        if self.line.has_cared_for(through) {
            return Some(self.with(|world| world.processes[at].next = Next::Nothing));
        }
        let holder = self.line.turn.map(|turn| turn.holder);
        let is_held = holder.is_some_and(|turn| self.processes.iter().any(|one| one.holds(turn)));
        if is_held && self.mishaps.stalls == 0 {
            return None;
        }
        Some(self.with(|world| {
            world.mishaps.stalls -= u8::from(is_held);
            // The turn has run out.
            let who = world.processes[at].turn();
            let now = NOW.plus(TURN + TURN);
            assert!(world.line.take_turn(who, now));
            world.line.turn = Some(Turn { holder: who, until: NOW.plus(TURN) });
            world.post_next(at);
        }))
    }

    /// The process posts what is not posted.
    fn post_next(&mut self, at: usize) {
        let post = Post::new(&self.line.socket, self.line.log.frame());
        self.processes[at].next = Next::Post(post);
    }

    /// The process takes its step on the record.
    fn step(&mut self, at: usize) {
        let process = self.processes[at].clone();
        let (who, is_publisher) = (process.turn(), process.is_publisher());
        self.processes[at].next = Next::Nothing;
        match process.next {
            Next::Append => self.append(at),
            Next::Settle(post) => {
                match self.line.settle(who, &post.socket, post.through, NOW) {
                    Settled::More if self.rules.has_turns => self.post_next(at),
                    Settled::Lost if !self.rules.has_turns => {
                        self.line.log.sent = self.line.log.sent.max(post.through);
                    }
                    _ => {}
                }
                if self.rules.has_turns && is_publisher {
                    self.wait_if_left(at);
                }
            }
            Next::Lose(socket) => self.line.lose(&socket, WINDOW, NOW),
            Next::Resume(socket) => {
                let old = self.line.socket.clone();
                let attempt = self.line.resume(&socket, NOW);
                self.decide(at, attempt, old, socket);
            }
            Next::Replace { old, socket } => {
                let attempt = self.line.replace(&old, &socket, NOW);
                if attempt == Attempt::Accepted {
                    self.close(&old);
                }
                self.decide(at, attempt, old, socket);
            }
            Next::GoOn(socket) => {
                if self.line.go_on(&socket, 1, who, NOW) {
                    self.post_next(at);
                } else {
                    self.processes[at].next = Next::Cut { socket, is_in_doubt: false };
                }
            }
            Next::End => {
                let socket = self.line.socket.clone();
                if self.rules.refuses {
                    self.line.end(NOW);
                }
                self.client.is_gone |= self.client.socket.as_ref() == Some(&socket);
                self.client.socket.take_if(|own| *own == socket);
                self.close(&socket);
            }
            Next::Post(_)
            | Next::PostAgain(_)
            | Next::Cut { .. }
            | Next::Wait(_)
            | Next::Nothing => unreachable!("no step on the record"),
        }
    }

    fn append(&mut self, at: usize) {
        let process = &self.processes[at];
        let (who, record) = (process.turn(), process.record());
        let group = format!("g{}", process.number);
        let position = Some(QueuePosition::new(&group, "7", 0));
        let before = self.line.log.last();
        let addition = Addition { position, kept: None, record: record.clone() };
        let Appended::Through(through) = self.line.append(&[addition], NOW, ROOM) else {
            return;
        };
        if through > before {
            self.history.push(record);
        }
        if !self.rules.has_turns {
            if self.line.is_live() {
                self.post_next(at);
            }
        } else if self.line.take_turn(who, NOW) {
            self.post_next(at);
        } else {
            self.processes[at].next = Next::Wait(through);
        }
    }

    /// A holder that lost the turn looks after its record.
    fn wait_if_left(&mut self, at: usize) {
        if self.processes[at].next == Next::Nothing {
            self.processes[at].next = Next::Wait(self.line.log.last());
        }
    }

    fn decide(&mut self, at: usize, attempt: Attempt, old: SocketId, socket: SocketId) {
        match attempt {
            Attempt::Accepted => self.let_in(socket),
            Attempt::Refused(_) => {
                self.closed.insert(socket);
                self.client.is_gone = true;
                self.client.socket = None;
            }
            Attempt::Undecided => self.processes[at].next = Next::Replace { old, socket },
        }
    }

    fn let_in(&mut self, socket: SocketId) {
        self.pipes.insert(socket.clone(), VecDeque::new());
        if !self.client.has_stopped {
            self.client.socket = Some(socket.clone());
            self.client.waits = true;
        }
        let number = 50 + u64::try_from(self.pipes.len()).unwrap();
        self.processes.push(Process { number, runs: 0, next: Next::GoOn(socket) });
    }

    fn cut(&mut self, socket: &SocketId, is_in_doubt: bool, at: usize) {
        self.close(socket);
        let lose = Next::Lose(socket.clone());
        self.processes[at].next = if is_in_doubt { lose } else { Next::Nothing };
    }

    fn close(&mut self, socket: &SocketId) {
        if self.closed.insert(socket.clone()) {
            self.untold.insert(socket.clone());
        }
    }

    fn client_steps(&self, followers: &mut Followers) {
        let mut add = |what: String, world: Self| followers.push((what, world));
        let Some(socket) = self.client.socket.clone() else {
            let is_trying = self
                .processes
                .iter()
                .any(|one| matches!(one.next, Next::Resume(_) | Next::Replace { .. }));
            if !is_trying && !self.client.has_stopped && !self.may_rest() {
                add("the client comes back".to_owned(), self.with(Self::come_back));
            }
            return;
        };
        if self.client.has_stopped {
            return;
        }
        if let Some(frame) = self.pipes.get(&socket).and_then(VecDeque::front) {
            let next = self.with(|world| {
                world.pipes.get_mut(&socket).unwrap().pop_front();
                world.client.read(frame);
            });
            add(format!("the client reads {frame}"), next);
        }
        if self.line.log.acked < self.client.latest && !self.line.is_over(NOW) {
            let next = self.with(|world| {
                let taken = world.line.ack(world.client.latest, NOW);
                assert!(taken.is_ok() || !world.rules.has_sequences, "a read record was sent");
            });
            add(format!("the client acknowledges {}", self.client.latest), next);
        }
        if self.closed.contains(&socket) || self.deaf.contains(&socket) {
            let next = self.with(|world| {
                world.pipes.get_mut(&socket).unwrap().clear();
                world.client.socket = None;
            });
            add("the client sees the end".to_owned(), next);
        }
    }

    /// A client that was told to go tries once more all the same, and no more after a refusal.
    fn may_rest(&self) -> bool {
        self.client.is_gone && self.processes.iter().any(|one| one.number == 98)
    }

    fn come_back(&mut self) {
        let socket = socket(self.pipes.len() + self.closed.len() + 1);
        let number = if self.client.is_gone { 98 } else { 97 };
        self.processes.retain(|one| one.number != 97 || one.next != Next::Nothing);
        self.processes.push(Process { number, runs: 0, next: Next::Resume(socket) });
    }

    fn gateway_steps(&self, followers: &mut Followers) {
        let mut add = |what: String, world: Self| followers.push((what, world));
        for (at, post) in self.late.iter().enumerate() {
            let next = self.with(|world| {
                world.late.remove(at);
                world.arrive(post);
            });
            add(format!("a late frame arrives: {}", post.body), next);
        }
        for socket in &self.untold {
            let told = self.with(|world| {
                world.untold.remove(socket);
                world.line.lose(socket, WINDOW, NOW);
            });
            add(format!("$disconnect of {socket}"), told);
            if self.mishaps.untold > 0 {
                let never = self.with(|world| {
                    world.untold.remove(socket);
                    world.mishaps.untold -= 1;
                });
                add(format!("no $disconnect of {socket}"), never);
            }
        }
        let open = self
            .client
            .socket
            .iter()
            .filter(|socket| !self.closed.contains(*socket) && !self.deaf.contains(*socket));
        for socket in open {
            if self.mishaps.cuts > 0 {
                let cut = self.with(|world| {
                    world.mishaps.cuts -= 1;
                    world.close(socket);
                });
                add(format!("{socket} breaks"), cut);
            }
            if self.mishaps.half_open > 0 {
                let deaf = self.with(|world| {
                    world.mishaps.half_open -= 1;
                    world.deaf.insert(socket.clone());
                });
                add(format!("{socket} is half open"), deaf);
            }
        }
    }
}

fn socket(number: usize) -> SocketId {
    SocketId::parse(&format!("s{number}=")).unwrap()
}
