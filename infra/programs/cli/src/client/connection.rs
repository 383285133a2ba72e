//! A connection: the socket, its handshake, and the messages that come.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::header::AUTHORIZATION;
use signalr_protocol::framing::Splitter;
use signalr_protocol::handshake::{HandshakeRequest, HandshakeResponse, JSON};
use signalr_protocol::message::{Decoded, HubMessage};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::{ConnectError, Ticket};

/// How long opening a socket and its handshake may take each.
const PATIENCE: Duration = Duration::from_secs(15);

/// An open connection whose handshake is done.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    splitter: Splitter,
    records: VecDeque<Vec<u8>>,
}

/// The connection is over, without a Close of the protocol.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Lost(String);

impl Connection {
    /// Opens the socket that a ticket is for.
    pub(crate) async fn open(ticket: &Ticket) -> Result<Self, ConnectError> {
        let place = ticket.socket.host_str().unwrap_or_default();
        let unreachable = |err: Error| ConnectError::unreachable(place, err);
        let mut request = ticket.socket.as_str().into_client_request().map_err(unreachable)?;
        let bearer = format!("Bearer {}", ticket.token).parse();
        let bearer = bearer.map_err(|err: http::header::InvalidHeaderValue| {
            ConnectError::unreachable(place, err)
        })?;
        request.headers_mut().insert(AUTHORIZATION, bearer);
        let opened = timeout(PATIENCE, connect_async(request)).await;
        let opened = opened.map_err(|err| ConnectError::unreachable(place, err))?;
        let (socket, _) = opened.map_err(|err| refused(place, err))?;
        let mut connection =
            Self { socket, splitter: Splitter::default(), records: VecDeque::new() };
        match timeout(PATIENCE, connection.shake_hands()).await {
            Ok(Ok(None)) => Ok(connection),
            Ok(Ok(Some(error))) => Err(ConnectError::Handshake(error)),
            Ok(Err(lost)) => Err(ConnectError::unreachable(place, lost)),
            Err(elapsed) => Err(ConnectError::unreachable(place, elapsed)),
        }
    }

    /// Shakes hands; answers the server's error, if it has one.
    async fn shake_hands(&mut self) -> Result<Option<String>, Lost> {
        let request = HandshakeRequest { protocol: JSON.to_owned(), version: 1 };
        let mut record = serde_json::to_string(&request).map_err(lost)?;
        record.push(char::from(signalr_protocol::RECORD_SEPARATOR));
        self.socket.send(Message::text(record)).await.map_err(lost)?;
        let answer = self.record().await?;
        let answer: HandshakeResponse<'_> = serde_json::from_slice(&answer).map_err(lost)?;
        Ok(answer.error.map(std::borrow::Cow::into_owned))
    }

    /// The next message. May be dropped and called again without losing one.
    pub(crate) async fn next(&mut self) -> Result<HubMessage, Lost> {
        loop {
            let record = self.record().await?;
            let record = std::str::from_utf8(&record).map_err(lost)?;
            if let Decoded::Message(message) = HubMessage::decode(record).map_err(lost)? {
                return Ok(message);
            }
        }
    }

    /// Sends a message.
    pub(crate) async fn send(&mut self, message: &HubMessage) -> Result<(), Lost> {
        self.socket.send(Message::text(message.encode())).await.map_err(lost)
    }

    /// Ends the connection in good order, as far as the other side plays along.
    pub(crate) async fn close(mut self) {
        // What is open here ends with the process in any case.
        let _ = timeout(Duration::from_secs(1), self.socket.close(None)).await;
    }

    async fn record(&mut self) -> Result<Vec<u8>, Lost> {
        loop {
            if let Some(record) = self.records.pop_front() {
                return Ok(record);
            }
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    self.records.extend(self.splitter.push(text.as_bytes()));
                }
                Some(Ok(Message::Close(Some(frame)))) => {
                    return Err(Lost(format!("the socket was closed ({})", frame.code)));
                }
                Some(Ok(_)) => {}
                Some(Err(err)) => return Err(lost(err)),
                None => return Err(Lost("the socket was closed".to_owned())),
            }
        }
    }
}

fn lost(err: impl std::error::Error) -> Lost {
    Lost(format!("the connection was lost: {err}"))
}

/// An upgrade that was answered by a status is a refusal with a reason.
fn refused(place: &str, err: Error) -> ConnectError {
    match err {
        Error::Http(answer) => {
            let body = answer.body().clone().unwrap_or_default();
            let text = String::from_utf8_lossy(&body).into_owned();
            ConnectError::Refused { place: place.to_owned(), status: answer.status(), text }
        }
        err => ConnectError::unreachable(place, err),
    }
}
