//! The functions' own handlers, in process, over the real adapters.
//!
//! They are configured as in a deployment, by variables, so that every default
//! is the deployed one. Only two settings have no variable: hosts are followed
//! here, and the lifetime of sockets can be shortened.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use authorizer::Door;
use aws_config::SdkConfig;
use hubcast_auth::Gatekeeper;
use hubcast_auth::jwks::HttpKeys;
use hubcast_auth::rest::RestGate;
use hubcast_aws::access_keys::{AccessKeySettings, KeyVault};
use hubcast_aws::gateway::{ATTEMPT_TIMEOUT, ManagementGateway};
use hubcast_aws::sender::SqsSender;
use hubcast_aws::store::DynamoStore;
use hubcast_aws::upstream::{SqsUpstream, UpstreamUrls};
use hubcast_backend::Backend;
use hubcast_connection::connect::Reception;
use hubcast_connection::frames::{FramePorts, Frames};
use hubcast_membership::presence::Presence;
use hubcast_membership::shards::Shards;
use hubcast_model::settings::{PublicUrl, TokenSettings};
use hubcast_model::time::SystemClock;
use hubcast_wiring::config::{
    AuthorizerConfig, ConnectConfig, DisconnectConfig, FramesConfig, NegotiateConfig, RestConfig,
};
use negotiate::Negotiation;
use rest::Rest;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::gateway::{Function, Functions, InvokeError, STAGE};
use crate::options::Options;
use crate::sqs::{DELIVERIES, DLQ, NOTIFICATIONS, TIMERS, UPSTREAM, queue_url};

/// The channel table.
pub(crate) const TABLE: &str = "hubcast";
/// The access key of the Azure SignalR emulator, so that its connection string works here too.
const EMULATOR_KEY: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH";
/// The hosts that client tokens may name as their audience.
const TOKEN_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];
/// What a function keeps back of its timeout, so that it can still answer.
pub(crate) const RESERVE: Duration = Duration::from_millis(500);
/// How long a frame may take: the timeout of the functions that answer them is 10 s.
const PATIENCE: Duration = Duration::from_secs(10).saturating_sub(RESERVE);
/// The same of `rest`, which may wait for a client.
const REST_PATIENCE: Duration = Duration::from_secs(28).saturating_sub(RESERVE);

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
    /// The variables that a deployment would set.
    pub(crate) fn variables(&self) -> BTreeMap<String, String> {
        let (base, options) = (self.base, self.options);
        let own = [
            ("TABLE_NAME", TABLE.to_owned()),
            ("NOTIFICATIONS_QUEUE_URL", queue_url(base, NOTIFICATIONS)),
            ("DELIVERIES_QUEUE_URL", queue_url(base, DELIVERIES)),
            // One process does the work of all instances.
            ("FANOUT_INSTANCES", "1".to_owned()),
            ("DLQ_URL", queue_url(base, DLQ)),
            ("MANAGEMENT_ENDPOINT", format!("{base}/{STAGE}")),
            ("PUBLIC_URL", base.to_owned()),
            ("ALLOWED_ORIGINS", "localhost".to_owned()),
            ("HUBS", "*".to_owned()),
            ("ACCESS_KEYS", EMULATOR_KEY.to_owned()),
            ("TOKEN_ISSUERS", self.issuers.clone()),
            ("REST_ISSUERS", self.rest_issuers.clone()),
            ("CLIENT_JOINABLE_GROUPS", options.client_joinable_groups.clone()),
            ("IMPLICIT_BROADCAST", (!options.explicit_broadcast).to_string()),
            ("CLOSE_ON_TOKEN_EXPIRY", options.close_on_token_expiry.to_string()),
        ];
        let upstream = [
            ("UPSTREAM_QUEUE_URL", queue_url(base, UPSTREAM)),
            ("TIMERS_QUEUE_URL", queue_url(base, TIMERS)),
        ];
        let upstream = upstream.into_iter().filter(|_| options.has_upstream());
        let own = own.into_iter().chain(upstream).map(|(name, value)| (name.to_owned(), value));
        let url = options.upstream_url.iter().map(|url| ("UPSTREAM_URL".to_owned(), url.clone()));
        own.chain(url).chain(options.set.iter().cloned()).collect()
    }

    pub(crate) fn store(&self, table: String) -> DynamoStore {
        DynamoStore::new(self.sdk, table)
    }

    pub(crate) fn management(&self, endpoint: &str) -> ManagementGateway {
        ManagementGateway::new(self.sdk, endpoint, ATTEMPT_TIMEOUT)
    }
}

fn following_host() -> PublicUrl {
    PublicUrl::FollowHost { hosts: TOKEN_HOSTS.map(str::to_owned).into() }
}

type LocalGatekeeper = Gatekeeper<HttpKeys, KeyVault>;
type LocalDoor = Door<HttpKeys, KeyVault, DynamoStore, SystemClock>;
type LocalReception = Reception<DynamoStore, SystemClock>;
type LocalPresence = Presence<DynamoStore, SqsUpstream, SystemClock>;
type LocalFrames = Frames<DynamoStore, ManagementGateway, SystemClock, SqsUpstream>;
type LocalRest = Rest<HttpKeys, KeyVault, DynamoStore, SqsSender, SystemClock>;
type LocalNegotiation = Negotiation<HttpKeys, KeyVault, DynamoStore, SystemClock>;

