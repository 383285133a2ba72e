//! The life of one open socket.
//!
//! Frames of a client are handled concurrently, so their replies may change
//! order, as on AWS. Frames that are posted keep theirs.

use std::sync::Arc;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::stream::{SplitSink, StreamExt};
use futures_util::{SinkExt, Stream};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::event::{self, Session};
use super::registry::{Entry, Outgoing};
use super::route::select;
use super::{Function, Functions, Gateway};

/// How a socket ended, as `$disconnect` tells it.
struct End {
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
}

/// Serves a socket until it ends, then tells `$disconnect`.
pub(super) async fn run<F: Functions>(
    gateway: Arc<Gateway<F>>,
    session: Session,
    socket: WebSocket,
    (entry, outgoing): (Arc<Entry>, mpsc::Receiver<Outgoing>),
) {
    let (sink, stream) = socket.split();
    let session = Arc::new(session);
    let end = serve(&gateway, &session, (sink, stream), (&entry, outgoing)).await;
    gateway.disconnected(&session, end.code, &end.reason).await;
}

async fn serve<F: Functions>(
    gateway: &Arc<Gateway<F>>,
    session: &Arc<Session>,
    (mut sink, mut stream): (
        SplitSink<WebSocket, Message>,
        impl Stream<Item = Result<Message, axum::Error>> + Unpin,
    ),
    (entry, mut outgoing): (&Arc<Entry>, mpsc::Receiver<Outgoing>),
) -> End {
    let cap = Instant::now() + gateway.limits.lifetime;
    let mut idle = Instant::now() + gateway.limits.idle;
    let end = loop {
        let ended = tokio::select! {
            frame = stream.next() => incoming(gateway, session, entry, frame),
            frame = outgoing.recv() => written(&mut sink, frame).await,
            () = sleep_until(idle) => Some(End::ours(1001, "Going away")),
            () = sleep_until(cap) => Some(End::ours(1001, "Going away")),
        };
        if let Some(end) = ended {
            break end;
        }
        idle = Instant::now() + gateway.limits.idle;
        entry.touch();
    };
    if end.ours {
        let reason = end.reason.clone().into();
        let close = Message::Close(Some(CloseFrame { code: end.code, reason }));
        // A client that is gone by now does not need to hear it.
        let _ = sink.send(close).await;
    }
    end
}

fn incoming<F: Functions>(
    gateway: &Arc<Gateway<F>>,
    session: &Arc<Session>,
    entry: &Arc<Entry>,
    frame: Option<Result<Message, axum::Error>>,
) -> Option<End> {
    match frame {
        Some(Ok(Message::Text(text))) => {
            let (gateway, session) = (Arc::clone(gateway), Arc::clone(session));
            let (entry, text) = (Arc::clone(entry), text.to_string());
            tokio::spawn(async move { gateway.message(&session, &entry, &text).await });
            None
        }
        Some(Ok(Message::Binary(_))) => Some(End::ours(1003, "Binary is not supported")),
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => None,
        Some(Ok(Message::Close(frame))) => Some(match frame {
            Some(frame) => End::theirs(frame.code, &frame.reason),
            None => End::theirs(1005, "Client-side close frame status not set"),
        }),
        Some(Err(err)) if is_too_large(&err) => Some(End::ours(1009, "Message too big")),
        Some(Err(_)) | None => Some(End::theirs(1006, "Connection closed abnormally")),
    }
}

/// Axum hides the library's error; the text of a capacity error is all there is.
fn is_too_large(err: &axum::Error) -> bool {
    let text = err.to_string();
    text.contains("too long") || text.contains("too big") || text.contains("Space limit")
}

async fn written(sink: &mut SplitSink<WebSocket, Message>, frame: Option<Outgoing>) -> Option<End> {
    match frame {
        Some(Outgoing::Text(text)) => match sink.send(Message::Text(text.into())).await {
            Ok(()) => None,
            Err(_) => Some(End::theirs(1006, "Connection closed abnormally")),
        },
        Some(Outgoing::Close { code, reason }) => Some(End::ours(code, reason)),
        None => Some(End::ours(1001, "Going away")),
    }
}

impl<F: Functions> Gateway<F> {
    /// Hands a message to its route and sends the reply, if any.
    async fn message(&self, session: &Session, entry: &Entry, body: &str) {
        let (route, function) = select(body, self.limits.lenient_route_selection);
        let reply = match self.invoke(function, event::message(session, route, body)).await {
            Ok(answer) if answer.get("statusCode").is_some_and(Value::is_number) => {
                answer.get("body").and_then(Value::as_str).map(str::to_owned)
            }
            Ok(_) => Some(event::internal_error(session)),
            Err(err) => {
                tracing::error!(error = %err, route, "an integration failed");
                Some(event::internal_error(session))
            }
        };
        if let Some(reply) = reply.filter(|reply| !reply.is_empty()) {
            // The socket may have ended meanwhile.
            let _ = entry.send(Outgoing::Text(reply));
        }
    }

    /// Forgets a socket and tells `$disconnect`, once, whoever ended it.
    pub(super) async fn disconnected(&self, session: &Session, code: u16, reason: &str) {
        self.registry.remove(&session.connection_id);
        let event = event::disconnect(session, code, reason);
        if let Err(err) = self.invoke(Function::Disconnect, event).await {
            tracing::error!(error = %err, "$disconnect failed");
        }
    }
}
