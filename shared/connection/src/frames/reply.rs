//! The frame that is sent back, and how much it may hold.

use super::REPLY_MAX_BYTES;
use super::step::{End, Step};

/// What a Close may take of [`REPLY_MAX_BYTES`]. Its longest text names a protocol of 200
/// characters.
const CLOSE_MAX_BYTES: usize = 2 * 1024;

/// Adds what a step sends back to `reply`; the end of the conversation, if this is one.
pub(super) fn add(step: Step, reply: &mut String) -> Option<End> {
    // A Close may follow, for a reason that comes later or by the clock.
    let room = REPLY_MAX_BYTES - CLOSE_MAX_BYTES;
    match step {
        Step::Silent | Step::HandUp(_) | Step::Keep(_) => None,
        Step::End(end) => Some(end),
        Step::Reply(text) if reply.len() + text.len() > room => {
            Some(End::limit("The replies to one frame are too large."))
        }
        Step::Reply(text) => {
            reply.push_str(&text);
            None
        }
    }
}
