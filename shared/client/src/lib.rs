//! A SignalR client: negotiation, the socket, the handshake, and the messages of a connection.
//!
//! The client speaks WebSockets and the JSON protocol. Whether and when to
//! connect again is for the caller.

mod connection;
mod negotiation;
mod socket;

pub use connection::{Connection, Unheard};
pub use negotiation::{Door, Ticket, negotiate, negotiate_stateful};
pub use socket::{Socket, SocketEnd};

use hubcast_model::ports::Cause;
use reqwest::StatusCode;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The deployment refuses this client.
    #[error("{place} answered {status}: {text}")]
    Refused {
        /// The URL or the host that refused.
        place: String,
        /// The status of the answer.
        status: StatusCode,
        /// The reason, as the answer's body gives it.
        text: String,
    },
    /// The server refused the handshake, for this reason.
    #[error("the handshake was refused: {0}")]
    Handshake(String),
    /// Nobody answered, or the client does not understand the answer. Another try may succeed.
    #[error("{place} cannot be connected to")]
    Unreachable {
        /// The URL or the host that the client tried.
        place: String,
        /// What happened instead.
        #[source]
        source: Cause,
    },
}

impl ConnectError {
    /// Whether another try would end in the same way.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Refused { status, .. } => status.is_client_error() && status.as_u16() != 429,
            Self::Handshake(_) => true,
            Self::Unreachable { .. } => false,
        }
    }

    fn unreachable(place: &str, source: impl Into<Cause>) -> Self {
        Self::Unreachable { place: place.to_owned(), source: source.into() }
    }
}
