//! The environment: read here and nowhere else.
//!
//! Every function has a struct of its own with just what it needs. All faults
//! of all variables are reported together, so that one deployment shows them all.

mod canary;
mod disconnect;
mod keys;
mod lines;
mod logging;
mod names;
mod negotiate;
mod producers;
mod reader;
mod rest;
mod upstream;
mod variables;

use std::time::Duration;

use hubcast_connection::connect::ConnectSettings;
use hubcast_connection::frames::FrameSettings;
use hubcast_delivery::FanoutSettings;
use hubcast_model::channel::ShardCounts;
use hubcast_model::client::ClaimPolicy;
use hubcast_model::envelope::EnvelopeRules;
use hubcast_model::front_door::FrontDoor;
use hubcast_model::groups::GroupPolicy;
use hubcast_model::settings::{CONNECTION_LIFETIME, Hubs, TokenSettings};
use hubcast_model::work::Allowance;

pub use canary::CanaryConfig;
pub use disconnect::DisconnectConfig;
use hubcast_aws::access_keys::AccessKeySettings;
use hubcast_aws::queue::QueueUrls;
use hubcast_aws::upstream::UpstreamUrls;
pub use keys::KeysConfig;
pub use lines::{LinesConfig, StatefulReconnect};
pub use logging::LogConfig;
pub use names::names;
pub use negotiate::NegotiateConfig;
pub use reader::ConfigError;
use reader::Reader;
pub(crate) use reader::process_environment;
pub use rest::RestConfig;
pub use upstream::{UpstreamConfig, WebhookConfig};

/// How long a socket is left to read its Close before it is cut.
const CLOSE_GRACE: Duration = Duration::from_secs(1);
/// The most groups of one connection that its client may join.
const GROUPS_MAX: usize = 100;

/// What the authorizer needs.
#[derive(Debug)]
pub struct AuthorizerConfig {
    /// `TABLE_NAME`
    pub table: String,
    /// `FRONT_DOOR_SECRET`
    pub front_door: FrontDoor,
    /// `HUBS`
    pub hubs: Hubs,
    /// `TOKEN_ISSUERS`, `PUBLIC_URL`, `CLOSE_ON_TOKEN_EXPIRY`, `CLIENT_TOKEN_REUSE`,
    /// `CLIENT_TOKENS_ONLY`
    pub tokens: TokenSettings,
    /// `ACCESS_KEY_PARAMETER` or `ACCESS_KEYS`
    pub access_keys: AccessKeySettings,
    /// `CLIENT_JOINABLE_GROUPS`
    pub groups: GroupPolicy,
    /// `UPSTREAM_CLAIMS`, when there is an `UPSTREAM_QUEUE_URL`
    pub told_claims: ClaimPolicy,
}

/// What `$connect` needs.
#[derive(Debug)]
pub struct ConnectConfig {
    /// `TABLE_NAME`
    pub table: String,
    /// `HUBS`, `ALLOWED_ORIGINS`, `PUBLIC_URL`, `RECONNECT_GRACE_SECONDS`, `UPSTREAM_QUEUE_URL`
    pub connect: ConnectSettings,
    /// `STATEFUL_*`, `MANAGEMENT_ENDPOINT`, `TIMERS_QUEUE_URL`
    pub lines: LinesConfig,
}

/// What the frames of clients need: `$default`, `JoinGroup` and `LeaveGroup`.
#[derive(Debug)]
pub struct FramesConfig {
    /// `TABLE_NAME`
    pub table: String,
    /// `MANAGEMENT_ENDPOINT`
    pub management_endpoint: String,
    /// `MANAGEMENT_ENDPOINT`, `STATEFUL_*`, `TIMERS_QUEUE_URL`
    pub lines: LinesConfig,
    /// `MAX_CONNECTIONS_PER_USER`, `AT_CONNECTION_LIMIT`, `OWN_METHODS` (of the `HUBS` that there
    /// are), `ORDER_WAIT_MS`, and the limits of frames.
    pub frames: FrameSettings,
    /// `GROUP_SHARDS`, `HUB_SHARDS`
    pub shards: ShardCounts,
    /// `UPSTREAM_QUEUE_URL`, `TIMERS_QUEUE_URL`, `UPSTREAM_TIMEOUT_SECONDS`
    pub upstream: Option<UpstreamConfig>,
}

