//! What is sent to the client: records are appended, and the holder of the turn posts them.
//!
//! A frame is posted between two steps, so two holders could post at once. One
//! holder at a time has the turn, and begins each post with a fresh turn. Every
//! frame begins with its number. So a holder that stalls
//! and posts late makes a gap at worst, which the client notices.

use std::time::Duration;

use hubcast_model::id::SocketId;
use hubcast_model::retention::{Kept, QueuePosition};
use hubcast_model::time::Timestamp;

use crate::log::{Keeping, Log, bytes_about};
use crate::record::{Line, Phase, Turn, TurnId};

/// How long a turn lasts that is not renewed. Each post begins right after a step that renews the
/// turn, and takes ten seconds at most.
const TURN: Duration = Duration::from_secs(15);

/// The room of a line that is opening, for the inbox of its user: an item holds 400 KB.
const OPENING_ROOM: usize = 256 * 1024;

/// A record to append.
#[derive(Debug, Clone)]
pub struct Addition {
    /// Where its element stands in the queue; `None` when it comes from no queue.
    pub position: Option<QueuePosition>,
    /// What becomes of the record if the client does not acknowledge it; `None` for nothing.
    pub kept: Option<Kept>,
    /// The record.
    pub record: String,
}

impl Addition {
    /// What it takes of the room of a log, in bytes.
    fn bytes(&self) -> usize {
        self.record.len() + self.kept.as_ref().map_or(0, bytes_about)
    }
}

/// What became of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// All records are in the log, or were. The last record of the log has this number.
    Through(u64),
    /// The log has no room for so much that was not posted.
    Full,
    /// The line has ended: its client gets nothing more.
    Over,
}

/// What follows a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// All is posted, and the turn is given back.
    Done,
    /// More came, and the holder posts on.
    More,
    /// The turn or the socket is another's by now.
    Lost,
}

impl Line {
    /// Appends records, unless the log has or had them. The log takes at most `room` bytes, or one
    /// larger record.
    ///
    /// A line that is opening has more room, since nothing can be posted yet.
    ///
    /// Records of one element that are appended at once are new together, or none of them is.
    pub fn append(&mut self, additions: &[Addition], now: Timestamp, room: usize) -> Appended {
        if self.is_over(now) {
            return Appended::Over;
        }
        let is_new = |addition: &&Addition| {
            addition.position.as_ref().is_none_or(|position| !self.seen.covers(position))
        };
        let new: Vec<&Addition> = additions.iter().filter(is_new).collect();
        if new.is_empty() {
            return Appended::Through(self.log.last());
        }
        let is_opening = matches!(self.phase, Phase::Opening { .. });
        let room = if is_opening { room.max(OPENING_ROOM) } else { room };
        if !self.has_room(&new, room) {
            return Appended::Full;
        }
        for addition in &new {
            let keeping = addition.kept.clone().map(|kept| Keeping { kept, at: now });
            self.log.push(&addition.record, keeping);
        }
        self.seen.note(new.iter().filter_map(|addition| addition.position.as_ref()), now);
        Appended::Through(self.log.last())
    }

    /// Whether the log takes these records. What was posted makes room, except while the client is
    /// to come back.
    fn has_room(&mut self, new: &[&Addition], room: usize) -> bool {
        let bytes: usize = new.iter().map(|addition| addition.bytes()).sum();
        let fits =
            |log: &Log| log.bytes() + bytes <= room || (log.records.is_empty() && new.len() == 1);
        if !fits(&self.log) && self.is_live() {
            self.log.make_room(room.saturating_sub(bytes));
        }
        fits(&self.log)
    }

    /// Takes the turn if there is something to post and nobody else posts, or renews the caller's
    /// own; whether the turn is the caller's.
    pub fn take_turn(&mut self, who: TurnId, now: Timestamp) -> bool {
        let is_free = self.turn.is_none_or(|turn| turn.until <= now);
        let may_begin = self.is_live() && is_free && self.log.has_unsent();
        if !may_begin && !self.is_held(who) {
            return false;
        }
        self.turn = Some(turn_of(who, now));
        true
    }

    /// Notes that the holder of the turn posted records up to `through` to `socket`.
    pub fn settle(
        &mut self,
        who: TurnId,
        socket: &SocketId,
        through: u64,
        now: Timestamp,
    ) -> Settled {
        if !self.is_held(who) || self.socket != *socket {
            return Settled::Lost;
        }
        self.log.note_sent(through, now);
        if !self.log.has_unsent() {
            self.turn = None;
            return Settled::Done;
        }
        self.turn = Some(turn_of(who, now));
        Settled::More
    }

    /// Gives the turn back although not all is posted.
    pub fn release(&mut self, who: TurnId) {
        if self.is_held(who) {
            self.turn = None;
        }
    }

    /// Whether nobody has to do anything for the records up to `through`: they are posted, or will
    /// be when the client is back, or never.
    pub fn has_cared_for(&self, through: u64) -> bool {
        !self.is_live() || self.log.sent >= through
    }

    /// Whether the turn is the caller's.
    pub fn is_held(&self, who: TurnId) -> bool {
        self.phase == Phase::Live && self.turn.is_some_and(|turn| turn.holder == who)
    }
}

/// A turn that begins now.
pub(crate) fn turn_of(holder: TurnId, now: Timestamp) -> Turn {
    Turn { holder, until: now.plus(TURN) }
}