fn gatekeeper(
    runtime: &Runtime<'_>,
    tokens: TokenSettings,
    access_keys: AccessKeySettings,
) -> anyhow::Result<LocalGatekeeper> {
    let keys = HttpKeys::default();
    let vault = KeyVault::new(runtime.sdk, access_keys);
    let tokens = TokenSettings { public_url: following_host(), ..tokens };
    Ok(Gatekeeper::new(tokens, keys, vault)?)
}

/// All functions but those that consume queues.
#[derive(Debug, Clone)]
pub(crate) struct LocalFunctions(Arc<Handlers>);

#[derive(Debug)]
struct Handlers {
    door: LocalDoor,
    reception: LocalReception,
    presence: LocalPresence,
    frames: LocalFrames,
    negotiation: LocalNegotiation,
    rest: LocalRest,
}

impl LocalFunctions {
    /// The functions on this runtime.
    pub(crate) fn new(runtime: &Runtime<'_>) -> anyhow::Result<Self> {
        let variables = runtime.variables();
        let lookup = |name: &str| variables.get(name).cloned();
        Ok(Self(Arc::new(Handlers {
            door: door(runtime, AuthorizerConfig::read(lookup)?)?,
            reception: reception(runtime, ConnectConfig::read(lookup)?),
            presence: presence(runtime, DisconnectConfig::read(lookup)?),
            frames: frames(runtime, FramesConfig::read(lookup)?),
            negotiation: negotiation(runtime, NegotiateConfig::read(lookup)?)?,
            rest: rest(runtime, RestConfig::read(lookup)?)?,
        })))
    }
}

/// The queues that lead to backends, if they hear of clients.
pub(crate) fn way_up(runtime: &Runtime<'_>, urls: Option<UpstreamUrls>) -> Option<SqsUpstream> {
    urls.map(|urls| SqsUpstream::new(runtime.sdk, urls))
}

fn door(runtime: &Runtime<'_>, config: AuthorizerConfig) -> anyhow::Result<LocalDoor> {
    Ok(Door {
        gatekeeper: gatekeeper(runtime, config.tokens, config.access_keys)?,
        store: runtime.store(config.table),
        front_door: config.front_door,
        hubs: config.hubs,
        groups: config.groups,
        told_claims: config.told_claims,
        clock: SystemClock,
    })
}

fn reception(runtime: &Runtime<'_>, config: ConnectConfig) -> LocalReception {
    Reception::new(runtime.store(config.table), SystemClock, config.connect)
}

fn presence(runtime: &Runtime<'_>, config: DisconnectConfig) -> LocalPresence {
    let store = Arc::new(runtime.store(config.table));
    let upstream = way_up(runtime, config.upstream).map(Arc::new);
    Presence::new(store, upstream, Arc::new(SystemClock))
}

fn frames(runtime: &Runtime<'_>, mut config: FramesConfig) -> LocalFrames {
    config.frames.lifetime = runtime.options.lifetime();
    let store = runtime.store(config.table);
    let gateway = runtime.management(&config.management_endpoint);
    let upstream = config.upstream.map(|upstream| upstream.start(runtime.sdk));
    let shards = Shards::new(config.shards);
    let ports = FramePorts::new(store, gateway, SystemClock).with_upstream(upstream);
    Frames::new(ports, &config.frames, shards)
}

fn negotiation(runtime: &Runtime<'_>, config: NegotiateConfig) -> anyhow::Result<LocalNegotiation> {
    Ok(Negotiation {
        store: runtime.store(config.table),
        clock: SystemClock,
        front_door: config.front_door,
        hubs: config.hubs,
        origins: config.origins,
        allowed_headers: config.allowed_headers,
        public_url: following_host(),
        groups: config.groups,
        told_claims: config.told_claims,
        close_on_token_expiry: config.tokens.close_on_token_expiry,
        gatekeeper: gatekeeper(runtime, config.tokens, config.access_keys)?,
    })
}

fn rest(runtime: &Runtime<'_>, config: RestConfig) -> anyhow::Result<LocalRest> {
    let sdk = runtime.sdk;
    let vault = KeyVault::new(sdk, config.access_keys);
    let queue = SqsSender::new(sdk, config.notifications);
    let (store, shards) = (runtime.store(config.table), Shards::new(config.shards));
    Ok(Rest {
        front_door: config.front_door,
        gate: RestGate::new(config.issuers, HttpKeys::default(), vault, following_host())?,
        backend: Backend::new(store, queue, SystemClock, shards),
        clock: SystemClock,
        hubs: config.hubs,
        public_url: following_host(),
        invoke_timeout: config.invoke_timeout,
    })
}

impl Functions for LocalFunctions {
    /// Runs the handler as a task of its own, so that a panic is a failed invocation and no more.
    async fn invoke(&self, function: Function, event: Value) -> Result<Value, InvokeError> {
        let handlers = Arc::clone(&self.0);
        let invocation = tokio::spawn(async move { handlers.handle(function, event).await });
        invocation.await.unwrap_or_else(|panic| Err(InvokeError(panic.to_string())))
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
                let answer = disconnect::handle(&self.presence, read(event)?).await;
                answer.map_err(|err| InvokeError(err.to_string())).and_then(|answer| write(&answer))
            }
            Function::Message => {
                write(&message::handle(&self.frames, read(event)?, PATIENCE).await)
            }
            Function::GroupJoin => {
                write(&group_join::handle(&self.frames, read(event)?, PATIENCE).await)
            }
            Function::Rest => write(&rest::handle(&self.rest, read(event)?, REST_PATIENCE).await),
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
