//! What somebody who has records for a line finds, and what follows.

use hubcast_model::id::SocketId;
use hubcast_model::time::Timestamp;

use crate::log::LineFrame;
use crate::record::{Line, TurnId};

/// A frame and the socket that it goes to.
pub(crate) struct Load {
    pub(crate) socket: SocketId,
    pub(crate) frame: LineFrame,
    /// Whether the holder of the turn before let it run out.
    pub(crate) is_taken_over: bool,
}

impl Load {
    pub(crate) fn of(line: &Line) -> Self {
        Self { socket: line.socket.clone(), frame: line.log.frame(), is_taken_over: false }
    }
}

/// What a look at a line says.
pub(crate) enum Look {
    /// Nobody has to do anything.
    CaredFor,
    /// The caller has the turn, and posts this.
    Turn(Load),
    /// Another has the turn.
    Busy,
}

impl Look {
    pub(crate) fn at(line: &mut Line, who: TurnId, through: u64, now: Timestamp) -> Self {
        // A client that is back waits for its first frame, even if nothing is in it.
        if line.has_cared_for(through) && !line.is_held(who) {
            return Self::CaredFor;
        }
        let is_taken_over = line.turn.is_some_and(|turn| turn.holder != who);
        if line.take_turn(who, now) {
            Self::Turn(Load { is_taken_over, ..Load::of(line) })
        } else {
            Self::Busy
        }
    }
}

/// What follows a post.
pub(crate) enum Next {
    /// The holder posts this.
    Post(Load),
    /// Nothing: all is posted, or waits for the client to come back.
    Nothing,
    /// The turn or the socket is another's by now.
    Lost,
    /// The gateway was busy.
    Pause,
}
