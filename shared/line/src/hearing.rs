//! What the client says: acknowledgements, and messages that the client numbers.

use hubcast_model::id::SocketId;
use hubcast_model::time::Timestamp;

use crate::record::{Line, Phase};

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
    /// Numbers go on across sockets, so an acknowledgement over an old socket counts. One of a
    /// record that was never sent does not count: the official JavaScript client that connects anew
    /// still sends the acknowledgement of its former connection.
    pub fn ack(&mut self, through: u64, now: Timestamp) {
        if through < self.log.next() {
            self.log.note_acked(through, now);
        }
    }

    /// Takes the numbered messages of a frame that came over `socket`; answers the invocations
    /// among them that were taken before, and are not to be carried out again.
    ///
    /// Messages over an old socket do not count: the client sends them again, and counts them
    /// then.
    pub fn hear(&mut self, socket: &SocketId, said: Utterance<'_>, now: Timestamp) -> Vec<String> {
        // A client that has read the answer to its handshake may call before the handshake is noted
        // as through.
        let counts = matches!(self.phase, Phase::Opening { .. } | Phase::Live);
        if self.socket == *socket && counts {
            // A client may say that it goes on at any number.
            self.heard = self.heard.saturating_add(said.messages);
            self.heard_at = if said.messages > 0 { Some(now) } else { self.heard_at };
        }
        let (known, new): (Vec<&str>, Vec<&str>) =
            said.calls.iter().partition(|call| self.calls.contain(call));
        for call in new {
            self.calls.note(call);
        }
        known.into_iter().map(str::to_owned).collect()
    }
}
