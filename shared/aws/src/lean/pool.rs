//! Connections that are kept: a TLS handshake costs as much as dozens of posts.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hubcast_model::ports::Cause;
use hubcast_model::time::{Clock, SystemClock, Timestamp};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::endpoint::{Endpoint, Stream};

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// After this long unused a connection may be dead without our knowing: a Lambda sleeps between
/// invocations, and hears of nothing then. By the wall clock, which goes on while it sleeps.
const KEPT_MAX: Duration = Duration::from_secs(20);

type Sender = SendRequest<Full<Bytes>>;

/// The connections of one endpoint.
pub(super) struct Pool {
    kept: Mutex<Vec<(Sender, Timestamp)>>,
    /// A Lambda has 1,024 file descriptors.
    permits: Semaphore,
}

/// A connection in use.
pub(super) struct Connection<'a> {
    pub(super) sender: Sender,
    /// Whether it carried requests before, and so may have ended unnoticed.
    pub(super) is_kept: bool,
    _permit: SemaphorePermit<'a>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("permits", &self.permits).finish_non_exhaustive()
    }
}

impl Pool {
    pub(super) const fn new(connections_max: usize) -> Self {
        Self { kept: Mutex::new(Vec::new()), permits: Semaphore::const_new(connections_max) }
    }

    /// A connection that is ready for a request. Nothing was sent when this fails.
    pub(super) async fn take(&self, endpoint: &Endpoint) -> Result<Connection<'_>, Cause> {
        let permit = self.permits.acquire().await?;
        while let Some(mut sender) = self.newest() {
            if sender.ready().await.is_ok() {
                return Ok(Connection { sender, is_kept: true, _permit: permit });
            }
        }
        let sender = tokio::time::timeout(CONNECT_TIMEOUT, open(endpoint)).await??;
        Ok(Connection { sender, is_kept: false, _permit: permit })
    }

    /// Keeps a connection whose answer was read to its end.
    pub(super) fn give_back(&self, connection: Connection<'_>) {
        if !connection.sender.is_closed() {
            self.lock().push((connection.sender, SystemClock.now()));
        }
    }

    /// The connection that was used last; those unused for too long are dropped.
    fn newest(&self) -> Option<Sender> {
        let mut kept = self.lock();
        let (sender, since) = kept.pop()?;
        if SystemClock.now().since(since) < KEPT_MAX {
            return Some(sender);
        }
        // All others were given back even earlier.
        kept.clear();
        None
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Sender, Timestamp)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn open(endpoint: &Endpoint) -> Result<Sender, Cause> {
    match endpoint.connect().await? {
        Stream::Plain(stream) => driven(stream).await,
        Stream::Tls(stream) => driven(stream).await,
    }
}

/// Starts HTTP/1.1 on a stream; a task of its own drives it until it ends.
async fn driven<T>(stream: T) -> Result<Sender, Cause>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move {
        // Whoever waits for an answer on it hears of its end; nobody else has to.
        if let Err(err) = connection.await {
            tracing::debug!(error = %err, "a connection to the management API ended");
        }
    });
    Ok(sender)
}
