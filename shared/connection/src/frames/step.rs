//! What one record leads to, and how a conversation ends.

use std::future::Future;

use hubcast_model::context::Caller;
use hubcast_model::event::Call;
use hubcast_model::journey::connection::NOT_KNOWN;
use hubcast_model::ports::StoreError;
use hubcast_model::report::chain as report;
use hubcast_model::work::Turn;
use signalr_protocol::message::{Close, Completion};
use signalr_protocol::texts;

/// What a client is told at the end of its session.
pub(super) const SESSION_OVER: &str = "The session has expired.";

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
    /// These records are sent back.
    Reply(String),
    /// This call goes to backends, together with the other calls of its frame.
    HandUp(Call),
    /// This answer to a backend is kept, together with the other answers of its frame.
    Keep(Completion),
    /// The conversation ends. The records after this one are not looked at.
    End(End),
}

/// Why a conversation ends. What the client reads depends on how far its handshake is
/// ([`Farewell`](super::farewell::Farewell)).
#[derive(Debug)]
pub(super) enum End {
    /// For a reason that a Close names.
    Close(Close),
    /// The client broke a limit. It may return, after a pause: a client that breaks a limit each
    /// time does not come back faster than that.
    Limit(String),
    /// The client broke the protocol, in this way.
    Broken(String),
    /// The handshake is refused for this reason.
    Refuse(String),
    /// The socket is not on record: its client has left, or somebody else ended the socket. Whoever
    /// is there all the same may return.
    Unknown,
    /// The client cannot read a word, so the socket is cut.
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

    /// The end of a client that broke a limit.
    pub(super) fn limit(error: impl Into<String>) -> Self {
        Self::Limit(error.into())
    }

    /// The end of a client whose request the table did not answer. The client may try again.
    pub(super) fn unavailable(err: &StoreError) -> Self {
        tracing::error!(error = %report(err), "the table did not answer");
        Self::reconnect(texts::CLOSED_WITH_ERROR)
    }

    /// In one word, how the client is told; no text, since a text may hold a piece of a frame.
    pub(super) const fn why(&self) -> &'static str {
        match self {
            Self::Close(Close { allow_reconnect: true, .. }) => "come_back",
            Self::Close(_) => "stay_away",
            Self::Limit(_) => "limit",
            Self::Broken(_) => "protocol_broken",
            Self::Refuse(_) => "handshake_refused",
            Self::Unknown => NOT_KNOWN,
            Self::Drop => "cut",
        }
    }

    /// The end of a session whose time is over.
    pub(super) fn over() -> Self {
        Self::reconnect(SESSION_OVER)
    }
}

/// The end of a request that the table did not answer. The client may try again.
pub(super) fn unavailable(err: &StoreError) -> Step {
    Step::End(End::unavailable(err))
}

/// Waits for a turn; the end of a client whose turn never comes.
pub(super) async fn wait(turn: Turn) -> Option<End> {
    match turn {
        Turn::Now => None,
        Turn::After(pause) => {
            tokio::time::sleep(pause).await;
            None
        }
        Turn::Never => Some(End::limit("Too many calls in a short time.")),
    }
}
