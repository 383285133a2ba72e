//! What one record leads to, and how a conversation ends.

use std::future::Future;

use hubcast_model::context::Caller;
use hubcast_model::ports::StoreError;
use hubcast_model::report::chain as report;
use signalr_protocol::handshake::HandshakeResponse;
use signalr_protocol::message::{Close, HubMessage};
use signalr_protocol::texts;

/// A part of the rules that answers one kind of message.
///
/// A parent hands a message to a part and knows nothing of the ports behind the part.
pub(super) trait Answer<M>: Send + Sync {
    /// Carries out what a caller's message asks for.
    fn answer(&self, caller: &Caller, message: M) -> impl Future<Output = Step> + Send;
}

/// What one record leads to.
#[derive(Debug)]
pub(super) enum Step {
    /// Nothing is sent back.
    Silent,
    /// This record is sent back.
    Reply(String),
    /// The conversation ends. The records after this one are not looked at.
    End(End),
}

/// How a conversation ends.
#[derive(Debug)]
pub(super) enum End {
    /// By a Close record.
    Close(Close),
    /// By an answer to the handshake that holds this error.
    Refuse(String),
    /// The socket is cut without a word, since its client cannot read one.
    Drop,
}

impl End {
    /// A Close after which the client stays away.
    pub(super) fn fatal(error: impl Into<String>) -> Self {
        Self::Close(Close { error: Some(error.into()), allow_reconnect: false })
    }

    /// A Close after which the client may return.
    pub(super) fn reconnect(error: impl Into<String>) -> Self {
        Self::Close(Close { error: Some(error.into()), allow_reconnect: true })
    }

    /// The end of a client that broke the protocol after its handshake.
    pub(super) fn broken(detail: &str) -> Self {
        Self::fatal(format!("{} {detail}", texts::CLOSED_WITH_ERROR))
    }

    /// The end of a socket that is not on record.
    pub(super) fn unknown() -> Self {
        Self::reconnect("The connection is not known.")
    }

    /// The record that tells the client; empty for none.
    pub(super) fn record(self) -> String {
        match self {
            Self::Close(close) => HubMessage::Close(close).encode(),
            Self::Refuse(error) => HandshakeResponse { error: Some(error.into()) }.encode(),
            Self::Drop => String::new(),
        }
    }
}

/// The end of a request that the table did not answer. The client may try again.
pub(super) fn unavailable(err: &StoreError) -> Step {
    tracing::error!(error = %report(err), "the table did not answer");
    Step::End(End::reconnect(texts::CLOSED_WITH_ERROR))
}
