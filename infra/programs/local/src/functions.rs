//! The functions' own handlers, in process, over the real adapters.
//!
//! They are configured as in a deployment, by variables, so that every default
//! is the deployed one. Only two settings have no variable: hosts are followed
//! here, and the lifetime of sockets can be shortened.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use authorizer::wiring::WiredDoor;
use aws_config::SdkConfig;
use connect::wiring::WiredReception;
use disconnect::wiring::WiredExits;
use hubcast_model::settings::PublicUrl;
use hubcast_wiring::config::{
    AuthorizerConfig, ConnectConfig, DisconnectConfig, FramesConfig, NegotiateConfig, RestConfig,
};
use message::wiring::WiredFrames;
use negotiate::wiring::WiredNegotiation;
use rest::wiring::WiredRest;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::Instrument;

use crate::gateway::{Function, Functions, InvokeError, STAGE};
use crate::log::invocation;
use crate::options::Options;
use crate::sqs::{
    DELIVERIES, DLQ, INGRESS, NOTIFICATIONS, TIMERS, UPSTREAM, UPSTREAM_DLQ, queue_url,
};

/// The channel table.
pub(crate) const TABLE: &str = "hubcast";
/// The access key of the Azure SignalR emulator, so that its connection string works here too.
const EMULATOR_KEY: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH";
/// The key of the digests by which the log names users.
const LOG_AUDIENCE_KEY: &str = "the local stack";
/// What the names of the functions' log groups begin with.
const LOG_GROUPS: &str = "/aws/lambda/hubcast-";
/// The variable that says where clients reach the stack.
const PUBLIC_URL: &str = "PUBLIC_URL";
/// What a function keeps back of its timeout, so that it can still answer.
pub(crate) const RESERVE: Duration = Duration::from_millis(500);
/// How long a frame or a call may take. On AWS frames have 10 s, and each function has a machine
/// of its own; here all share one, so frames may take as long as calls.
const PATIENCE: Duration = Duration::from_secs(28).saturating_sub(RESERVE);

/// What the functions run on.
#[derive(Debug)]
pub(crate) struct Runtime<'a> {
    /// What the stack was told.
    pub(crate) options: &'a Options,
    /// How the functions reach AWS.
    pub(crate) sdk: &'a SdkConfig,
    /// Where the stack is, such as `http://127.0.0.1:8080`.
    pub(crate) base: &'a str,
    /// `TOKEN_ISSUERS`
    pub(crate) issuers: String,
    /// `REST_ISSUERS`
    pub(crate) rest_issuers: String,
}

impl Runtime<'_> {
    /// URLs follow the host of a request here, unless somebody named another URL.
    fn local_url(&self, read: &PublicUrl) -> PublicUrl {
        let is_named = self.options.set.iter().any(|(name, _)| name == PUBLIC_URL);
        PublicUrl::Local { url: is_named.then(|| read.base(None)) }
    }

    /// The variables that a deployment would set.
    pub(crate) fn variables(&self) -> BTreeMap<String, String> {
        let (base, options) = (self.base, self.options);
        let own = [
            ("TABLE_NAME", TABLE.to_owned()),
            ("NOTIFICATIONS_QUEUE_URL", queue_url(base, NOTIFICATIONS)),
            ("DELIVERIES_QUEUE_URL", queue_url(base, DELIVERIES)),
            ("INGRESS_QUEUE_URL", queue_url(base, INGRESS)),
            // One process does the work of all instances, and of API Gateway too: with the posts of a
            // deployment under way, each would wait for the others until its time is over.
            ("FANOUT_INSTANCES", "1".to_owned()),
            ("FANOUT_CONCURRENCY", "16".to_owned()),
            ("DLQ_URL", queue_url(base, DLQ)),
            ("TIMERS_QUEUE_URL", queue_url(base, TIMERS)),
            ("MANAGEMENT_ENDPOINT", format!("{base}/{STAGE}")),
            (PUBLIC_URL, base.to_owned()),
            ("ALLOWED_ORIGINS", "localhost".to_owned()),
            ("HUBS", options.hubs.clone()),
            ("ACCESS_KEYS", EMULATOR_KEY.to_owned()),
            ("LOG_AUDIENCE_KEY", LOG_AUDIENCE_KEY.to_owned()),
            ("LOG_GROUPS", LOG_GROUPS.to_owned()),
            ("TOKEN_ISSUERS", self.issuers.clone()),
            ("REST_ISSUERS", self.rest_issuers.clone()),
            ("CLIENT_JOINABLE_GROUPS", options.client_joinable_groups.clone()),
            ("STATEFUL_RECONNECT", options.stateful_reconnect.clone()),
            ("IMPLICIT_BROADCAST", (!options.explicit_broadcast).to_string()),
            ("CLOSE_ON_TOKEN_EXPIRY", options.close_on_token_expiry.to_string()),
        ];
        let upstream = [
            ("UPSTREAM_QUEUE_URL", queue_url(base, UPSTREAM)),
            ("UPSTREAM_DLQ_URL", queue_url(base, UPSTREAM_DLQ)),
        ];
        let upstream = upstream.into_iter().filter(|_| options.has_upstream());
        let own = own.into_iter().chain(upstream).map(|(name, value)| (name.to_owned(), value));
        let url = options.upstream_url.iter().map(|url| ("UPSTREAM_URL".to_owned(), url.clone()));
        own.chain(url).chain(options.set.iter().cloned()).collect()
    }
}

