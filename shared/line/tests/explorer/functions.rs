//! What functions do: each step on the record, and what may happen around it.

use std::collections::VecDeque;
use std::time::Duration;

use hubcast_line::{Addition, Appended, Attempt, Phase, Settled, Turn};
use hubcast_model::id::SocketId;
use hubcast_model::retention::QueuePosition;

use crate::process::{Next, Post, Process};
use crate::world::{Followers, NOW, WINDOW, World, socket};

const TURN: Duration = Duration::from_secs(15);
const ROOM: usize = 100_000;

impl World {
    pub(crate) fn process_steps(&self, at: usize, followers: &mut Followers) {
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
            Next::Answer => add("answers the handshake", self.with(|world| world.answer(at))),
            Next::DismissFrom(socket) => {
                add("tells the client to go", self.with(|world| world.dismiss(at, socket)));
            }
            Next::Wait(through) => {
                if let Some(next) = self.waited(at, *through) {
                    add("waits no longer", next);
                }
            }
            next => self.record_steps(at, next, &mut add),
        }
        self.deaths(at, &mut add);
    }

    fn record_steps(&self, at: usize, next: &Next, add: &mut impl FnMut(&str, Self)) {
        add(&format!("{next:?}"), self.with(|world| world.step(at)));
        if self.mishaps.lost_writes > 0 {
            let again = self.with(|world| {
                world.mishaps.lost_writes -= 1;
                world.step(at);
                world.processes[at].next = next.clone();
                world.undo_client(self);
            });
            add(&format!("{next:?}, unanswered"), again);
        }
    }

    fn deaths(&self, at: usize, add: &mut impl FnMut(&str, Self)) {
        let process = &self.processes[at];
        let may_crash = process.is_publisher() && process.next != Next::Append;
        if may_crash && self.mishaps.crashes > 0 {
            let dead = self.with(|world| {
                world.mishaps.crashes -= 1;
                world.processes[at].runs += 1;
                world.processes[at].next = Next::Append;
            });
            add("dies, and its message comes again", dead);
        }
        if process.is_of_frame && self.mishaps.dead_frames > 0 {
            let dead = self.with(|world| {
                world.mishaps.dead_frames -= 1;
                world.processes[at].next = Next::Nothing;
            });
            add("dies for good", dead);
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

    /// A publisher that waits looks again; `None` while the other holds the turn.
    fn waited(&self, at: usize, through: u64) -> Option<Self> {
        if self.line.has_cared_for(through) {
            return Some(self.with(|world| world.processes[at].next = Next::Nothing));
        }
        let is_held = self.is_held();
        if is_held && self.mishaps.stalls == 0 {
            return None;
        }
        Some(self.with(|world| {
            world.mishaps.stalls -= u8::from(is_held);
            assert!(world.take_over(at), "something waits");
        }))
    }

    /// The process takes a turn that is free or has run out, and posts; whether there was something
    /// to post.
    fn take_over(&mut self, at: usize) -> bool {
        let who = self.processes[at].turn();
        if !self.line.take_turn(who, NOW.plus(TURN + TURN)) {
            return false;
        }
        self.line.turn = Some(Turn { holder: who, until: NOW.plus(TURN) });
        self.post_next(at);
        true
    }

    /// The process posts what is not posted.
    fn post_next(&mut self, at: usize) {
        let post = Post::new(&self.line.socket, self.line.log.frame());
        self.processes[at].next = Next::Post(post);
    }

    /// The process takes its step on the record.
    fn step(&mut self, at: usize) {
        let who = self.processes[at].turn();
        match std::mem::replace(&mut self.processes[at].next, Next::Nothing) {
            Next::Append => self.append(at),
            Next::Settle(post) => self.settle(at, &post),
            Next::Lose(socket) => self.line.lose(&socket, WINDOW, NOW),
            Next::Resume(socket) => self.resume(at, socket),
            Next::Replace { old, socket } => self.replace(at, old, socket),
            Next::GoOn(socket) => {
                if self.line.go_on(&socket, 1, who, NOW) {
                    self.post_next(at);
                } else {
                    self.processes[at].next = Next::Cut { socket, is_in_doubt: false };
                }
            }
            Next::Through => {
                self.line.note_through(&socket(1));
                if !self.rules.waits_for_speech {
                    self.line.note_spoken(&socket(1));
                }
                self.processes[at].next = Next::PostWaiting;
            }
            Next::Speak(socket) => self.speak(at, socket),
            Next::PostWaiting => {
                if self.line.is_live() && !self.is_held() {
                    self.take_over(at);
                }
            }
            Next::End => self.end(at),
            Next::Dismiss => {
                let socket = self.line.socket.clone();
                self.dismiss(at, &socket);
                self.processes[at].next = Next::End;
            }
            next => unreachable!("{next:?} is no step on the record"),
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

    fn settle(&mut self, at: usize, post: &Post) {
        let (who, is_publisher) = (self.processes[at].turn(), self.processes[at].is_publisher());
        match self.line.settle(who, &post.socket, post.through, NOW) {
            Settled::More if self.rules.has_turns => self.post_next(at),
            Settled::Lost if !self.rules.has_turns => {
                self.line.log.sent = self.line.log.sent.max(post.through);
            }
            _ => {}
        }
        // A holder that lost the turn looks after its record.
        if self.rules.has_turns && is_publisher && self.processes[at].next == Next::Nothing {
            self.processes[at].next = Next::Wait(self.line.log.last());
        }
    }

    fn speak(&mut self, at: usize, socket: SocketId) {
        let is_current = self.line.socket == socket;
        let is_lost = match self.line.phase {
            Phase::Ended => true,
            Phase::Opening { .. } => !is_current,
            Phase::Away { .. } => is_current,
            Phase::Live | Phase::Resuming { .. } => false,
        };
        self.processes[at].next = if is_lost {
            Next::Cut { socket, is_in_doubt: false }
        } else {
            self.line.note_spoken(&socket);
            Next::PostWaiting
        };
    }

    fn resume(&mut self, at: usize, socket: SocketId) {
        let old = self.line.socket.clone();
        if self.line.claim(&socket, NOW) {
            return self.let_in(socket);
        }
        let attempt = self.line.resume(&socket, NOW);
        self.decide(at, attempt, old, socket);
    }

    fn replace(&mut self, at: usize, old: SocketId, socket: SocketId) {
        let attempt = self.line.replace(&old, &socket, NOW);
        match attempt {
            Attempt::Accepted => self.close(&old),
            Attempt::Refused(_) => {}
            // In doubt the client is refused, and the line ends.
            Attempt::Undecided => {
                self.line.end(NOW);
                return self.refuse(socket);
            }
        }
        self.decide(at, attempt, old, socket);
    }

    fn decide(&mut self, at: usize, attempt: Attempt, old: SocketId, socket: SocketId) {
        match attempt {
            Attempt::Accepted => self.let_in(socket),
            Attempt::Refused(_) => self.refuse(socket),
            Attempt::Undecided => self.processes[at].next = Next::Replace { old, socket },
        }
    }

    fn refuse(&mut self, socket: SocketId) {
        self.closed.insert(socket);
        self.client.is_gone = true;
        self.client.socket = None;
    }

    fn let_in(&mut self, socket: SocketId) {
        self.pipes.insert(socket.clone(), VecDeque::default());
        if !self.client.has_stopped {
            self.client.socket = Some(socket.clone());
            self.client.waits = true;
            // Its Sequence is a frame after the handshake.
            self.client.has_spoken = true;
        }
        let number = 50 + u64::try_from(self.pipes.len()).unwrap();
        self.processes.push(Process::of_frame(number, Next::GoOn(socket)));
    }

    fn end(&mut self, at: usize) {
        let socket = self.line.socket.clone();
        if self.rules.refuses {
            self.line.end(NOW);
        }
        if self.rules.ends_first {
            self.processes[at].next = Next::DismissFrom(socket);
        }
    }
}
