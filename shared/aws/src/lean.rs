//! Sockets through API Gateway's management API, without the SDK's costs.
//!
//! The official client spends most of a post's CPU in its orchestrator and
//! derives the signing key on every call. This adapter keeps connections, the
//! signing key and body hashes, and leaves the rest out. It sorts errors as
//! [`gateway`](crate::gateway) does and passes the same contract suite; as
//! there, one call is one attempt.

mod dial;
mod endpoint;
mod identity;
mod pool;
mod signer;
mod tls;

use std::pin::pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use aws_config::SdkConfig;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full};
use hubcast_model::id::SocketId;
use hubcast_model::ports::{ConnectionGateway, PostError};
use hubcast_model::time::{Clock, SystemClock, Timestamp};
use hyper::body::Incoming;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::gateway::by_status;
use endpoint::Endpoint;
use identity::{Identity, Unsigned};
use pool::Pool;
use signer::Signed;

pub use endpoint::EndpointError;

/// How far the clocks may be apart before a refused post is taken for a matter of time.
/// Signatures are good for five minutes.
const SKEW_MAX: Duration = Duration::from_mins(4);
const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
const DATE: HeaderName = HeaderName::from_static("x-amz-date");

/// The management API of one WebSocket stage.
#[derive(Debug)]
pub struct LeanGateway {
    endpoint: Endpoint,
    host: HeaderValue,
    identity: Identity,
    pool: Pool,
    attempt_timeout: Duration,
    /// What to add to our clock to get the server's, in milliseconds.
    skew: AtomicI64,
}

/// The server answered with a status that says no.
#[derive(Debug, thiserror::Error)]
#[error("the management API answered {0}")]
struct Status(StatusCode);

impl LeanGateway {
    /// The management API at `endpoint`, over at most `connections_max` connections at once.
    ///
    /// # Errors
    /// When the endpoint is no `http` or `https` URL, or TLS cannot be set up for it.
    pub fn new(
        config: &SdkConfig,
        endpoint: &str,
        connections_max: usize,
        attempt_timeout: Duration,
    ) -> Result<Self, EndpointError> {
        let endpoint = Endpoint::parse(endpoint)?;
        let host = HeaderValue::from_str(endpoint.authority());
        let host = host.map_err(|_| EndpointError::NotAUrl)?;
        let identity = Identity::new(config, endpoint.authority());
        let pool = Pool::new(connections_max);
        Ok(Self { endpoint, host, identity, pool, attempt_timeout, skew: AtomicI64::new(0) })
    }

    async fn send(&self, method: Method, socket: &SocketId, body: Bytes) -> Result<(), PostError> {
        let mut is_sent = false;
        let outcome = {
            // Pinned here, it is not moved again: it is large.
            let attempt = pin!(self.attempt(method, socket, body, &mut is_sent));
            tokio::time::timeout(self.attempt_timeout, attempt).await
        };
        match outcome {
            Ok(outcome) => outcome,
            Err(elapsed) if is_sent => Err(PostError::Ambiguous(Box::new(elapsed))),
            Err(elapsed) => Err(PostError::Unreached(Box::new(elapsed))),
        }
    }

    /// One attempt, which says when its request may have left.
    async fn attempt(
        &self,
        method: Method,
        socket: &SocketId,
        body: Bytes,
        is_sent: &mut bool,
    ) -> Result<(), PostError> {
        let path = self.endpoint.connection_path(socket);
        let request = self.signed(&method, &path, &body).await?;
        let answer = self.exchange(request, is_sent).await?;
        if self.learns_skew(&answer) {
            // A refused signature means that nothing was sent on.
            *is_sent = false;
            let request = self.signed(&method, &path, &body).await?;
            return sorted(&self.exchange(request, is_sent).await?);
        }
        sorted(&answer)
    }

    async fn signed(
        &self,
        method: &Method,
        path: &str,
        body: &Bytes,
    ) -> Result<Request<Full<Bytes>>, PostError> {
        let now = self.server_time();
        let unsigned = Unsigned { method: method.as_str(), path, body };
        let signed = self.identity.sign(unsigned, now).await;
        let signed = signed.map_err(PostError::Unreached)?;
        let request = self.request(method, path, body, signed);
        request.map_err(|err| PostError::Refused(Box::new(err)))
    }

