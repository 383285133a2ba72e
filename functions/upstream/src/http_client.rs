//! Endpoints over HTTP.

use std::error::Error;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use hubcast_model::ports::{Cause, Webhook, WebhookAnswer, WebhookError, WebhookRequest};
use reqwest::{Certificate, Client, Response};
use tokio::time::timeout;

/// The most that is read of an answer: a record that a socket takes, and what JSON adds to it.
const ANSWER_MAX_BYTES: usize = 256 * 1024;
/// How long it may take to make a connection. An instance that is gone without a word is not
/// waited for, since another one may be there.
const CONNECT_MAX: Duration = Duration::from_secs(3);
/// How often a connection is tried at once: of several instances behind one address some may be
/// down.
const CONNECTS_MAX: u32 = 4;
/// How rustls begins what it says of a certificate that it does not trust.
const UNTRUSTED: &str = "invalid peer certificate";

/// The certificate of an endpoint is from an authority that nobody knows here.
#[derive(Debug, thiserror::Error)]
#[error(
    "its certificate is not trusted: let a public authority sign the certificate (hubcast-local trusts one more root by --root-certificate)"
)]
struct Untrusted(#[source] Cause);

/// The text of a root holds no certificate.
#[derive(Debug, thiserror::Error)]
#[error("it holds no certificate as PEM")]
struct NoCertificate;

/// The certificates of a text; at least one.
fn certificates(pem: &[u8]) -> Result<Vec<Certificate>, Cause> {
    let certificates = Certificate::from_pem_bundle(pem)?;
    if certificates.is_empty() { Err(Box::new(NoCertificate)) } else { Ok(certificates) }
}

/// A client of endpoints, which keeps its connections.
#[derive(Debug, Clone)]
pub struct HttpWebhook(Client);

impl HttpWebhook {
    /// A client, which trusts one more `root` certificate if given, as PEM. The client follows no
    /// redirects: whoever else they lead to is not to see the signatures.
    ///
    /// # Errors
    /// When TLS cannot be set up, or the root is no certificate.
    pub fn new(root: Option<&[u8]>) -> Result<Self, Cause> {
        let mut client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_MAX);
        for certificate in root.map(certificates).transpose()?.unwrap_or_default() {
            client = client.add_root_certificate(certificate);
        }
        Ok(Self(client.build()?))
    }

    /// Sends a request, by a new connection if none could be made.
    async fn attempt(&self, request: &WebhookRequest) -> Result<WebhookAnswer, WebhookError> {
        let headers = headers(&request.headers).map_err(WebhookError::Broken)?;
        let mut tries = 1;
        loop {
            let post = self.0.post(&request.url).headers(headers.clone());
            match post.body(request.body.clone()).send().await {
                Ok(answer) => return read(answer).await,
                Err(err) if !err.is_connect() => return Err(WebhookError::Broken(told(err))),
                Err(err) if tries >= CONNECTS_MAX => {
                    return Err(WebhookError::Unreachable(told(err)));
                }
                Err(_) => tries += 1,
            }
        }
    }
}

async fn read(mut answer: Response) -> Result<WebhookAnswer, WebhookError> {
    let status = answer.status().as_u16();
    let location = answer.headers().get(header::LOCATION).map(HeaderValue::as_bytes).map(place);
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|err| WebhookError::Broken(told(err)))? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_MAX_BYTES {
            break;
        }
    }
    Ok(WebhookAnswer { status, location, body })
}

/// A place as logs may hold it: without what may be a key.
fn place(location: &[u8]) -> String {
    let text = String::from_utf8_lossy(location);
    text.split(['?', '#']).next().unwrap_or_default().to_owned()
}

/// An error as the log may hold it: URLs may hold keys.
fn told(err: reqwest::Error) -> Cause {
    let err = err.without_url();
    let mut cause: Option<&(dyn Error + 'static)> = Some(&err);
    while let Some(one) = cause {
        if one.to_string().contains(UNTRUSTED) {
            return Untrusted(err.into()).into();
        }
        cause = one.source();
    }
    err.into()
}

/// Values are UTF-8, as everyone reads them who reads more than ASCII.
fn headers(entries: &[(&'static str, String)]) -> Result<HeaderMap, Cause> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in entries {
        let name = HeaderName::from_bytes(name.as_bytes())?;
        headers.insert(name, HeaderValue::from_bytes(value.as_bytes())?);
    }
    Ok(headers)
}

impl Webhook for HttpWebhook {
    async fn post(
        &self,
        request: WebhookRequest,
        patience: Duration,
    ) -> Result<WebhookAnswer, WebhookError> {
        let answer = timeout(patience, self.attempt(&request)).await;
        answer.unwrap_or(Err(WebhookError::TimedOut(patience)))
    }
}
