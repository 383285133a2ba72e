//! A dialogue over one socket, frame by frame.
//!
//! Other commands wait for messages. The probe looks at frames: which frame
//! comes first, how long no frame comes, and how the socket ends.

use std::time::Duration;

use serde_json::value::to_raw_value;
use signalr_protocol::RECORD_SEPARATOR;
use signalr_protocol::framing::records;
use signalr_protocol::handshake::{ACCEPTED, HandshakeRequest};
use signalr_protocol::message::{Completion, Decoded, HubMessage, Invocation, Outcome};
use tokio::time::{Instant, timeout};
use url::Url;

use super::answer::NoAnswer;
use crate::failure::Failure;
use hubcast_client::{ConnectError, Socket, SocketEnd};

/// How long an answer that must come may take, cold starts included.
pub(super) const ANSWER_MAX: Duration = Duration::from_secs(15);

/// A dialogue over an open socket.
pub(super) struct Dialogue(Socket);

/// What a socket brought within a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Observation {
    /// A frame.
    Frame(String),
    /// The end of the socket, with the code of the close if there is one.
    End(Option<u16>),
    /// No frame and no end.
    Silence,
}

impl Observation {
    /// The observation in words.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Frame(frame) => {
                format!("'{}'", frame.trim_end_matches(char::from(RECORD_SEPARATOR)))
            }
            Self::End(Some(code)) => format!("a close with {code}"),
            Self::End(None) => "a cut without a code".to_owned(),
            Self::Silence => "nothing".to_owned(),
        }
    }

    /// Whether a message of this kind is in the frame.
    pub(super) fn has(&self, is_kind: fn(&HubMessage) -> bool) -> bool {
        self.messages().iter().any(is_kind)
    }

    /// The ids of the calls that are answered in the frame, as far as they are numbers.
    pub(super) fn answered(&self) -> Vec<u32> {
        let id = |message: &HubMessage| match message {
            HubMessage::Completion(completion) => completion.invocation_id.parse().ok(),
            _ => None,
        };
        self.messages().iter().filter_map(id).collect()
    }

    fn messages(&self) -> Vec<HubMessage> {
        let Self::Frame(frame) = self else { return Vec::new() };
        let decoded = |record| match HubMessage::decode(record) {
            Ok(Decoded::Message(message)) => Some(message),
            // The handshake's answer, and what API Gateway says itself, are no messages.
            Ok(Decoded::Unknown(_)) | Err(_) => None,
        };
        records(frame, usize::MAX).unwrap_or_default().into_iter().filter_map(decoded).collect()
    }
}

pub(super) const fn is_call(message: &HubMessage) -> bool {
    matches!(message, HubMessage::Invocation(_))
}

pub(super) const fn is_completion(message: &HubMessage) -> bool {
    matches!(message, HubMessage::Completion(_))
}

/// A frame that has no answer of its own, and is answered by a ping. No table is read for it.
pub(super) fn quiet_frame() -> String {
    HubMessage::Ack { sequence_id: 1 }.encode()
}

pub(super) const fn is_ping(message: &HubMessage) -> bool {
    matches!(message, HubMessage::Ping)
}

pub(super) const fn is_sequence(message: &HubMessage) -> bool {
    matches!(message, HubMessage::Sequence { .. })
}

pub(super) const fn is_close(message: &HubMessage) -> bool {
    matches!(message, HubMessage::Close(_))
}

/// The record of a handshake.
pub(super) fn handshake() -> String {
    HandshakeRequest::json().encode()
}

/// The record of a handshake of a client that may come back on another socket.
pub(super) fn stateful_handshake() -> String {
    HandshakeRequest::json_stateful().encode()
}

/// A call without arguments; with an id the caller gets a completion.
pub(super) fn call(target: &str, id: Option<&str>) -> Result<HubMessage, Failure> {
    let arguments = to_raw_value(&[(); 0]);
    let arguments = arguments.map_err(|err| Failure::because("no call can be written", err))?;
    Ok(HubMessage::Invocation(Invocation {
        invocation_id: id.map(str::to_owned),
        target: target.to_owned(),
        arguments,
        stream_ids: Vec::new(),
    }))
}

