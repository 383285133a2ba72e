//! The client, as the official JavaScript client reads frames.

use hubcast_model::id::SocketId;

const SEPARATOR: char = '\u{1e}';

/// A client with stateful reconnect.
#[expect(clippy::struct_excessive_bools, reason = "each may be so without the others")]
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Client {
    /// The socket that it reads from; `None` while it has none.
    pub(crate) socket: Option<SocketId>,
    /// Whether it drops everything until it reads a Sequence.
    pub(crate) waits: bool,
    /// The number that it gives to the next record.
    next: u64,
    /// The highest number that it has read.
    pub(crate) latest: u64,
    /// What its handlers saw.
    pub(crate) seen: Vec<String>,
    /// It found a gap, and gave up.
    pub(crate) has_stopped: bool,
    /// It was told to go, or was not let back in.
    pub(crate) is_gone: bool,
    /// It counts what it reads: it has read the answer to its handshake.
    counts: bool,
    /// It has sent a frame after its handshake, and shows by this that it counts.
    pub(crate) has_spoken: bool,
    /// Something that it should have counted came before.
    pub(crate) was_told_too_early: bool,
}

impl Client {
    pub(crate) fn on(socket: SocketId) -> Self {
        Self {
            socket: Some(socket),
            waits: false,
            next: 1,
            latest: 0,
            seen: Vec::new(),
            has_stopped: false,
            is_gone: false,
            counts: false,
            has_spoken: false,
            was_told_too_early: false,
        }
    }

    /// It reads the answer to its handshake.
    pub(crate) fn note_answer(&mut self) {
        self.counts = true;
    }

    /// Whether it has read the answer to its handshake.
    pub(crate) fn has_answer(&self) -> bool {
        self.counts
    }

    /// Whether it expects nothing more of the line.
    pub(crate) fn has_given_up(&self) -> bool {
        self.is_gone || self.has_stopped
    }

    /// Reads one frame.
    pub(crate) fn read(&mut self, frame: &str) {
        self.was_told_too_early |= !self.has_spoken;
        for record in frame.split_terminator(SEPARATOR) {
            if self.has_stopped {
                return;
            }
            match sequence(record) {
                Some(number) if number > self.next => self.has_stopped = true,
                Some(number) => (self.next, self.waits) = (number, false),
                None if self.waits => {}
                None => self.count(record),
            }
        }
    }

    fn count(&mut self, record: &str) {
        let number = self.next;
        self.next += 1;
        if number > self.latest {
            self.latest = number;
            self.seen.push(record.to_owned());
        }
    }
}

fn sequence(record: &str) -> Option<u64> {
    record.strip_prefix("{\"type\":9,\"sequenceId\":")?.strip_suffix('}')?.parse().ok()
}

/// A frame without its Sequence.
pub(crate) fn without_sequence(frame: &str) -> String {
    frame.split_inclusive(SEPARATOR).skip(1).collect()
}
