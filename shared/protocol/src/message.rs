//! Hub messages: types 1 to 9, in both directions.
//!
//! Names are case-sensitive, properties come in any order, unknown properties
//! and unknown types are ignored. `headers` is tolerated and dropped: some
//! clients put their bearer token there. No optional id is ever written as
//! null or empty, which official clients take for a broken frame.

mod decode;
mod encode;

use serde_json::value::RawValue;

pub use decode::{Decoded, MessageError};
pub(crate) use encode::terminated;
pub use encode::{PING, invocation_record};

/// A payload that passes through untouched: raw JSON.
pub type Json = Box<RawValue>;

/// One hub message.
#[derive(Debug, Clone)]
pub enum HubMessage {
    /// Type 1: calls a method.
    Invocation(Invocation),
    /// Type 2: one item of a stream.
    StreamItem(StreamItem),
    /// Type 3: ends an invocation.
    Completion(Completion),
    /// Type 4: calls a method that answers with a stream.
    StreamInvocation(StreamInvocation),
    /// Type 5: ends a stream early.
    CancelInvocation {
        /// The stream's invocation.
        invocation_id: String,
    },
    /// Type 6: keeps the connection alive.
    Ping,
    /// Type 7: ends the connection.
    Close(Close),
    /// Type 8: acknowledges messages up to an id (stateful reconnect only).
    Ack {
        /// The last id received.
        sequence_id: u64,
    },
    /// Type 9: the id of the next message (stateful reconnect only).
    Sequence {
        /// The id.
        sequence_id: u64,
    },
}

/// A call of a method.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Set when the caller waits for a completion.
    pub invocation_id: Option<String>,
    /// The method.
    pub target: String,
    /// A JSON array.
    pub arguments: Json,
    /// The streams that the caller sends along.
    pub stream_ids: Vec<String>,
}

/// A call of a method that streams.
#[derive(Debug, Clone)]
pub struct StreamInvocation {
    /// The stream's id.
    pub invocation_id: String,
    /// The method.
    pub target: String,
    /// A JSON array.
    pub arguments: Json,
    /// The streams that the caller sends along.
    pub stream_ids: Vec<String>,
}

/// One item of a stream.
#[derive(Debug, Clone)]
pub struct StreamItem {
    /// The stream's id.
    pub invocation_id: String,
    /// The item.
    pub item: Json,
}

/// The end of an invocation.
#[derive(Debug, Clone)]
pub struct Completion {
    /// The invocation.
    pub invocation_id: String,
    /// How it ended.
    pub outcome: Outcome,
}

/// How an invocation ended: by type, never with a result and an error.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// The method has no result.
    Void,
    /// The method's result; may be JSON null.
    Result(Json),
    /// The text of the error that the caller gets.
    Error(String),
}

/// The end of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Close {
    /// The text of the error that the client reports, if any.
    pub error: Option<String>,
    /// Whether a client with automatic reconnect may come back; without it a Close is final.
    pub allow_reconnect: bool,
}

/// Equal when they mean the same, byte for byte in payloads.
impl PartialEq for HubMessage {
    fn eq(&self, other: &Self) -> bool {
        self.encode() == other.encode()
    }
}
