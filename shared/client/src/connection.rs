//! A connection: a socket, its handshake, and the messages that come.

use std::collections::VecDeque;
use std::time::Duration;

use signalr_protocol::framing::Splitter;
use signalr_protocol::handshake::{HandshakeRequest, HandshakeResponse};
use signalr_protocol::message::{Decoded, HubMessage};
use tokio::time::timeout;

use super::socket::{Socket, SocketEnd};
use super::{ConnectError, Ticket};

/// How long the server may take to answer a handshake.
const HANDSHAKE_MAX: Duration = Duration::from_secs(15);

/// Why no message came that was waited for.
#[derive(Debug, thiserror::Error)]
pub enum Unheard {
    /// The server ended the connection.
    #[error("the server closed the connection")]
    Closed,
    /// The socket ended.
    #[error(transparent)]
    Lost(#[from] SocketEnd),
}

/// An open connection whose handshake is done.
#[derive(Debug)]
pub struct Connection {
    socket: Socket,
    splitter: Splitter,
    /// Records that came and were not read yet, without their separators.
    records: VecDeque<Vec<u8>>,
}

impl Connection {
    /// Opens the socket that a ticket is for.
    ///
    /// # Errors
    /// When the server refuses the socket or the handshake, or does not answer in time.
    pub async fn open(ticket: &Ticket) -> Result<Self, ConnectError> {
        let place = ticket.socket.host_str().unwrap_or_default();
        let socket = Socket::open(&ticket.socket, Some(&ticket.token)).await?;
        let mut connection =
            Self { socket, splitter: Splitter::default(), records: VecDeque::new() };
        match timeout(HANDSHAKE_MAX, connection.shake_hands()).await {
            Ok(Ok(None)) => Ok(connection),
            Ok(Ok(Some(error))) => Err(ConnectError::Handshake(error)),
            Ok(Err(end)) => Err(ConnectError::unreachable(place, end)),
            Err(elapsed) => Err(ConnectError::unreachable(place, elapsed)),
        }
    }

    /// Shakes hands; answers the server's error, if the server has one.
    async fn shake_hands(&mut self) -> Result<Option<String>, SocketEnd> {
        self.socket.send(HandshakeRequest::json().encode()).await?;
        let answer = self.record().await?;
        let answer: HandshakeResponse<'_> =
            serde_json::from_slice(&answer).map_err(SocketEnd::broken)?;
        Ok(answer.error.map(std::borrow::Cow::into_owned))
    }

    /// The next message. May be dropped and called again without losing a message.
    ///
    /// # Errors
    /// How the socket ended.
    pub async fn next(&mut self) -> Result<HubMessage, SocketEnd> {
        loop {
            let record = self.record().await?;
            let record = std::str::from_utf8(&record).map_err(SocketEnd::broken)?;
            let decoded = HubMessage::decode(record).map_err(SocketEnd::broken)?;
            if let Decoded::Message(message) = decoded {
                return Ok(message);
            }
        }
    }

    /// Waits for a message that `is_wanted`, and drops the messages before.
    ///
    /// # Errors
    /// When the server ends the connection first, or the socket ends.
    pub async fn until(&mut self, is_wanted: impl Fn(&HubMessage) -> bool) -> Result<(), Unheard> {
        loop {
            match self.next().await? {
                message if is_wanted(&message) => return Ok(()),
                HubMessage::Close(_) => return Err(Unheard::Closed),
                _ => {}
            }
        }
    }

    /// Waits until a new connection hears all that is sent: its first ping is answered no sooner.
    ///
    /// # Errors
    /// When the server ends the connection first, or the socket ends.
    pub async fn hears(&mut self) -> Result<(), Unheard> {
        self.send(&HubMessage::Ping).await?;
        self.until(|message| matches!(message, HubMessage::Ping)).await
    }

    /// Sends a message.
    ///
    /// # Errors
    /// When the socket takes nothing more.
    pub async fn send(&mut self, message: &HubMessage) -> Result<(), SocketEnd> {
        self.socket.send(message.encode()).await
    }

    /// Ends the connection in good order, as far as the other side plays along.
    pub async fn close(self) {
        self.socket.close().await;
    }

    async fn record(&mut self) -> Result<Vec<u8>, SocketEnd> {
        loop {
            if let Some(record) = self.records.pop_front() {
                return Ok(record);
            }
            let frame = self.socket.next().await?;
            self.records.extend(self.splitter.push(frame.as_bytes()));
        }
    }
}
