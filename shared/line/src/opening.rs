//! How a line begins: the first socket connects, shakes hands, and is heard.

use std::collections::BTreeMap;
use std::time::Duration;

use hubcast_model::id::SocketId;
use hubcast_model::time::Timestamp;

use crate::calls::Calls;
use crate::log::Log;
use crate::record::{LIFETIME, Line, Phase};
use crate::seen::Seen;

/// How long a client may take from `$connect` to its first frame after the handshake.
pub(crate) const OPENING_MAX: Duration = Duration::from_secs(45);

impl Line {
    /// A line whose first socket connects.
    pub fn open(id: SocketId, socket: SocketId, now: Timestamp) -> Self {
        Self {
            id,
            revision: 1,
            phase: opening(now),
            opened_at: now,
            socket,
            cut_at: None,
            log: Log::default(),
            turn: None,
            seen: Seen(BTreeMap::new()),
            heard: 0,
            heard_at: None,
            calls: Calls::default(),
            writers: Vec::new(),
            left: Vec::new(),
            expires: now.plus(LIFETIME),
        }
    }

    /// Hands a line that is opening to another socket; false when its socket has shaken hands, or
    /// the line is further. A proxy may try an upgrade again, and the last try counts.
    pub fn claim(&mut self, socket: &SocketId, now: Timestamp) -> bool {
        let Phase::Opening { is_through: false, .. } = self.phase else {
            return false;
        };
        if self.socket != *socket {
            self.socket = socket.clone();
            self.phase = opening(now);
            self.heard = 0;
        }
        true
    }

    /// Notes that the handshake of a socket is through; false when the line is not this socket's.
    pub fn note_through(&mut self, socket: &SocketId) -> bool {
        self.mark(socket, |is_through, _| *is_through = true)
    }

    /// Notes that a frame of the client followed the handshake; false when the line is not this
    /// socket's.
    pub fn note_spoken(&mut self, socket: &SocketId) -> bool {
        self.mark(socket, |_, has_spoken| *has_spoken = true)
    }

    /// Sets a mark of a line that is opening. With both marks the line is live.
    fn mark(&mut self, socket: &SocketId, set: impl FnOnce(&mut bool, &mut bool)) -> bool {
        if self.socket != *socket || self.phase == Phase::Ended {
            return false;
        }
        if let Phase::Opening { is_through, has_spoken, .. } = &mut self.phase {
            set(is_through, has_spoken);
            if *is_through && *has_spoken {
                self.phase = Phase::Live;
            }
        }
        true
    }
}

fn opening(now: Timestamp) -> Phase {
    Phase::Opening { until: now.plus(OPENING_MAX), is_through: false, has_spoken: false }
}
