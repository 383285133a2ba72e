//! The functions' own handlers, in process, over the real adapters.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use authorizer::Door;
use hubcast_auth::Gatekeeper;
use hubcast_auth::jwks::HttpKeys;
use hubcast_aws::gateway::{ATTEMPT_TIMEOUT, ManagementGateway};
use hubcast_aws::queue::SqsQueue;
use hubcast_aws::store::DynamoStore;
use hubcast_core::connect::ConnectSettings;
use hubcast_core::envelope::EnvelopeRules;
use hubcast_core::fanout::{FanoutSettings, Publisher};
use hubcast_core::frames::{FrameSettings, Frames};
use hubcast_core::groups::GroupPolicy;
use hubcast_core::id::HubName;
use hubcast_core::settings::{AccessKeys, Hubs, IssuerSettings, Origins, PublicUrl, TokenSettings};
use hubcast_core::shards::Shards;
use hubcast_core::time::SystemClock;
use negotiate::Negotiation;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::backend::{DLQ, NOTIFICATIONS, TABLE, queue_url, sdk_config};
use crate::gateway::{Function, Functions, InvokeError, STAGE};
use crate::options::Options;
use crate::poller::Consumer;

/// The access key of the Azure SignalR emulator, so that its connection string works here too.
const EMULATOR_KEY: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH";
const DEFAULT_HUB: &str = "notifications";
/// The function's timeout of 10 s less the half second that it keeps back.
const PATIENCE: Duration = Duration::from_millis(9_500);
const CLOSE_GRACE: Duration = Duration::from_secs(1);

/// Where the adapters find their endpoints.
#[derive(Debug)]
pub(crate) struct Endpoints {
    /// DynamoDB.
    pub(crate) dynamodb: String,
    /// Everything else.
    pub(crate) base: String,
}

type LocalGatekeeper = Gatekeeper<HttpKeys, AccessKeys>;
type LocalNegotiation = Negotiation<HttpKeys, AccessKeys, DynamoStore, SystemClock>;

/// All functions but the publisher.
#[derive(Debug, Clone)]
pub(crate) struct LocalFunctions(Arc<Handlers>);

#[derive(Debug)]
struct Handlers {
    door: Door<HttpKeys, AccessKeys, DynamoStore, SystemClock>,
    store: DynamoStore,
    connect: ConnectSettings,
    frames: Frames<DynamoStore, ManagementGateway, SystemClock>,
    negotiation: LocalNegotiation,
}

impl LocalFunctions {
    /// The functions over these endpoints.
    pub(crate) fn new(
        options: &Options,
        endpoints: &Endpoints,
        issuer: &IssuerSettings,
    ) -> anyhow::Result<Self> {
        let store = DynamoStore::new(&sdk_config(&endpoints.dynamodb), TABLE);
        let frames = FrameSettings {
            lifetime: options.lifetime(),
            frames_per_second: 30,
            groups_max: 100,
            connections: options.connection_limit(),
            close_grace: CLOSE_GRACE,
        };
        let shards = Shards::new(hubcast_core::channel::ShardCounts::default());
        let gateway = management(endpoints);
        Ok(Self(Arc::new(Handlers {
            door: Door {
                gatekeeper: gatekeeper(options, issuer)?,
                store: store.clone(),
                hubs: Hubs::Any,
                groups: GroupPolicy::parse(&options.client_joinable_groups)?,
                clock: SystemClock,
            },
            connect: ConnectSettings {
                hubs: Hubs::Any,
                origins: Origins::Localhost,
                reconnect_grace: options.reconnect_grace(),
            },
            frames: Frames::new(store.clone(), gateway, SystemClock, frames, shards),
            negotiation: negotiation(options, issuer, store.clone())?,
            store,
        })))
    }
}

fn management(endpoints: &Endpoints) -> ManagementGateway {
    let endpoint = format!("{}/{STAGE}", endpoints.base);
    ManagementGateway::new(&sdk_config(&endpoints.base), &endpoint, ATTEMPT_TIMEOUT)
}

