//! A SignalR client: negotiation, the socket, the handshake, and the messages of a connection.
//!
//! The client speaks WebSockets and the JSON protocol. Whether and when to
//! connect again is for the caller.

mod connection;
mod negotiation;
mod socket;

pub(crate) use connection::Connection;
pub(crate) use negotiation::{Door, Ticket, negotiate};
pub(crate) use socket::{Socket, SocketEnd};

use hubcast_model::ports::Cause;
use reqwest::StatusCode;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// The deployment does not want this client, and will not want it next time.
    #[error("{place} answered {status}: {text}")]
    Refused {
        /// Where.
        place: String,
        /// How.
        status: StatusCode,
        /// Why, as a client shows it.
        text: String,
    },
    /// The handshake was refused.
    #[error("the handshake was refused: {0}")]
    Handshake(String),
    /// Worth another try: nobody answered, or not in a way that is understood.
    #[error("{place} cannot be connected to")]
    Unreachable {
        /// Where.
        place: String,
        /// What happened instead.
        #[source]
        source: Cause,
    },
}

impl ConnectError {
    /// Whether another try may end otherwise.
    pub(crate) fn is_final(&self) -> bool {
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
