//! The canary: connects as a client and sends as a backend, on a schedule.
//!
//! Its steps are the essential rows of `hubcast probe`, from outside: through
//! the front door if there is one, with a client token of its own, and with a
//! message to its own connection by the REST API, the queue and the publisher.
//! An invocation fails when two tries in a row fail, and an alarm counts these
//! invocations. Only the canary's own connection hears the canary.

pub mod wiring;

use std::fmt;
use std::future::Future;
use std::time::Duration;

use hubcast_auth::backend::{MintRequest, call_token, client_token};
use hubcast_auth::client::CLIENT_TOKEN_LIFETIME;
use hubcast_client::{Connection, Door, negotiate};
use hubcast_model::id::{HubName, UserId};
use hubcast_model::ports::{AccessKeySource, Cause, Freshness};
use hubcast_model::report::chain;
use hubcast_model::time::{Clock, SystemClock};
use serde_json::json;
use signalr_protocol::message::HubMessage;
use tokio::time::{Instant, sleep, timeout};

/// The user as whom the canary connects, and the method that its message calls.
pub const NAME: &str = "hubcast-canary";
/// How long one step may take, cold starts included. Twice all steps fit the function's time-out.
const STEP_MAX: Duration = Duration::from_secs(10);
/// How long the canary waits before its second try.
const PAUSE: Duration = Duration::from_secs(5);
/// The version of the REST API that the canary calls.
const API_VERSION: &str = "2022-06-01";

/// The way of a client and of a backend, in steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Reads the access keys, and signs a client token.
    Token,
    /// Asks for a connection.
    Negotiate,
    /// Opens the socket, and shakes hands.
    Connect,
    /// Waits for the answer to a ping.
    Ping,
    /// Sends a message to its own connection, by the REST API.
    Send,
    /// Waits for this message.
    Queue,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token => "token",
            Self::Negotiate => "negotiate",
            Self::Connect => "connect",
            Self::Ping => "ping",
            Self::Send => "send",
            Self::Queue => "queue",
        })
    }
}

/// The step at which the canary is stuck.
#[derive(Debug, thiserror::Error)]
#[error("the canary is stuck at the step '{step}'")]
pub struct Stuck {
    /// The step.
    pub step: Step,
    /// What happened.
    #[source]
    pub source: Cause,
}

/// A canary of one deployment.
#[derive(Debug)]
pub struct Canary<K> {
    http: reqwest::Client,
    access_keys: K,
    /// The URL at which clients and backends reach the deployment, such as `https://host`.
    url: String,
    hub: HubName,
}

/// Goes the whole way, and once more after a failure: a single lost packet wakes nobody.
///
/// # Errors
/// Where the second try is stuck.
pub async fn handle<K: AccessKeySource>(canary: &Canary<K>) -> Result<(), Stuck> {
    let Err(first) = canary.fly().await else { return Ok(()) };
    tracing::warn!(step = %first.step, error = %chain(&first), "the canary tries once more");
    sleep(PAUSE).await;
    canary.fly().await.inspect_err(|second| {
        tracing::error!(step = %second.step, error = %chain(second), "the canary is stuck");
    })
}

impl<K: AccessKeySource> Canary<K> {
    /// A canary with these keys.
    pub const fn new(http: reqwest::Client, access_keys: K, url: String, hub: HubName) -> Self {
        Self { http, access_keys, url, hub }
    }

    /// Goes the whole way once.
    ///
    /// # Errors
    /// Where the canary is stuck.
    pub async fn fly(&self) -> Result<(), Stuck> {
        let start = Instant::now();
        let token = within(Step::Token, self.token()).await?;
        let url = Door::Client.url(&self.url, &self.hub);
        let ticket = within(Step::Negotiate, negotiate(&self.http, &url, &token)).await?;
        let mut connection = within(Step::Connect, Box::pin(Connection::open(&ticket))).await?;
        let connect_ms = start.elapsed().as_millis();
        let arrived = self.round_trip(&ticket.connection_id, &mut connection).await;
        connection.close().await;
        // Not within the line: where nobody logs, its fields are not worked out.
        let arrive_ms = arrived?.as_millis();
        tracing::info!(connect_ms, arrive_ms, "the canary was reached");
        Ok(())
    }

    /// How long a message takes to the canary's own connection.
    async fn round_trip(&self, id: &str, connection: &mut Connection) -> Result<Duration, Stuck> {
        within(Step::Ping, connection.hears()).await?;
        let sent = Instant::now();
        within(Step::Send, self.send(id)).await?;
        let is_own = |message: &HubMessage| matches!(message, HubMessage::Invocation(call) if call.target == NAME);
        within(Step::Queue, connection.until(is_own)).await?;
        Ok(sent.elapsed())
    }

    async fn token(&self) -> Result<String, Cause> {
        let keys = self.access_keys.access_keys(Freshness::Cached).await?;
        let user = UserId::parse(NAME)?;
        let (base, hub, lifetime) = (self.url.as_str(), &self.hub, CLIENT_TOKEN_LIFETIME);
        let request = MintRequest { base, hub, user: Some(&user), lifetime };
        Ok(client_token(&keys, &request, SystemClock.now())?)
    }

    async fn send(&self, id: &str) -> Result<(), Cause> {
        let keys = self.access_keys.access_keys(Freshness::Cached).await?;
        let Self { url, hub, .. } = self;
        let url = format!("{url}/api/hubs/{hub}/connections/{id}/:send");
        let token = call_token(&keys, &url, SystemClock.now())?;
        let post = self.http.post(format!("{url}?api-version={API_VERSION}")).bearer_auth(token);
        let answer = post.json(&json!({ "target": NAME, "arguments": [] })).send().await?;
        answer.error_for_status().map_err(reqwest::Error::without_url)?;
        Ok(())
    }
}

/// The outcome of a step that ends in time.
async fn within<T, E: Into<Cause>>(
    step: Step,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Stuck> {
    match timeout(STEP_MAX, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(err)) => Err(Stuck { step, source: err.into() }),
        Err(elapsed) => Err(Stuck { step, source: elapsed.into() }),
    }
}
