//! What the client says: acknowledgements, and messages that the client numbers.

use hubcast_model::id::{HexDigest, SocketId};
use hubcast_model::time::Timestamp;

use crate::record::Line;

/// How many invocations are remembered.
const CALLS_MAX: usize = 32;
/// An id of up to this many bytes is remembered as it is. A digest stands for a longer one.
const ID_MAX: usize = 16;

/// The client acknowledged a record that was never sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client acknowledged a record that was not sent")]
pub struct BadAck;

/// The numbered messages of one frame of the client.
#[derive(Debug, Clone, Copy)]
pub struct Utterance<'a> {
    /// How many they are.
    pub messages: u64,
    /// The ids of the invocations among them.
    pub calls: &'a [&'a str],
}

impl Line {
    /// Takes an acknowledgement.
    ///
    /// Numbers go on across sockets, so an acknowledgement over an old socket counts.
    ///
    /// # Errors
    /// When the record has not been sent. The line is as before then.
    pub fn ack(&mut self, through: u64, now: Timestamp) -> Result<(), BadAck> {
        if through >= self.log.next() {
            return Err(BadAck);
        }
        self.log.note_acked(through, now);
        Ok(())
    }

    /// Takes the numbered messages of a frame that came over `socket`; answers the invocations
    /// among them that were taken before, and are not to be carried out again.
    ///
    /// Messages over an old socket do not count: the client sends them again, and counts them
    /// then.
    pub fn hear(&mut self, socket: &SocketId, said: Utterance<'_>) -> Vec<String> {
        if self.socket == *socket && self.is_live() {
            self.heard += said.messages;
        }
        let (known, new): (Vec<&str>, Vec<&str>) =
            said.calls.iter().partition(|call| self.calls.contains(&remembered(call)));
        self.calls.extend(new.iter().map(|call| remembered(call)));
        let surplus = self.calls.len().saturating_sub(CALLS_MAX);
        self.calls.drain(..surplus);
        known.into_iter().map(str::to_owned).collect()
    }
}

fn remembered(call: &str) -> String {
    if call.len() <= ID_MAX {
        return call.to_owned();
    }
    // Longer than any id that is remembered as it is.
    format!("{:x}", HexDigest(call))
}