/// What the publisher needs.
#[derive(Debug)]
pub struct PublisherConfig {
    /// `TABLE_NAME`
    pub table: String,
    /// `MANAGEMENT_ENDPOINT`
    pub management_endpoint: String,
    /// `MANAGEMENT_ENDPOINT`, `STATEFUL_*`, `TIMERS_QUEUE_URL`
    pub lines: LinesConfig,
    /// `NOTIFICATIONS_QUEUE_URL`, `DELIVERIES_QUEUE_URL`, `DLQ_URL`, `TIMERS_QUEUE_URL`,
    /// `INGRESS_QUEUE_URL`
    pub queues: QueueUrls,
    /// `DEFAULT_HUB`, `HUBS`, `IMPLICIT_BROADCAST`, `FANOUT_*`, `MAX_AGE`, `PRODUCERS`, `OWN_SENDERS`
    pub fanout: FanoutSettings,
    /// `GROUP_SHARDS`, `HUB_SHARDS`
    pub shards: ShardCounts,
    /// `UPSTREAM_QUEUE_URL`, `TIMERS_QUEUE_URL`
    pub upstream: Option<UpstreamUrls>,
    /// `AUDIT_LOG`: the log group of the audit
    pub audit_log: Option<String>,
}

macro_rules! from_env {
    ($($config:ident),*) => {$(
        impl $config {
            /// Reads the process environment.
            ///
            /// # Errors
            /// Names every variable that is missing or wrong, and what it should be.
            pub fn from_env() -> Result<Self, ConfigError> {
                Self::read(reader::process_environment)
            }

            /// Reads variables from `lookup`, which answers `None` for an absent one.
            ///
            /// # Errors
            /// Names every variable that is missing or wrong, and what it should be.
            pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
                let mut reader = Reader::new(&lookup);
                let config = Self::from_reader(&mut reader);
                reader.finish(config)
            }
        }
    )*};
}

from_env!(
    AuthorizerConfig,
    CanaryConfig,
    ConnectConfig,
    DisconnectConfig,
    FramesConfig,
    KeysConfig,
    LogConfig,
    NegotiateConfig,
    PublisherConfig,
    RestConfig,
    WebhookConfig
);

impl AuthorizerConfig {
    fn from_reader(reader: &mut Reader<'_>) -> Option<Self> {
        let (table, hubs, tokens) = (reader.table(), reader.hubs(), reader.tokens());
        let (access_keys, groups) = (reader.access_keys(), reader.group_policy());
        let front_door = reader.front_door();
        let (table, front_door, hubs, tokens) = (table?, front_door?, hubs?, tokens?);
        let (access_keys, groups, told_claims) = (access_keys?, groups?, reader.told_claims());
        Some(Self { table, front_door, hubs, tokens, access_keys, groups, told_claims })
    }
}

impl ConnectConfig {
    fn from_reader(reader: &mut Reader<'_>) -> Option<Self> {
        let (table, hubs, origins) = (reader.table(), reader.hubs(), reader.origins());
        let (public_url, grace) = (reader.public_url(), reader.reconnect_grace());
        let lines = reader.lines();
        let connect = ConnectSettings {
            hubs: hubs?,
            origins: origins?,
            public_url: public_url?,
            reconnect_grace: grace?,
            has_upstream: reader.has_upstream(),
        };
        Some(Self { table: table?, connect, lines: lines? })
    }
}

