//! A WebSocket, frame by frame: the only one that programs of hubcast open.
//!
//! A frame is one message of the WebSocket protocol and holds records of
//! SignalR. What stands in a frame is for the caller.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::header::{AUTHORIZATION, InvalidHeaderValue};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use url::Url;

use super::ConnectError;

/// How long opening a socket may take.
const OPEN_MAX: Duration = Duration::from_secs(15);
/// How long the other side may take to answer a close.
const CLOSE_MAX: Duration = Duration::from_secs(1);
/// Small frames leave at once, as the latency of a ping needs.
const DISABLE_NAGLE: bool = true;

/// An open socket.
#[derive(Debug)]
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// How a socket ended, without a Close of SignalR.
#[derive(Debug, thiserror::Error)]
pub enum SocketEnd {
    /// The other side closed the socket, with this code of RFC 6455.
    #[error("the socket was closed ({0})")]
    Coded(u16),
    /// The other side closed the socket without a code.
    #[error("the socket was closed")]
    Uncoded,
    /// The network failed, or the other side broke a protocol; with the reason.
    #[error("the connection was lost: {0}")]
    Broken(String),
}

impl SocketEnd {
    /// The end by an error of the network or of a protocol.
    pub fn broken(err: impl std::error::Error) -> Self {
        Self::Broken(err.to_string())
    }
}

impl Socket {
    /// Opens a socket, and shows a token in the header `Authorization` if there is one.
    ///
    /// # Errors
    /// When the server refuses the socket, or does not answer within 15 seconds.
    pub async fn open(url: &Url, bearer: Option<&str>) -> Result<Self, ConnectError> {
        let place = url.host_str().unwrap_or_default();
        let mut request = url.as_str().into_client_request().map_err(|err| refused(place, err))?;
        if let Some(token) = bearer {
            let value = format!("Bearer {token}").parse();
            let value =
                value.map_err(|err: InvalidHeaderValue| ConnectError::unreachable(place, err))?;
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        let opening = connect_async_with_config(request, None, DISABLE_NAGLE);
        let opened = timeout(OPEN_MAX, opening).await;
        let opened = opened.map_err(|err| ConnectError::unreachable(place, err))?;
        let (socket, _) = opened.map_err(|err| refused(place, err))?;
        Ok(Self(socket))
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// When the socket takes nothing more.
    pub async fn send(&mut self, frame: impl Into<String>) -> Result<(), SocketEnd> {
        self.0.send(Message::text(frame.into())).await.map_err(SocketEnd::broken)
    }

    /// Sends a frame in several pieces of `piece_bytes` each; RFC 6455 calls such a piece a frame.
    ///
    /// # Errors
    /// When the socket takes nothing more.
    pub async fn send_in_pieces(
        &mut self,
        frame: &str,
        piece_bytes: usize,
    ) -> Result<(), SocketEnd> {
        let pieces: Vec<&[u8]> = frame.as_bytes().chunks(piece_bytes.max(1)).collect();
        for (at, piece) in pieces.iter().enumerate() {
            let code = if at == 0 { Data::Text } else { Data::Continue };
            let is_last = at + 1 == pieces.len();
            let piece = Frame::message(piece.to_vec(), OpCode::Data(code), is_last);
            self.0.send(Message::Frame(piece)).await.map_err(SocketEnd::broken)?;
        }
        Ok(())
    }

    /// The next frame. May be dropped and called again without losing a frame.
    ///
    /// # Errors
    /// How the socket ended.
    pub async fn next(&mut self) -> Result<String, SocketEnd> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(frame))) => return Ok(frame.to_string()),
                Some(Ok(Message::Close(Some(close)))) => {
                    return Err(SocketEnd::Coded(close.code.into()));
                }
                Some(Ok(Message::Close(None))) | None => return Err(SocketEnd::Uncoded),
                Some(Ok(_)) => {}
                Some(Err(err)) => return Err(SocketEnd::broken(err)),
            }
        }
    }

    /// Closes the socket in good order, as far as the other side plays along.
    pub async fn close(mut self) {
        // What is open here ends with the process in any case.
        let _ = timeout(CLOSE_MAX, self.0.close(None)).await;
    }
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
