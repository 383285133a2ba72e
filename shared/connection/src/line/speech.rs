//! A frame of a client that numbers its messages, and a reply to one, taken apart.

use hubcast_line::Kind;
use signalr_protocol::framing::RECORD_SEPARATOR;
use signalr_protocol::handshake::{HandshakeRequest, is_handshake};
use signalr_protocol::message::{Decoded, HubMessage};

const SEPARATOR: char = RECORD_SEPARATOR as char;

/// What a client says with one frame.
#[derive(Debug, Default)]
pub(super) struct Speech<'a> {
    /// The number of the client's next message, if it says where it goes on.
    pub(super) sequence: Option<u64>,
    /// The highest acknowledgement.
    pub(super) ack: Option<u64>,
    /// The version of the protocol that a handshake asks for.
    pub(super) handshake: Option<i64>,
    /// The records that are left for the rules of frames.
    records: Vec<Said<'a>>,
}

/// One record that is left.
#[derive(Debug)]
struct Said<'a> {
    record: &'a str,
    is_numbered: bool,
    /// The id of an invocation.
    call: Option<String>,
}

impl<'a> Speech<'a> {
    /// Reads a frame. What cannot be read is left for the rules of frames, which refuse it.
    pub(super) fn read(frame: &'a str) -> Self {
        let mut speech = Self::default();
        for record in frame.split_inclusive(SEPARATOR) {
            speech.take(record);
        }
        speech
    }

    fn take(&mut self, record: &'a str) {
        let text = record.trim_end_matches(SEPARATOR);
        if is_handshake(text) {
            self.handshake = HandshakeRequest::parse(text).ok().map(|request| request.version);
        }
        let Ok(Decoded::Message(message)) = HubMessage::decode(text) else {
            return self.leave(record, false, None);
        };
        match message {
            HubMessage::Sequence { sequence_id } => self.sequence = Some(sequence_id),
            HubMessage::Ack { sequence_id } => self.ack = self.ack.max(Some(sequence_id)),
            HubMessage::Invocation(call) => self.leave(record, true, call.invocation_id),
            HubMessage::StreamInvocation(call) => {
                self.leave(record, true, Some(call.invocation_id));
            }
            HubMessage::StreamItem(_)
            | HubMessage::Completion(_)
            | HubMessage::CancelInvocation { .. } => self.leave(record, true, None),
            HubMessage::Ping | HubMessage::Close(_) => self.leave(record, false, None),
        }
    }

    fn leave(&mut self, record: &'a str, is_numbered: bool, call: Option<String>) {
        self.records.push(Said { record, is_numbered, call });
    }

    /// How many messages of the frame the client numbers.
    pub(super) fn numbered(&self) -> u64 {
        let numbered = self.records.iter().filter(|said| said.is_numbered).count();
        u64::try_from(numbered).unwrap_or(u64::MAX)
    }

    /// The ids of the invocations.
    pub(super) fn calls(&self) -> impl Iterator<Item = &str> {
        self.records.iter().filter_map(|said| said.call.as_deref())
    }

    /// The records for the rules of frames, without these invocations.
    pub(super) fn without(&self, repeated: &[String]) -> String {
        let is_new =
            |said: &&Said<'_>| said.call.as_ref().is_none_or(|call| !repeated.contains(call));
        self.records.iter().filter(is_new).map(|said| said.record).collect()
    }
}

/// A reply of the rules of frames.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Reply {
    /// The records that the client counts.
    pub(super) numbered: String,
    /// The others.
    pub(super) plain: String,
    /// Whether one of them is a Close.
    pub(super) closes: bool,
}

impl Reply {
    pub(super) fn of(frame: &str) -> Self {
        let mut reply = Self::default();
        for record in frame.split_inclusive(SEPARATOR) {
            match Kind::of(record) {
                Kind::Numbered => reply.numbered.push_str(record),
                kind => {
                    reply.closes |= kind == Kind::Close;
                    reply.plain.push_str(record);
                }
            }
        }
        reply
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_taken_apart() {
        let frame = concat!(
            "{\"type\":9,\"sequenceId\":3}\u{1e}",
            "{\"type\":8,\"sequenceId\":2}\u{1e}",
            "{\"type\":1,\"invocationId\":\"7\",\"target\":\"t\",\"arguments\":[]}\u{1e}",
            "{\"type\":1,\"target\":\"u\",\"arguments\":[]}\u{1e}",
            "{\"type\":6}\u{1e}",
        );
        let speech = Speech::read(frame);
        assert_eq!((speech.sequence, speech.ack, speech.handshake), (Some(3), Some(2), None));
        assert_eq!((speech.numbered(), speech.calls().collect::<Vec<_>>()), (2, vec!["7"]));
        let rest = "{\"type\":1,\"target\":\"u\",\"arguments\":[]}\u{1e}{\"type\":6}\u{1e}";
        assert_eq!(speech.without(&["7".to_owned()]), rest);
    }

    #[test]
    fn what_cannot_be_read_is_left_as_it_is() {
        for frame in ["", "x", "x\u{1e}", "{\"type\":1}\u{1e}", "{\"type\":6}", "\u{1e}\u{1e}"] {
            let speech = Speech::read(frame);
            assert_eq!((speech.without(&[]).as_str(), speech.numbered()), (frame, 0), "{frame:?}");
        }
    }

    #[test]
    fn a_handshake_says_its_version() {
        let version = |frame| Speech::read(frame).handshake;
        assert_eq!(version("{\"protocol\":\"json\",\"version\":2}\u{1e}"), Some(2));
        assert_eq!(version("{\"type\":6}\u{1e}"), None);
    }

    #[test]
    fn a_reply_is_taken_apart_by_what_the_client_counts() {
        let completion = "{\"type\":3,\"invocationId\":\"1\"}\u{1e}";
        let reply = Reply::of(&format!("{completion}{{\"type\":6}}\u{1e}{{\"type\":7}}\u{1e}"));
        let plain = "{\"type\":6}\u{1e}{\"type\":7}\u{1e}".to_owned();
        assert_eq!(reply, Reply { numbered: completion.to_owned(), plain, closes: true });
    }
}
