//! Sockets of a line change: one is lost, another comes, and in the end none may come.
//!
//! Accepting a client wrongly harms more than refusing it: a client that has
//! given its connection up cannot use the socket, keeps it open, and drops its
//! next good connection when the unused socket closes. A refused client comes
//! back on a new connection. So in doubt a client is refused.

use std::time::Duration;

use hubcast_model::id::SocketId;
use hubcast_model::time::Timestamp;

use crate::record::{LIFETIME, Line, Phase, REFUSES_FOR, TurnId};
use crate::sending::turn_of;

/// How long a client that is back may take to say where it stopped.
pub(crate) const RESUMING_MAX: Duration = Duration::from_secs(15);
/// Posted records that wait for longer than this show that the client did not read them. Clients
/// acknowledge after a second.
const ACK_MAX: Duration = Duration::from_secs(5);
/// How long the gateway may take to tell of the end of a socket that hubcast cuts.
const CUTTING_MAX: Duration = Duration::from_secs(30);

/// Why a client may not come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The line has ended.
    Ended,
    /// The client comes too late.
    Late,
    /// The client needs records that are not kept any more.
    Gap,
}

/// What becomes of a client that tries to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// The new socket counts.
    Accepted,
    /// The client may not come back.
    Refused(Refusal),
    /// Nobody has told that the socket that counts is gone.
    Undecided,
}

impl Line {
    /// Notes that hubcast is about to cut a socket, so that its end is not taken for the client's
    /// own. Nothing happens when another socket counts, or while the line opens.
    pub fn note_cut(&mut self, socket: &SocketId, now: Timestamp) {
        if self.socket == *socket && matches!(self.phase, Phase::Live | Phase::Resuming { .. }) {
            self.cut_at = Some(now);
        }
    }

    /// Whether hubcast cut the socket that counts a moment ago.
    pub fn is_being_cut(&self, now: Timestamp) -> bool {
        self.cut_at.is_some_and(|at| now.since(at) <= CUTTING_MAX)
    }

    /// Notes that a socket is gone or cut, and keeps the line for its client for `window`. Nothing
    /// happens when another socket counts.
    ///
    /// A line that is still opening ends: its client may not have begun to count.
    pub fn lose(&mut self, socket: &SocketId, window: Duration, now: Timestamp) {
        if self.socket != *socket {
            return;
        }
        match self.phase {
            Phase::Opening { .. } => self.end(now),
            Phase::Live | Phase::Resuming { .. } if window.is_zero() => self.end(now),
            Phase::Live | Phase::Resuming { .. } => {
                self.phase = Phase::Away { until: now.plus(window) };
                self.turn = None;
            }
            Phase::Away { .. } | Phase::Ended => {}
        }
    }

    /// A client tries to come back on a new socket.
    pub fn resume(&mut self, socket: &SocketId, now: Timestamp) -> Attempt {
        if self.phase == Phase::Ended {
            return Attempt::Refused(Refusal::Ended);
        }
        if self.is_over(now) {
            return Attempt::Refused(Refusal::Late);
        }
        match self.phase {
            // The answer of an earlier try got lost.
            Phase::Resuming { .. } if self.socket == *socket => Attempt::Accepted,
            Phase::Away { .. } => self.accept(socket, now),
            _ => Attempt::Undecided,
        }
    }

    /// A client comes back on a new socket although nobody told that `old` is gone: the caller
    /// found out that `old` must be.
    pub fn replace(&mut self, old: &SocketId, socket: &SocketId, now: Timestamp) -> Attempt {
        let is_as_found = self.socket == *old
            && matches!(self.phase, Phase::Live | Phase::Resuming { .. })
            && self.is_quiet(now);
        if is_as_found && !self.is_over(now) {
            return self.accept(socket, now);
        }
        self.resume(socket, now)
    }

    /// Whether the client has acknowledged what was posted, as far as it had the time.
    pub fn is_quiet(&self, now: Timestamp) -> bool {
        self.log.unacked_since.is_none_or(|since| now.since(since) <= ACK_MAX)
    }

    fn accept(&mut self, socket: &SocketId, now: Timestamp) -> Attempt {
        if !self.log.is_whole() {
            return Attempt::Refused(Refusal::Gap);
        }
        self.socket = socket.clone();
        self.cut_at = None;
        self.phase = Phase::Resuming { until: now.plus(RESUMING_MAX) };
        self.turn = None;
        if self.expires < now.plus(LIFETIME / 2) {
            self.expires = now.plus(LIFETIME);
        }
        Attempt::Accepted
    }

    /// The client says on its new socket where it goes on: its next message has the number
    /// `client_next`. False when the socket does not count.
    ///
    /// The caller has the turn then, and posts what the client has not acknowledged.
    pub fn go_on(
        &mut self,
        socket: &SocketId,
        client_next: u64,
        who: TurnId,
        now: Timestamp,
    ) -> bool {
        if self.socket != *socket {
            return false;
        }
        match self.phase {
            Phase::Resuming { .. } => {
                self.phase = Phase::Live;
                self.log.rewind();
                self.heard = client_next.saturating_sub(1);
                self.turn = Some(turn_of(who, now));
                true
            }
            // The answer of an earlier try got lost.
            Phase::Live => self.turn.is_some_and(|turn| turn.holder == who),
            // The socket of its handshake was cut before the handshake was noted as through, and
            // nobody will note that any more. Let in, the client would come back again and again.
            Phase::Opening { .. } => {
                self.end(now);
                false
            }
            Phase::Away { .. } | Phase::Ended => false,
        }
    }

    /// Ends the line, and answers what its client has not been sent, as frames; `None` when the
    /// line has ended before.
    ///
    /// The end comes before the client reads of it: a client that reads a Close may try to come
    /// back all the same.
    pub fn close(&mut self, now: Timestamp) -> Option<Vec<String>> {
        if self.is_over(now) {
            return None;
        }
        let mut frames = Vec::new();
        while self.is_live() && self.log.has_unsent() {
            let frame = self.log.frame();
            self.log.note_sent(frame.through, now);
            frames.push(frame.body);
        }
        self.end(now);
        Some(frames)
    }

    /// Ends the line. Its client is refused for a while, so that it gives up.
    pub fn end(&mut self, now: Timestamp) {
        if self.phase == Phase::Ended {
            return;
        }
        self.phase = Phase::Ended;
        self.turn = None;
        self.left = self.log.empty();
        self.expires = now.plus(if self.left.is_empty() { REFUSES_FOR } else { LIFETIME });
    }

    /// Forgets what was left, since somebody put it into inboxes. Nothing happens to a line that has
    /// not ended: its record is not to expire.
    pub fn forget_left(&mut self, now: Timestamp) {
        if self.phase != Phase::Ended {
            return;
        }
        self.left.clear();
        self.expires = self.expires.min(now.plus(REFUSES_FOR));
    }
}
