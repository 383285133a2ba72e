//! The life of one open socket.
//!
//! Reads, writes and limits run side by side, so that the socket of a client
//! that does not read ends in time too. Functions handle the frames of a client
//! concurrently, so replies may change order, as on AWS. Posted frames keep
//! their order.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::StreamExt;
use futures_util::{Sink, SinkExt, Stream};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::event::{self, Session};
use super::registry::{Entry, SocketWrite};
use super::route::select;
use super::{Function, Functions, Gateway};

/// How long a client may take to answer a close.
const PARTING: Duration = Duration::from_secs(2);
/// After this long without a byte from the client, all that the client sent counts as read.
const SILENCE: Duration = Duration::from_millis(200);

/// A WebSocket over an upgraded connection.
pub(super) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// The end of a socket, as `$disconnect` names the end.
pub(super) struct End {
    /// The code of RFC 6455.
    code: u16,
    /// The reason, in words.
    reason: String,
    /// Whether the gateway sends the close to the client.
    ours: bool,
}

impl End {
    fn ours(code: u16, reason: &str) -> Self {
        Self { code, reason: reason.to_owned(), ours: true }
    }

    fn theirs(code: u16, reason: &str) -> Self {
        Self { code, reason: reason.to_owned(), ours: false }
    }

    /// The end of a connection that broke without a close.
    pub(super) fn abnormal() -> Self {
        Self::theirs(1006, "Connection closed abnormally")
    }

    fn by(err: &Error) -> Self {
        match err {
            Error::Capacity(_) => Self::ours(1009, "Message too big"),
            Error::Utf8(_) => Self::ours(1007, "Invalid text"),
            _ => Self::abnormal(),
        }
    }
}

/// Serves a socket until its end, and then invokes `$disconnect`.
pub(super) async fn run<F: Functions>(
    gateway: Arc<Gateway<F>>,
    entry: Arc<Entry>,
    outgoing: mpsc::Receiver<SocketWrite>,
    mut socket: Socket,
) {
    let end = serve(&gateway, &entry, outgoing, &mut socket).await;
    tokio::join!(gateway.disconnected(&entry.session, &end), part(socket, &end));
}

async fn serve<F: Functions>(
    gateway: &Arc<Gateway<F>>,
    entry: &Arc<Entry>,
    outgoing: mpsc::Receiver<SocketWrite>,
    socket: &mut Socket,
) -> End {
    let (sink, stream) = socket.split();
    tokio::select! {
        end = read(gateway, entry, stream) => end,
        end = write(entry, outgoing, sink) => end,
        () = idle(entry, gateway.limits.idle) => End::ours(1001, "Going away"),
        () = sleep(gateway.limits.lifetime) => End::ours(1001, "Going away"),
        () = entry.cut.notified() => End::ours(1001, "Going away"),
    }
}

/// Waits until no frame passed for the time `limit`.
async fn idle(entry: &Entry, limit: Duration) {
    while timeout(limit, entry.active.notified()).await.is_ok() {}
}

async fn read<F: Functions>(
    gateway: &Arc<Gateway<F>>,
    entry: &Arc<Entry>,
    mut stream: impl Stream<Item = Result<Message, Error>> + Unpin,
) -> End {
    loop {
        let next = stream.next().await;
        // Before anybody can know of the frame.
        entry.touch();
        match next {
            Some(Ok(Message::Text(text))) => {
                let (gateway, entry) = (Arc::clone(gateway), Arc::clone(entry));
                tokio::spawn(async move { gateway.message(&entry, &text).await });
            }
            Some(Ok(Message::Binary(_))) => return End::ours(1003, "Binary is not supported"),
            Some(Ok(Message::Close(Some(frame)))) => {
                return End::theirs(frame.code.into(), &frame.reason);
            }
            Some(Ok(Message::Close(None))) => {
                return End::theirs(1005, "Client-side close frame status not set");
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Err(err)) => return End::by(&err),
            None => return End::abnormal(),
        }
    }
}

async fn write(
    entry: &Entry,
    mut outgoing: mpsc::Receiver<SocketWrite>,
    mut sink: impl Sink<Message, Error = Error> + Unpin,
) -> End {
    while let Some(frame) = outgoing.recv().await {
        entry.touch();
        match frame {
            SocketWrite::Close { code, reason } => return End::ours(code, reason),
            SocketWrite::Text(text) => {
                if let Err(err) = sink.send(Message::text(text)).await {
                    return End::by(&err);
                }
            }
        }
    }
    End::ours(1001, "Going away")
}

/// Closes the connection by the handshake of RFC 6455, within a time limit.
async fn part(mut socket: Socket, end: &End) {
    let parting = async {
        if end.ours {
            let (code, reason) = (end.code.into(), end.reason.clone().into());
            // A client that is gone by now does not need to hear it.
            let _ = socket.send(Message::Close(Some(CloseFrame { code, reason }))).await;
        }
        while let Some(Ok(_)) = socket.next().await {}
        drain(socket.get_mut()).await;
    };
    // A client that neither reads nor answers is dropped all the same.
    let _ = timeout(PARTING, parting).await;
}

/// Reads what the client still sends. With unread bytes, the operating system would reset the
/// connection, and the client would not see the code.
async fn drain(connection: &mut TokioIo<Upgraded>) {
    let mut unread = vec![0; 16 * 1024];
    while let Ok(Ok(1..)) = timeout(SILENCE, connection.read(&mut unread)).await {}
}

impl<F: Functions> Gateway<F> {
    /// Invokes the function of a message's route, and sends the reply, if there is one.
    async fn message(&self, entry: &Entry, body: &str) {
        let session = &entry.session;
        let (route, function) = select(body, self.limits.lenient_route_selection);
        let request_id = event::new_id();
        let event = event::message(session, &request_id, route, body);
        let reply = match self.invoke(function, event).await {
            Ok(answer) if answer.get("statusCode").is_some_and(Value::is_number) => {
                answer.get("body").and_then(Value::as_str).map(str::to_owned)
            }
            Ok(_) => Some(event::internal_error(session, &request_id)),
            Err(err) => {
                tracing::error!(error = %err, route, "an integration failed");
                Some(event::internal_error(session, &request_id))
            }
        };
        if let Some(reply) = reply.filter(|reply| !reply.is_empty()) {
            // The socket may have ended meanwhile.
            let _ = entry.send(reply);
        }
    }

    /// Forgets a socket, and invokes `$disconnect` once, whoever ended the socket.
    pub(super) async fn disconnected(&self, session: &Session, end: &End) {
        self.registry.remove(&session.connection_id);
        if self.limits.end_news.is_due(&self.is_closing).await {
            self.tell_end(session, end).await;
        }
        self.running.send_modify(|running| *running -= 1);
    }

    async fn tell_end(&self, session: &Session, end: &End) {
        let event = event::disconnect(session, end.code, &end.reason);
        if let Err(err) = self.invoke(Function::Disconnect, event).await {
            tracing::error!(error = %err, "$disconnect failed");
        }
    }
}
