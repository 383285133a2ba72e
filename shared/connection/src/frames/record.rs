//! One record of a frame, read.

use signalr_protocol::framing;
use signalr_protocol::handshake::{HandshakeRequest, is_handshake};
use signalr_protocol::message::{Decoded, HubMessage};

use super::RECORDS_MAX;

/// What a record is.
#[derive(Debug)]
pub(super) enum Record {
    /// A request for a handshake.
    Handshake(HandshakeRequest),
    /// A message.
    Message(HubMessage),
    /// A message of a type that does not exist.
    Unknown,
    /// Nothing that can be read, for this reason.
    Broken(String),
}

impl Record {
    /// Reads a record, without its separator.
    pub(super) fn read(record: &str) -> Self {
        if is_handshake(record) {
            let request = HandshakeRequest::parse(record).map(Self::Handshake);
            return request.unwrap_or_else(|err| Self::Broken(err.to_string()));
        }
        match HubMessage::decode(record) {
            Ok(Decoded::Message(message)) => Self::Message(message),
            Ok(Decoded::Unknown(_)) => Self::Unknown,
            Err(err) => Self::Broken(err.to_string()),
        }
    }

    /// What the record costs, in units of work.
    pub(super) fn units(&self) -> u32 {
        u32::from(matches!(
            self,
            Self::Message(
                HubMessage::Invocation(_)
                    | HubMessage::StreamInvocation(_)
                    | HubMessage::CancelInvocation { .. }
                    | HubMessage::Completion(_)
            )
        ))
    }

    /// Whether the record takes a call back.
    pub(super) const fn is_a_cancellation(&self) -> bool {
        matches!(self, Self::Message(HubMessage::CancelInvocation { .. }))
    }

    const fn is_a_farewell(&self) -> bool {
        matches!(self, Self::Message(HubMessage::Close(_)))
    }

    /// Whether a sign of life is the answer that a client may wait for. The answer to a handshake
    /// is posted, and where an answer to a ping is missing, it is missing on purpose.
    const fn wants_a_sign(&self) -> bool {
        match self {
            Self::Message(message) => !matches!(message, HubMessage::Ping),
            Self::Unknown => true,
            Self::Handshake(_) | Self::Broken(_) => false,
        }
    }
}

/// Whether a client may wait in vain for a sign of life after it sent a frame that has no answer.
///
/// Some versions of the official client stop their own pings when they send something, until
/// something arrives. A client that sent a Close has gone.
pub(super) fn want_a_sign(records: &[Record]) -> bool {
    records.iter().any(Record::wants_a_sign) && !records.iter().any(Record::is_a_farewell)
}

/// Whether a frame holds a handshake, so that its client may wait for the answer.
pub(super) fn shakes_hands(frame: &str) -> bool {
    framing::records(frame, RECORDS_MAX).is_ok_and(|records| records.into_iter().any(is_handshake))
}
