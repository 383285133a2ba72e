//! Endpoints over HTTP.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use hubcast_model::ports::{Cause, Webhook, WebhookAnswer, WebhookRequest};
use tokio::time::timeout;

/// The most that is read of an answer: a record that a socket takes, and what JSON adds to it.
const ANSWER_MAX_BYTES: usize = 256 * 1024;

/// A client of endpoints, which keeps its connections.
#[derive(Debug, Clone)]
pub struct HttpWebhook(reqwest::Client);

impl HttpWebhook {
    /// A client. It follows no redirects: whoever else they lead to is not to see the signatures.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new() -> Result<Self, Cause> {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        Ok(Self(client.build()?))
    }

    /// Its errors go to the log, and URLs may hold keys.
    async fn attempt(&self, request: WebhookRequest) -> Result<WebhookAnswer, Cause> {
        let headers = headers(&request.headers)?;
        let post = self.0.post(&request.url).headers(headers).body(request.body);
        let mut answer = post.send().await.map_err(reqwest::Error::without_url)?;
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER_MAX_BYTES {
                break;
            }
        }
        Ok(WebhookAnswer { status, body })
    }
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
    ) -> Result<WebhookAnswer, Cause> {
        timeout(patience, self.attempt(request)).await?
    }
}