/// All functions but those that consume queues. As on AWS, an invocation that runs ends as it
/// began when the functions are deployed anew.
#[derive(Debug, Clone)]
pub(crate) struct LocalFunctions(Arc<RwLock<Arc<Handlers>>>);

/// The handlers, as each function wires its own.
#[derive(Debug)]
struct Handlers {
    door: WiredDoor,
    reception: WiredReception,
    exits: WiredExits,
    frames: WiredFrames,
    negotiation: WiredNegotiation,
    rest: WiredRest,
}

impl LocalFunctions {
    /// The functions on this runtime.
    ///
    /// # Errors
    /// When a variable is wrong.
    pub(crate) fn new(runtime: &Runtime<'_>) -> anyhow::Result<Self> {
        Ok(Self(Arc::new(RwLock::new(Arc::new(Handlers::new(runtime)?)))))
    }

    /// Has later invocations run on this runtime, as a deployment with other parameters does:
    /// sockets stay open.
    ///
    /// # Errors
    /// When a variable is wrong; then the functions stay as they were.
    pub(crate) fn deploy(&self, runtime: &Runtime<'_>) -> anyhow::Result<()> {
        let handlers = Arc::new(Handlers::new(runtime)?);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = handlers;
        Ok(())
    }
}

impl Handlers {
    fn new(runtime: &Runtime<'_>) -> anyhow::Result<Self> {
        let (sdk, variables) = (runtime.sdk, runtime.variables());
        let lookup = |name: &str| variables.get(name).cloned();
        let local = |read: &PublicUrl| runtime.local_url(read);
        let mut door = AuthorizerConfig::read(lookup)?;
        door.tokens.public_url = local(&door.tokens.public_url);
        let mut reception = ConnectConfig::read(lookup)?;
        reception.connect.public_url = local(&reception.connect.public_url);
        let mut frames = FramesConfig::read(lookup)?;
        frames.frames.lifetime = runtime.options.lifetime();
        let mut negotiation = NegotiateConfig::read(lookup)?;
        negotiation.tokens.public_url = local(&negotiation.tokens.public_url);
        let mut rest = RestConfig::read(lookup)?;
        rest.public_url = local(&rest.public_url);
        Ok(Self {
            door: authorizer::wiring::wire(sdk, door)?,
            reception: connect::wiring::wire(sdk, reception),
            exits: disconnect::wiring::wire(sdk, DisconnectConfig::read(lookup)?),
            frames: message::wiring::wire(sdk, frames),
            negotiation: negotiate::wiring::wire(sdk, negotiation)?,
            rest: rest::wiring::wire(sdk, rest)?,
        })
    }
}

impl Functions for LocalFunctions {
    /// Runs the handler as a task of its own, so that a panic is a failed invocation and no more.
    async fn invoke(&self, function: Function, event: Value) -> Result<Value, InvokeError> {
        let handlers = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        let span = invocation(name_of(function));
        let work = async move { handlers.handle(function, event).await };
        let invocation = tokio::spawn(work.instrument(span));
        invocation.await.unwrap_or_else(|panic| Err(InvokeError(panic.to_string())))
    }
}

/// The name of a function's folder.
const fn name_of(function: Function) -> &'static str {
    match function {
        Function::Authorizer => "authorizer",
        Function::Connect => "connect",
        Function::Disconnect => "disconnect",
        Function::Message => "message",
        Function::GroupJoin => "group-join",
        Function::Negotiate => "negotiate",
        Function::Rest => "rest",
    }
}

impl Handlers {
    async fn handle(&self, function: Function, event: Value) -> Result<Value, InvokeError> {
        match function {
            Function::Authorizer => {
                let answer = authorizer::handle(&self.door, read(event)?).await;
                answer.map_err(|err| InvokeError(err.to_string())).and_then(|answer| write(&answer))
            }
            Function::Connect => write(&connect::handle(&self.reception, read(event)?).await),
            Function::Disconnect => {
                let answer = disconnect::handle(&self.exits, read(event)?).await;
                answer.map_err(|err| InvokeError(err.to_string())).and_then(|answer| write(&answer))
            }
            Function::Message => {
                write(&message::handle(&self.frames, read(event)?, PATIENCE).await)
            }
            Function::GroupJoin => {
                write(&group_join::handle(&self.frames, read(event)?, PATIENCE).await)
            }
            Function::Rest => write(&rest::handle(&self.rest, read(event)?, PATIENCE).await),
            Function::Negotiate => write(&negotiate::handle(&self.negotiation, read(event)?).await),
        }
    }
}

pub(crate) fn read<T: DeserializeOwned>(event: Value) -> Result<T, InvokeError> {
    serde_json::from_value(event).map_err(|err| InvokeError(err.to_string()))
}

pub(crate) fn write(answer: &impl Serialize) -> Result<Value, InvokeError> {
    serde_json::to_value(answer).map_err(|err| InvokeError(err.to_string()))
}