    fn request(
        &self,
        method: &Method,
        path: &str,
        body: &Bytes,
        signed: Signed,
    ) -> http::Result<Request<Full<Bytes>>> {
        let mut request = Request::new(Full::new(body.clone()));
        *request.method_mut() = method.clone();
        *request.uri_mut() = Uri::try_from(path)?;
        let headers = request.headers_mut();
        headers.insert(header::HOST, self.host.clone());
        headers.insert(DATE, HeaderValue::try_from(signed.date)?);
        headers.insert(header::AUTHORIZATION, HeaderValue::try_from(signed.authorization)?);
        headers.extend(signed.security_token.map(|token| (SECURITY_TOKEN, token)));
        Ok(request)
    }

    /// Sends a request on a kept connection, or on a new one when the kept one ended meanwhile.
    async fn exchange(
        &self,
        mut request: Request<Full<Bytes>>,
        is_sent: &mut bool,
    ) -> Result<Response<()>, PostError> {
        loop {
            let connection = self.pool.take(&self.endpoint).await;
            let mut connection = connection.map_err(PostError::Unreached)?;
            *is_sent = true;
            match connection.sender.try_send_request(request).await {
                Ok(answer) => {
                    let answer = emptied(answer).await;
                    self.pool.give_back(connection);
                    return Ok(answer);
                }
                Err(mut err) => match err.take_message() {
                    Some(unsent) if connection.is_kept => request = unsent,
                    Some(_) => return Err(PostError::Unreached(Box::new(err.into_error()))),
                    None => return Err(PostError::Ambiguous(Box::new(err.into_error()))),
                },
            }
            *is_sent = false;
        }
    }

    fn server_time(&self) -> Timestamp {
        let millis = SystemClock.now().as_millis();
        Timestamp::from_millis(millis.saturating_add_signed(self.skew.load(Ordering::Relaxed)))
    }

    /// Whether a refusal is due to our clock, which is then corrected by the server's.
    fn learns_skew(&self, answer: &Response<()>) -> bool {
        if answer.status() != StatusCode::FORBIDDEN {
            return false;
        }
        let Some(theirs) = answer.headers().get(header::DATE).and_then(server_date) else {
            return false;
        };
        let ours = self.server_time();
        let is_apart = theirs.since(ours).max(ours.since(theirs)) > SKEW_MAX;
        if is_apart {
            let apart = i128::from(theirs.as_millis()) - i128::from(SystemClock.now().as_millis());
            self.skew.store(i64::try_from(apart).unwrap_or(0), Ordering::Relaxed);
        }
        is_apart
    }
}

impl ConnectionGateway for LeanGateway {
    async fn post(&self, socket: &SocketId, frame: Bytes) -> Result<(), PostError> {
        self.send(Method::POST, socket, frame).await
    }

    async fn is_connected(&self, socket: &SocketId) -> Result<bool, PostError> {
        match self.send(Method::GET, socket, Bytes::new()).await {
            Ok(()) => Ok(true),
            Err(PostError::Gone) => Ok(false),
            Err(err) => Err(err),
        }
    }

    async fn delete(&self, socket: &SocketId) -> Result<(), PostError> {
        match self.send(Method::DELETE, socket, Bytes::new()).await {
            Err(PostError::Gone) => Ok(()),
            outcome => outcome,
        }
    }
}

fn server_date(value: &HeaderValue) -> Option<Timestamp> {
    let date = OffsetDateTime::parse(value.to_str().ok()?, &Rfc2822).ok()?;
    u64::try_from(date.unix_timestamp()).ok().map(Timestamp::from_seconds)
}

/// Reads the body to its end, so that the connection can be used again.
async fn emptied(answer: Response<Incoming>) -> Response<()> {
    let (head, body) = answer.into_parts();
    // Once its status is read a post is decided, also when the connection ends right after.
    if let Err(err) = body.collect().await {
        tracing::debug!(error = %err, "the body of an answer was cut off");
    }
    Response::from_parts(head, ())
}

fn sorted(answer: &Response<()>) -> Result<(), PostError> {
    let status = answer.status();
    if status.is_success() { Ok(()) } else { Err(by_status(status.as_u16(), Status(status))) }
}
