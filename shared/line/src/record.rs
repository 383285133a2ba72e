//! The record of one line.

use std::time::Duration;

use hubcast_model::id::SocketId;
use hubcast_model::time::Timestamp;

use crate::calls::Calls;
use crate::log::{Left, Log};
use crate::seen::Seen;

/// How long the record of a line lasts that nobody renews. A line is renewed at half of this.
pub(crate) const LIFETIME: Duration = Duration::from_hours(26);
/// How long the record of a line that has ended refuses its client. A client tries once, at once.
pub(crate) const REFUSES_FOR: Duration = Duration::from_mins(10);

/// How many writers are remembered. Each takes four bytes of the record.
const WRITERS_MAX: usize = 8;

/// Where a line is in its life.
///
/// A line goes `Opening -> Live -> Away -> Resuming -> Live ..`, and ends as `Ended`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// The first socket shakes hands. Records are kept and not posted: the client would not count
    /// a record that comes before the client's own first frame.
    Opening {
        /// When the line ends if nothing more happens.
        until: Timestamp,
        /// Whether the handshake is through: all rows are written, and the client has its answer.
        is_through: bool,
        /// Whether a frame of the client followed the handshake.
        has_spoken: bool,
    },
    /// The socket is good, as far as anyone knows.
    Live,
    /// The socket is gone, and the client may come back.
    Away {
        /// When the line ends if the client does not come back.
        until: Timestamp,
    },
    /// The client is back on a new socket, and has not said where it stopped.
    Resuming {
        /// When the line ends if the client does not say.
        until: Timestamp,
    },
    /// Nobody may come back.
    Ended,
}

/// Who posts. The holder of a turn picked this number at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TurnId(pub u64);

/// Who took a step. Whoever takes a step picks this number at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriterId(pub u32);

/// The right to post to the socket of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Turn {
    /// Who holds the turn.
    pub holder: TurnId,
    /// When others may take the turn, since its holder must have died.
    pub until: Timestamp,
}

/// A connection across its sockets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line {
    /// The id of the line, which stands for its sockets. All rows of the connection are keyed by
    /// this id ([`SocketId::of_line`]).
    pub id: SocketId,
    /// How often the record was written. A write counts only on top of the revision that it read.
    pub revision: u64,
    /// Where the line is in its life.
    pub phase: Phase,
    /// When the first socket connected.
    pub opened_at: Timestamp,
    /// The socket that counts.
    pub socket: SocketId,
    /// When hubcast was about to cut that socket; `None` when nobody was.
    pub cut_at: Option<Timestamp>,
    /// What is sent to the client.
    pub log: Log,
    /// Who posts to the socket; `None` when nobody does.
    pub turn: Option<Turn>,
    /// Which elements of notifications are in the log, or were.
    pub seen: Seen,
    /// The number of the client's last message that was taken.
    pub heard: u64,
    /// When the last of these messages was taken; `None` before the first.
    pub heard_at: Option<Timestamp>,
    /// The invocations of the client that were taken, so that none is carried out again.
    pub calls: Calls,
    /// What the client did not acknowledge before the line ended, and what somebody puts into
    /// inboxes.
    pub left: Vec<Left>,
    /// When the record may be deleted.
    pub expires: Timestamp,
    /// Who wrote the record last, the latest at the end. A writer whose answer got lost knows its
    /// own write by this.
    pub writers: Vec<WriterId>,
}

impl Line {
    /// Whether the line has ended, or should have: its client did not come back in time.
    pub fn is_over(&self, now: Timestamp) -> bool {
        match self.phase {
            Phase::Ended => true,
            Phase::Live => false,
            Phase::Opening { until, .. } | Phase::Away { until } | Phase::Resuming { until } => {
                until <= now
            }
        }
    }

    /// Notes who writes this record.
    pub(crate) fn sign(&mut self, writer: WriterId) {
        self.writers.push(writer);
        let surplus = self.writers.len().saturating_sub(WRITERS_MAX);
        self.writers.drain(..surplus);
    }

    /// Whether the records that wait can be posted now.
    pub fn is_live(&self) -> bool {
        self.phase == Phase::Live
    }
}
