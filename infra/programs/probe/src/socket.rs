//! A socket, record by record.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use url::Url;

/// What ends every record of SignalR's JSON protocol.
pub(crate) const RS: char = '\u{1e}';
pub(crate) const HANDSHAKE: &str = "{\"protocol\":\"json\",\"version\":1}\u{1e}";
pub(crate) const PING: &str = "{\"type\":6}\u{1e}";

/// How long whatever must come may take, cold starts included.
const ANSWER_MAX: Duration = Duration::from_secs(15);

trait Bytes: AsyncRead + AsyncWrite + Send {}
impl<T: AsyncRead + AsyncWrite + Send> Bytes for T {}

/// An open socket.
pub(crate) struct Socket(WebSocketStream<Pin<Box<dyn Bytes>>>);

/// What a socket brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Heard {
    Frame(String),
    /// With the code of the close, if it had one.
    Closed(Option<u16>),
    Silence,
}

impl Heard {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Frame(frame) => format!("'{}'", frame.trim_end_matches(RS)),
            Self::Closed(Some(code)) => format!("a close with {code}"),
            Self::Closed(None) => "a cut without a code".to_owned(),
            Self::Silence => "nothing".to_owned(),
        }
    }

    /// Whether a record of this type is in it.
    pub(crate) fn has(&self, kind: u64) -> bool {
        self.records().iter().any(|record| record["type"] == kind)
    }

    pub(crate) fn records(&self) -> Vec<Value> {
        let Self::Frame(frame) = self else { return Vec::new() };
        frame.split(RS).filter_map(|record| serde_json::from_str(record).ok()).collect()
    }
}

impl Socket {
    pub(crate) async fn open(url: &Url) -> anyhow::Result<Self> {
        let stream = connect(url).await?;
        let (socket, _) = tokio_tungstenite::client_async(url.as_str(), stream).await?;
        Ok(Self(socket))
    }

    /// A socket that is past its handshake.
    pub(crate) async fn ready(url: &Url) -> anyhow::Result<Self> {
        let mut socket = Self::open(url).await?;
        socket.send(HANDSHAKE).await?;
        let heard = socket.hear(ANSWER_MAX).await;
        let accepted = Heard::Frame(format!("{{}}{RS}"));
        anyhow::ensure!(heard == accepted, "the handshake was answered by {}", heard.text());
        Ok(socket)
    }

    pub(crate) async fn send(&mut self, text: &str) -> anyhow::Result<()> {
        self.send_message(Message::text(text)).await
    }

    pub(crate) async fn send_message(&mut self, message: Message) -> anyhow::Result<()> {
        self.0.send(message).await.context("the socket takes nothing more")
    }

    /// The next that arrives within `patience`.
    pub(crate) async fn hear(&mut self, patience: Duration) -> Heard {
        let until = Instant::now() + patience;
        loop {
            match tokio::time::timeout_at(until, self.0.next()).await {
                Err(_) => return Heard::Silence,
                Ok(Some(Ok(Message::Text(text)))) => return Heard::Frame(text.to_string()),
                Ok(Some(Ok(Message::Close(close)))) => {
                    return Heard::Closed(close.map(|close| close.code.into()));
                }
                Ok(Some(Ok(_))) => {}
                Ok(None | Some(Err(_))) => return Heard::Closed(None),
            }
        }
    }

    /// The next frame with a record of this type; anything else that ends the wait is an error.
    pub(crate) async fn expect(&mut self, kind: u64) -> anyhow::Result<Vec<Value>> {
        loop {
            let heard = self.hear(ANSWER_MAX).await;
            if heard.has(kind) {
                return Ok(heard.records());
            }
            anyhow::ensure!(
                matches!(heard, Heard::Frame(_)) && !heard.has(7),
                "instead of an answer came {}",
                heard.text()
            );
        }
    }

    /// The connection's id, by the built-in method.
    pub(crate) async fn id(&mut self) -> anyhow::Result<String> {
        self.send(&invocation("GetConnectionId", Some("id"))).await?;
        let records = self.expect(3).await?;
        let id = records.iter().find_map(|record| record["result"].as_str());
        id.map(str::to_owned).context("GetConnectionId answered no id")
    }

    /// How long a ping takes.
    pub(crate) async fn ping(&mut self) -> anyhow::Result<Duration> {
        let start = Instant::now();
        self.send(PING).await?;
        self.expect(6).await?;
        Ok(start.elapsed())
    }

    pub(crate) async fn close(mut self) {
        // Whoever is gone already needs no close.
        let _ = self.0.close(None).await;
    }
}

/// The record of a call without arguments.
pub(crate) fn invocation(target: &str, id: Option<&str>) -> String {
    let mut record = json!({ "type": 1, "target": target, "arguments": [] });
    if let Some(id) = id {
        record["invocationId"] = json!(id);
    }
    format!("{record}{RS}")
}

async fn connect(url: &Url) -> anyhow::Result<Pin<Box<dyn Bytes>>> {
    let host = url.host_str().context("the URL has no host")?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let port = url.port_or_known_default().context("the URL has no port")?;
    let stream = TcpStream::connect((bare, port)).await?;
    stream.set_nodelay(true)?;
    if url.scheme() == "ws" {
        return Ok(Box::pin(stream));
    }
    let server = ServerName::try_from(bare.to_owned())?;
    Ok(Box::pin(tls()?.connect(server, stream).await?))
}

fn tls() -> anyhow::Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let config = config.with_safe_default_protocol_versions()?.with_root_certificates(roots);
    Ok(TlsConnector::from(Arc::new(config.with_no_client_auth())))
}