impl FramesConfig {
    fn from_reader(reader: &mut Reader<'_>) -> Option<Self> {
        let (table, endpoint) = (reader.table(), reader.management_endpoint());
        let lines = reader.lines();
        let (shards, connections) = (reader.shards(), reader.connection_limit());
        let own_methods = reader.known_hub_list("OWN_METHODS");
        let order_wait = reader.number("ORDER_WAIT_MS", 0..=1000, 0);
        let frames = FrameSettings {
            lifetime: CONNECTION_LIFETIME,
            allowance: Allowance::OF_A_CLIENT,
            groups_max: GROUPS_MAX,
            connections: connections.map(|limit| (limit.most > 0).then_some(limit))?,
            close_grace: CLOSE_GRACE,
            own_methods: own_methods?,
            order_wait: Duration::from_millis(u64::from(order_wait?)),
        };
        let upstream = reader.upstream()?;
        let (table, management_endpoint, lines) = (table?, endpoint?, lines?);
        Some(Self { table, management_endpoint, lines, frames, shards: shards?, upstream })
    }
}

impl PublisherConfig {
    fn from_reader(reader: &mut Reader<'_>) -> Option<Self> {
        let (table, endpoint) = (reader.table(), reader.management_endpoint());
        let lines = reader.lines();
        let (fanout, shards) = (fanout(reader), reader.shards());
        let (queues, upstream) = (queues(reader), reader.upstream_urls());
        let (queues, upstream) = (queues?, upstream?);
        let lines = lines?;
        let timers = upstream.as_ref().map(|urls| &urls.timers).or(lines.timers.as_ref()).cloned();
        Some(Self {
            table: table?,
            management_endpoint: endpoint?,
            lines,
            queues: QueueUrls { timers, ..queues },
            fanout: fanout?,
            shards: shards?,
            upstream,
            audit_log: reader.optional("AUDIT_LOG"),
        })
    }
}

fn queues(reader: &mut Reader<'_>) -> Option<QueueUrls> {
    let (notifications, deliveries) =
        (reader.url("NOTIFICATIONS_QUEUE_URL"), reader.url("DELIVERIES_QUEUE_URL"));
    let (dead_letters, ingress) = (reader.url("DLQ_URL"), reader.url_or_none("INGRESS_QUEUE_URL"));
    Some(QueueUrls {
        notifications: notifications?,
        deliveries: deliveries?,
        dead_letters: dead_letters?,
        timers: None,
        ingress: ingress?,
    })
}

fn fanout(reader: &mut Reader<'_>) -> Option<FanoutSettings> {
    let default_hub = reader.default_hub();
    let hubs = reader.hubs_or_any();
    let implicit_broadcast = reader.implicit_broadcast();
    let concurrency = reader.number("FANOUT_CONCURRENCY", 1..=900, 128);
    let retry_ms = reader.number("FANOUT_RETRY_MS", 0..=60_000, 3000);
    let direct_max = reader.number("FANOUT_DIRECT_MAX", 1..=10_000, 1000);
    let account_rate = reader.number("FANOUT_MAX_RATE", 1..=1_000_000, 5000);
    let line_rate = reader.number("FANOUT_LINE_RATE", 1..=1_000_000, 1000);
    let instances = reader.number("FANOUT_INSTANCES", 1..=1000, 10);
    let age_max = reader.number("MAX_AGE", 1..=1_209_600, 3600);
    let producers = reader.producers();
    Some(FanoutSettings {
        rules: EnvelopeRules { default_hub: default_hub?, implicit_broadcast: implicit_broadcast? },
        producers: producers?,
        hubs: hubs?,
        concurrency: usize::try_from(concurrency?).ok()?,
        // An even share of the account's rate, and of the table's.
        rate_max: account_rate?.div_ceil(instances?),
        line_rate_max: line_rate?.div_ceil(instances?),
        retry_budget: Duration::from_millis(u64::from(retry_ms?)),
        close_grace: CLOSE_GRACE,
        direct_max: usize::try_from(direct_max?).ok()?,
        age_max: Duration::from_secs(u64::from(age_max?)),
    })
}

#[cfg(test)]
mod tests;