fn gatekeeper(options: &Options, issuer: &IssuerSettings) -> anyhow::Result<LocalGatekeeper> {
    let keys = HttpKeys::new().map_err(anyhow::Error::from_boxed)?;
    Ok(Gatekeeper::new(tokens(options, issuer), keys, access_keys(options)?)?)
}

fn tokens(options: &Options, issuer: &IssuerSettings) -> TokenSettings {
    TokenSettings {
        issuers: vec![issuer.clone()],
        public_url: public_url(),
        close_on_token_expiry: options.close_on_token_expiry,
        reuse: options.reuse(),
    }
}

fn access_keys(options: &Options) -> anyhow::Result<AccessKeys> {
    let keys = options.access_keys.as_deref().unwrap_or(EMULATOR_KEY);
    AccessKeys::parse(keys).context("--access-keys")
}

fn public_url() -> PublicUrl {
    PublicUrl::FollowHost { hosts: ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned).into() }
}

fn negotiation(
    options: &Options,
    issuer: &IssuerSettings,
    store: DynamoStore,
) -> anyhow::Result<LocalNegotiation> {
    Ok(Negotiation {
        gatekeeper: gatekeeper(options, issuer)?,
        store,
        clock: SystemClock,
        hubs: Hubs::Any,
        origins: Origins::Localhost,
        allowed_headers: Vec::new(),
        public_url: public_url(),
        close_on_token_expiry: options.close_on_token_expiry,
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
            Function::Connect => {
                let settings = &self.connect;
                write(&connect::handle(&self.store, &SystemClock, settings, read(event)?).await)
            }
            Function::Disconnect => {
                let answer = disconnect::handle(&self.store, &SystemClock, read(event)?).await;
                answer.map_err(|err| InvokeError(err.to_string())).and_then(|answer| write(&answer))
            }
            Function::Message => {
                write(&message::handle(&self.frames, read(event)?, PATIENCE).await)
            }
            Function::GroupJoin => {
                write(&group_join::handle(&self.frames, read(event)?, PATIENCE).await)
            }
            Function::Negotiate => write(&negotiate::handle(&self.negotiation, read(event)?).await),
        }
    }
}

fn read<T: DeserializeOwned>(event: Value) -> Result<T, InvokeError> {
    serde_json::from_value(event).map_err(|err| InvokeError(err.to_string()))
}

fn write(answer: &impl Serialize) -> Result<Value, InvokeError> {
    serde_json::to_value(answer).map_err(|err| InvokeError(err.to_string()))
}

/// The publisher, as the queue's consumer.
#[derive(Debug, Clone)]
pub(crate) struct LocalPublisher(
    Arc<Publisher<DynamoStore, ManagementGateway, SqsQueue, SystemClock>>,
);

impl LocalPublisher {
    /// The publisher over these endpoints.
    pub(crate) fn new(options: &Options, endpoints: &Endpoints) -> anyhow::Result<Self> {
        let base = &endpoints.base;
        let sdk = sdk_config(base);
        let queue = SqsQueue::new(&sdk, queue_url(base, NOTIFICATIONS), queue_url(base, DLQ));
        let store = DynamoStore::new(&sdk_config(&endpoints.dynamodb), TABLE);
        let rules = EnvelopeRules {
            default_hub: HubName::parse(DEFAULT_HUB).context("the default hub")?,
            implicit_broadcast: !options.explicit_broadcast,
        };
        let settings = FanoutSettings {
            rules,
            hubs: Hubs::Any,
            concurrency: 128,
            retry_budget: Duration::from_secs(3),
            close_grace: CLOSE_GRACE,
        };
        let shards = Shards::new(hubcast_core::channel::ShardCounts::default());
        let ports = (store, management(endpoints), queue, SystemClock);
        Ok(Self(Arc::new(Publisher::new(ports, settings, shards))))
    }
}

impl Consumer for LocalPublisher {
    async fn consume(&self, event: Value) -> Result<Value, InvokeError> {
        let (publisher, event) = (Arc::clone(&self.0), read(event)?);
        let invocation = tokio::spawn(async move { publisher::handle(&publisher, event).await });
        let answer = invocation.await.map_err(|panic| InvokeError(panic.to_string()))?;
        write(&answer)
    }
}
