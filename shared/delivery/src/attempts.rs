//! The attempts at one frame, and what a failed attempt leads to.

use std::time::Duration;

use tokio::time::Instant;

use crate::outcome::{Fate, Stop};
use hubcast_model::id::SocketId;
use hubcast_model::ports::PostError;
use hubcast_model::report::chain;

const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The attempts at one frame.
pub(crate) struct Attempts {
    /// When the first attempt failed.
    pub(crate) first_failed: Option<Instant>,
    /// The longest pause before the next attempt.
    pub(crate) longest_pause: Duration,
    /// How many attempts the gateway throttled.
    pub(crate) throttled: usize,
    /// How many attempts got no clear answer, so that the frame may have arrived.
    pub(crate) ambiguous: usize,
}

/// How the attempts at one frame ended.
pub(crate) enum Ending {
    /// The frame has its fate, and the next frame may follow.
    Fate(Fate),
    /// Nothing more is posted to the socket.
    Stop(Stop),
}

impl Default for Attempts {
    fn default() -> Self {
        Self { first_failed: None, longest_pause: FIRST_PAUSE, throttled: 0, ambiguous: 0 }
    }
}

impl Attempts {
    /// What a failed attempt leads to; `None` when another attempt may follow.
    pub(crate) fn fail(&mut self, err: &PostError, socket: &SocketId) -> Option<Ending> {
        match err {
            PostError::Gone => return Some(Ending::Stop(Stop::Gone)),
            PostError::TooLarge => {
                log_refusal(err, socket);
                return Some(Ending::Fate(Fate::Refused));
            }
            PostError::Refused(_) => {
                log_refusal(err, socket);
                return Some(Ending::Fate(Fate::Forbidden));
            }
            PostError::Throttled => self.throttled += 1,
            PostError::Unreached(_) => {}
            PostError::Ambiguous(_) => {
                self.ambiguous += 1;
                if self.ambiguous > 1 {
                    return Some(Ending::Stop(Stop::Failed));
                }
            }
        }
        None
    }
}

fn log_refusal(err: &PostError, socket: &SocketId) {
    tracing::warn!(error = %chain(err), socket_id = %socket, "a post was refused");
}
