//! What the page of the client does: it reads, acknowledges, speaks, and comes back.

use hubcast_model::id::SocketId;

use crate::process::{Next, Process};
use crate::world::{Followers, NOW, World, socket};

/// A client that tries to come back, and one that was told to go and tries all the same.
const BACK: u64 = 97;
const BACK_IN_VAIN: u64 = 98;
/// A frame of the client that asks for nothing, such as a ping.
const FRAME: u64 = 91;

impl World {
    pub(crate) fn client_steps(&self, followers: &mut Followers) {
        if self.client.has_stopped {
            return;
        }
        let mut add = |what: String, world: Self| followers.push((what, world));
        let Some(socket) = self.client.socket.clone() else {
            if self.may_come_back() {
                add("the client comes back".to_owned(), self.with(Self::come_back));
            }
            return;
        };
        if let Some(frame) = self.pipes.get(&socket).and_then(|pipe| pipe.front()) {
            let next = self.with(|world| {
                world.pipes.get_mut(&socket).unwrap().pop_front();
                world.client.read(frame);
            });
            add(format!("the client reads {frame}"), next);
        }
        if self.line.log.acked < self.client.latest && !self.line.is_over(NOW) {
            self.acknowledge(&mut add);
        }
        if !self.is_open(&socket) {
            add("the client sees the end".to_owned(), self.with(|world| world.see_end(&socket)));
        } else if self.has_to_speak() {
            add("the client speaks".to_owned(), self.with(|world| world.say(socket)));
        }
    }

    fn acknowledge(&self, add: &mut impl FnMut(String, Self)) {
        let latest = self.client.latest;
        let now = self.with(|world| world.hear_ack(latest));
        add(format!("the client acknowledges {latest}"), now);
        if self.mishaps.late_acks > 0 {
            let later = self.with(|world| {
                world.mishaps.late_acks -= 1;
                world.late_acks.push(latest);
            });
            add(format!("the client acknowledges {latest}, which arrives later"), later);
        }
    }

    pub(crate) fn hear_ack(&mut self, through: u64) {
        if !self.line.is_over(NOW) {
            let was_sent = through < self.line.log.next();
            assert!(was_sent || !self.rules.has_sequences, "a read record was sent");
            self.line.ack(through, NOW);
        }
    }

    fn see_end(&mut self, socket: &SocketId) {
        self.pipes.get_mut(socket).unwrap().clear();
        self.client.socket = None;
        // The start of a client without an answer fails.
        self.client.is_gone |= !self.client.has_answer();
    }

    /// Whether the page's first frame is due, or nobody else sees to what waits.
    fn has_to_speak(&self) -> bool {
        let waits = self.is_opening() || (self.line.is_live() && self.line.log.has_unsent());
        let is_idle = self.processes.iter().all(|one| one.next == Next::Nothing);
        self.client.has_answer() && (!self.client.has_spoken || (waits && is_idle))
    }

    fn say(&mut self, socket: SocketId) {
        self.client.has_spoken = true;
        self.processes.retain(|one| one.number != FRAME);
        let mut frame = Process::of_frame(FRAME, Next::Speak(socket));
        // A turn that a dead one held is another's.
        frame.runs = u64::from(self.line.turn.is_some_and(|turn| turn.holder == frame.turn()));
        self.processes.push(frame);
    }

    /// A client that was told to go tries once more all the same, and no more after a refusal.
    fn may_come_back(&self) -> bool {
        let is_trying = |one: &Process| matches!(one.next, Next::Resume(_) | Next::Replace { .. });
        let has_tried_in_vain = |one: &Process| one.number == BACK_IN_VAIN;
        let may_rest = self.client.is_gone && self.processes.iter().any(has_tried_in_vain);
        self.client.has_answer() && !may_rest && !self.processes.iter().any(is_trying)
    }

    fn come_back(&mut self) {
        let socket = socket(self.pipes.len() + self.closed.len() + 1);
        let number = if self.client.is_gone { BACK_IN_VAIN } else { BACK };
        self.processes.retain(|one| one.number != BACK || one.next != Next::Nothing);
        self.processes.push(Process::new(number, Next::Resume(socket)));
    }
}
