//! The last words to a client, by how far its handshake is.
//!
//! A client that waits for the answer to its handshake fails for good on any
//! other record. So a Close is written here alone, and only for a client that
//! has its answer: whoever wants to end a conversation says why, and the stage
//! of the handshake decides what the client reads.

use signalr_protocol::handshake::{HandshakeError, HandshakeResponse};
use signalr_protocol::message::{Close, HubMessage};
use signalr_protocol::texts;

use super::step::End;

/// What the client of a socket reads that is not on record.
const UNKNOWN: &str = "The connection is not known.";

/// How far a client is with its handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The client has not shaken hands.
    Before,
    /// The answer may be on its way, or may never come.
    Between,
    /// The client has its answer.
    Through,
}

/// What a client reads last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Farewell {
    /// This Close record.
    Close(String),
    /// This Close record, after a pause.
    LateClose(String),
    /// This answer to the handshake.
    Refusal(String),
    /// Nothing: the socket is cut without a word.
    Nothing,
}

impl Farewell {
    /// The last words at a stage.
    pub(super) fn of(end: End, stage: Stage) -> Self {
        match stage {
            Stage::Before => Self::before(end),
            Stage::Between => Self::Nothing,
            Stage::Through => Self::through(end),
        }
    }

    fn before(end: End) -> Self {
        let error = match end {
            End::Drop => return Self::Nothing,
            End::Broken(_) => HandshakeError::Malformed.to_string(),
            // An answer without an error would accept the handshake.
            End::Close(close) => close.error.unwrap_or_default(),
            End::Limit(error) | End::Refuse(error) => error,
            End::Unknown => UNKNOWN.to_owned(),
        };
        Self::Refusal(HandshakeResponse { error: Some(error.into()) }.encode())
    }

    fn through(end: End) -> Self {
        match end {
            End::Drop => Self::Nothing,
            End::Close(close) => Self::Close(encoded(close)),
            End::Unknown => {
                let error = Some(UNKNOWN.to_owned());
                Self::Close(encoded(Close { error, allow_reconnect: true }))
            }
            End::Limit(error) => {
                Self::LateClose(encoded(Close { error: Some(error), allow_reconnect: true }))
            }
            End::Broken(detail) | End::Refuse(detail) => {
                let error = format!("{} {detail}", texts::CLOSED_WITH_ERROR);
                Self::Close(encoded(Close { error: Some(error), allow_reconnect: false }))
            }
        }
    }

    /// The text of the Close, if it is one that has a text.
    pub(super) fn error(&self) -> Option<String> {
        let (Self::Close(record) | Self::LateClose(record)) = self else {
            return None;
        };
        Close::of_record(record)?.error
    }

    /// What stands in the reply to the client's frame.
    pub(super) fn record(self) -> String {
        match self {
            Self::Close(record) | Self::LateClose(record) | Self::Refusal(record) => record,
            Self::Nothing => String::new(),
        }
    }
}

fn encoded(close: Close) -> String {
    HubMessage::Close(close).encode()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends() -> [End; 6] {
        let text = || "why".to_owned();
        let (limit, broken, refuse) =
            (End::limit(text()), End::Broken(text()), End::Refuse(text()));
        [End::fatal(text()), End::reconnect(text()), limit, refuse, broken, End::Drop]
    }

    #[test]
    fn only_a_close_has_a_text() {
        let error = |stage| ends().map(|end| Farewell::of(end, stage).error());
        assert_eq!(error(Stage::Before), [const { None }; 6]);
        let known =
            error(Stage::Through).map(|text| text.is_some_and(|text| text.ends_with("why")));
        assert_eq!(known, [true, true, true, true, true, false]);
    }

    #[test]
    fn no_close_is_written_for_a_client_that_waits_for_its_answer() {
        let words = |stage| ends().map(|end| Farewell::of(end, stage).record());
        let refusal = "{\"error\":\"why\"}\u{1e}";
        let malformed = format!("{{\"error\":\"{}\"}}\u{1e}", HandshakeError::Malformed);
        assert_eq!(words(Stage::Before), [refusal, refusal, refusal, refusal, &malformed, ""]);
        assert_eq!(words(Stage::Between), [""; 6]);
        let [closes @ .., cut] = words(Stage::Through);
        assert!(closes.iter().all(|record| record.contains("\"type\":7")), "{closes:?}");
        assert_eq!(cut, "");
    }
}
