//! The life of one open socket.
//!
//! Reading, writing and the limits run side by side, so that a client that
//! does not read still ends in time. Frames of a client are handled
//! concurrently, so their replies may change order, as on AWS. Frames that are
//! posted keep theirs.

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
use super::registry::{Entry, Outgoing};
use super::route::select;
use super::{Function, Functions, Gateway};

/// How long a client may take to answer a close.
const PARTING: Duration = Duration::from_secs(2);
/// How long a client has to be silent until what it still sent is taken for read.
const SILENCE: Duration = Duration::from_millis(200);

/// A socket over the connection that was upgraded to it.
pub(super) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// How a socket ended, as `$disconnect` tells it.
pub(super) struct End {
    code: u16,
    reason: String,
    /// Whether the gateway says so to the client.
    ours: bool,
}

impl End {
    fn ours(code: u16, reason: &str) -> Self {
        Self { code, reason: reason.to_owned(), ours: true }
    }

    fn theirs(code: u16, reason: &str) -> Self {
        Self { code, reason: reason.to_owned(), ours: false }
    }

    /// The connection is gone, and nobody said so.
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

/// Serves a socket until it ends, then tells `$disconnect`.
pub(super) async fn run<F: Functions>(
    gateway: Arc<Gateway<F>>,
    entry: Arc<Entry>,
    outgoing: mpsc::Receiver<Outgoing>,
    mut socket: Socket,
) {
    let end = serve(&gateway, &entry, outgoing, &mut socket).await;
    tokio::join!(gateway.disconnected(&entry.session, &end), part(socket, &end));
}

async fn serve<F: Functions>(
    gateway: &Arc<Gateway<F>>,
    entry: &Arc<Entry>,
    outgoing: mpsc::Receiver<Outgoing>,
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

/// Waits until there was no frame for as long as `limit`.
async fn idle(entry: &Entry, limit: Duration) {
    while timeout(limit, entry.active.notified()).await.is_ok() {}
}

async fn read<F: Functions>(
    gateway: &Arc<Gateway<F>>,
    entry: &Arc<Entry>,
    mut stream: impl Stream<Item = Result<Message, Error>> + Unpin,
) -> End {
    loop {
        match stream.next().await {
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
        entry.touch();
    }
}

async fn write(
    entry: &Entry,
    mut outgoing: mpsc::Receiver<Outgoing>,
    mut sink: impl Sink<Message, Error = Error> + Unpin,
) -> End {
    while let Some(frame) = outgoing.recv().await {
        match frame {
            Outgoing::Close { code, reason } => return End::ours(code, reason),
            Outgoing::Text(text) => {
                if let Err(err) = sink.send(Message::text(text)).await {
                    return End::by(&err);
                }
            }
        }
        entry.touch();
    }
    End::ours(1001, "Going away")
}

/// Ends the connection as the WebSocket protocol wants it, within reason.
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

/// Reads what a client still sends: if it stayed unread, the client would see its connection
/// reset and never learn the code.
async fn drain(connection: &mut TokioIo<Upgraded>) {
    let mut unread = vec![0; 16 * 1024];
    while let Ok(Ok(1..)) = timeout(SILENCE, connection.read(&mut unread)).await {}
}

impl<F: Functions> Gateway<F> {
    /// Hands a message to its route and sends the reply, if any.
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

    /// Forgets a socket and tells `$disconnect`, once, whoever ended it.
    pub(super) async fn disconnected(&self, session: &Session, end: &End) {
        self.registry.remove(&session.connection_id);
        let event = event::disconnect(session, end.code, &end.reason);
        if let Err(err) = self.invoke(Function::Disconnect, event).await {
            tracing::error!(error = %err, "$disconnect failed");
        }
        self.running.send_modify(|running| *running -= 1);
    }
}
