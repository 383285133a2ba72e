//! How many frames a socket may send in a second, per instance and in memory.
//!
//! API Gateway has no limit per connection, and a throttled route would drop
//! everybody's frames.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use hubcast_model::id::SocketId;
use hubcast_model::time::Timestamp;

/// At this many sockets, the counts of past seconds are forgotten.
const SOCKETS_MAX: usize = 10_000;

/// What sockets may spend and have spent.
#[derive(Debug)]
pub(super) struct Budget {
    /// The most frames of one socket in one second.
    frames_per_second: u32,
    /// The last second of each socket.
    spent: Mutex<HashMap<SocketId, Second>>,
}

/// What a socket has spent in one second.
#[derive(Debug, Clone, Copy)]
struct Second {
    /// Which second, since the epoch.
    at: u64,
    /// The frames that came in it.
    frames: u32,
}

impl Budget {
    pub(super) fn new(frames_per_second: u32) -> Self {
        Self { frames_per_second, spent: Mutex::default() }
    }

    /// Counts a frame that came at `now`. False when the socket had spent the budget of that second.
    pub(super) fn allows(&self, socket: &SocketId, now: Timestamp) -> bool {
        let at = now.as_seconds();
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        if spent.len() >= SOCKETS_MAX {
            spent.retain(|_, second| second.at == at);
        }
        let second = spent.entry(socket.clone()).or_insert(Second { at, frames: 0 });
        if second.at != at {
            *second = Second { at, frames: 0 };
        }
        second.frames = second.frames.saturating_add(1);
        second.frames <= self.frames_per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_per_socket_and_second() {
        let budget = Budget::new(2);
        let [one, other] = ["a=", "b="].map(|id| SocketId::parse(id).unwrap());
        let at = Timestamp::from_seconds;
        assert!(budget.allows(&one, at(1)) && budget.allows(&one, at(1)));
        assert!(!budget.allows(&one, at(1)));
        assert!(budget.allows(&other, at(1)) && budget.allows(&one, at(2)));
    }
}
