//! Emulation of API Gateway: a WebSocket API, an HTTP API and `@connections`.
//!
//! The gateway invokes functions with JSON events of the exact AWS shape, and
//! functions answer JSON, as on Lambda. Each rule says what it emulates, and its
//! source. The limits are those of
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>.

mod end_news;
mod event;
mod http_api;
mod management;
mod registry;
mod route;
mod socket;
mod upgrade;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

pub use end_news::EndNews;
pub use http_api::http_request;
pub use management::{connection_id, management_request};
pub use upgrade::{has_sockets, is_upgrade, upgrade};

use registry::Registry;

/// The stage of the API, and the path of the raw WebSocket URL.
pub const STAGE: &str = "local";
/// The longest URL, in bytes.
const URL_MAX_BYTES: usize = 4096;
/// The longest that an integration may take.
const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(29);
/// How long the sockets may take to end.
const CLOSING: Duration = Duration::from_secs(3);

/// The functions behind the routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// The `$connect` authorizer.
    Authorizer,
    /// `$connect`
    Connect,
    /// `$disconnect`
    Disconnect,
    /// `$default`
    Message,
    /// `JoinGroup` and `LeaveGroup`
    GroupJoin,
    /// The HTTP API, where clients negotiate.
    Negotiate,
    /// The HTTP API, where backends call.
    Rest,
}

/// A function that failed, with the `errorMessage` that Lambda reports.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvokeError(pub String);

/// Invokes functions as Lambda does.
pub trait Functions: Send + Sync + 'static {
    /// Invokes a function with an event and answers its result.
    fn invoke(
        &self,
        function: Function,
        event: Value,
    ) -> impl Future<Output = Result<Value, InvokeError>> + Send;
}

/// The limits of sockets, which tests shorten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The gateway closes a socket after this long without a frame in either direction.
    pub idle: Duration,
    /// The gateway closes every socket after this long.
    pub lifetime: Duration,
    /// Whether a record separator after a JSON body still lets its `target` select a route.
    /// AWS does not document this.
    pub lenient_route_selection: bool,
    /// When `$disconnect` tells of the end of a socket.
    pub end_news: EndNews,
}

/// The emulated gateway.
#[derive(Debug)]
pub struct Gateway<F> {
    /// The functions behind the routes.
    functions: F,
    limits: Limits,
    /// The open sockets.
    registry: Registry,
    /// How many sockets are open, or have not invoked `$disconnect` yet.
    running: watch::Sender<usize>,
    /// Whether the gateway closes all sockets, and tells of their ends at once.
    is_closing: watch::Sender<bool>,
}

impl<F: Functions> Gateway<F> {
    /// A gateway in front of these functions.
    pub fn new(functions: F, limits: Limits) -> Arc<Self> {
        let running = watch::Sender::new(0);
        let (registry, is_closing) = (Registry::default(), watch::Sender::new(false));
        Arc::new(Self { functions, limits, registry, running, is_closing })
    }

    /// How many sockets are open.
    pub fn connection_count(&self) -> usize {
        self.registry.len()
    }

    /// Closes every socket as a server closes sockets before its end, and waits until each socket
    /// invoked `$disconnect`.
    pub async fn close_all(&self) {
        self.is_closing.send_replace(true);
        self.registry.close_all();
        let mut running = self.running.subscribe();
        let ended = running.wait_for(|running| *running == 0);
        if tokio::time::timeout(CLOSING, ended).await.is_err() {
            tracing::warn!("some sockets take long to end");
        }
        self.is_closing.send_replace(false);
    }

    async fn invoke(&self, function: Function, event: Value) -> Result<Value, InvokeError> {
        let invocation = self.functions.invoke(function, event);
        match tokio::time::timeout(INTEGRATION_TIMEOUT, invocation).await {
            Ok(result) => result,
            Err(_elapsed) => Err(InvokeError("Endpoint request timed out".to_owned())),
        }
    }
}