impl Dialogue {
    /// Opens a socket; the handshake is still to come.
    pub(super) async fn open(url: &Url) -> Result<Self, NoAnswer> {
        Ok(Self::try_open(url).await?)
    }

    /// The same, for a caller that looks at refusals.
    pub(super) async fn try_open(url: &Url) -> Result<Self, ConnectError> {
        Ok(Self(Socket::open(url, None).await?))
    }

    /// Opens a socket, and shakes hands.
    pub(super) async fn ready(url: &Url) -> Result<Self, NoAnswer> {
        Self::shaken(url, handshake()).await
    }

    /// The same with this handshake.
    pub(super) async fn shaken(url: &Url, handshake: String) -> Result<Self, NoAnswer> {
        let mut dialogue = Self::open(url).await?;
        dialogue.send(handshake).await?;
        match dialogue.observe(ANSWER_MAX).await {
            Observation::Frame(frame) if frame == ACCEPTED => Ok(dialogue),
            other => {
                let text = format!("the handshake was answered by {}", other.text());
                Err(NoAnswer::Failed(text))
            }
        }
    }

    /// Sends a frame.
    pub(super) async fn send(&mut self, frame: impl Into<String>) -> Result<(), SocketEnd> {
        self.0.send(frame).await
    }

    /// Sends a frame in pieces of so many bytes.
    pub(super) async fn send_in_pieces(
        &mut self,
        frame: &str,
        piece_bytes: usize,
    ) -> Result<(), SocketEnd> {
        self.0.send_in_pieces(frame, piece_bytes).await
    }

    /// What comes next, or silence after `patience`.
    pub(super) async fn observe(&mut self, patience: Duration) -> Observation {
        match timeout(patience, self.0.next()).await {
            Err(_elapsed) => Observation::Silence,
            Ok(Ok(frame)) => Observation::Frame(frame),
            Ok(Err(SocketEnd::Coded(code))) => Observation::End(Some(code)),
            Ok(Err(SocketEnd::Uncoded | SocketEnd::Broken(_))) => Observation::End(None),
        }
    }

    /// The next frame with a message of this kind; fails when the socket ends or falls silent
    /// before.
    pub(super) async fn await_message(
        &mut self,
        is_kind: fn(&HubMessage) -> bool,
    ) -> Result<Observation, NoAnswer> {
        loop {
            let seen = self.observe(ANSWER_MAX).await;
            if seen.has(is_kind) {
                return Ok(seen);
            }
            if !matches!(seen, Observation::Frame(_)) || seen.has(is_close) {
                let text = format!("instead of an answer came {}", seen.text());
                return Err(NoAnswer::Failed(text));
            }
        }
    }

    /// The connection's id, by the built-in method.
    pub(super) async fn id(&mut self) -> Result<String, NoAnswer> {
        self.send(call("GetConnectionId", Some("id"))?.encode()).await?;
        let seen = self.await_message(is_completion).await?;
        let id = seen.messages().iter().find_map(text_result);
        id.ok_or_else(|| NoAnswer::Failed("GetConnectionId answered no id".to_owned()))
    }

    /// How long a sign of life takes. hubcast answers no ping within a second of another one, but
    /// by a ping each frame that has no other answer.
    pub(super) async fn ping(&mut self) -> Result<Duration, NoAnswer> {
        let start = Instant::now();
        self.send(quiet_frame()).await?;
        self.await_message(is_ping).await?;
        Ok(start.elapsed())
    }

    /// Closes the socket.
    pub(super) async fn close(self) {
        self.0.close().await;
    }
}

fn text_result(message: &HubMessage) -> Option<String> {
    match message {
        HubMessage::Completion(Completion { outcome: Outcome::Result(json), .. }) => {
            serde_json::from_str(json.get()).ok()
        }
        _ => None,
    }
}
