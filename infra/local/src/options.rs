//! What the local stack can be told. The flags are an interface: other programs use them.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use hubcast_core::frames::{AtLimit, ConnectionLimit};
use hubcast_core::session::Reuse;

/// Runs all of hubcast locally: no AWS account, no Docker.
#[derive(Debug, Clone, Parser)]
#[command(name = "hubcast-local", version)]
pub struct Options {
    /// The one port; 0 picks a free one and prints it.
    #[arg(long, env = "PORT", default_value_t = 8080)]
    pub port: u16,

    /// Listens on this address only, instead of on 127.0.0.1 and `::1`.
    #[arg(long, value_name = "ADDRESS")]
    pub bind: Option<std::net::IpAddr>,

    /// Keeps the table in this folder; without it everything is in memory.
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,

    /// Closes a socket after this long without a frame.
    #[arg(long, env = "IDLE_TIMEOUT_SECONDS", default_value_t = 600, value_name = "SECONDS")]
    pub idle_timeout_seconds: u64,

    /// Closes a socket after this long in any case; it is recycled before that.
    #[arg(long, env = "LIFETIME_SECONDS", default_value_t = 7200, value_name = "SECONDS")]
    pub lifetime_seconds: u64,

    /// Lets a record separator after a frame's JSON still select routes by its target.
    #[arg(long)]
    pub lenient_route_selection: bool,

    /// The groups that clients may join by themselves: patterns with `*` and `{claim}`.
    #[arg(long, env = "CLIENT_JOINABLE_GROUPS", default_value = "", value_name = "PATTERNS")]
    pub client_joinable_groups: String,

    /// Demands `"everyone": true` of an envelope that goes to a whole hub.
    #[arg(long)]
    pub explicit_broadcast: bool,

    /// Ends sessions when the app token that opened them expires.
    #[arg(long, env = "CLOSE_ON_TOKEN_EXPIRY")]
    pub close_on_token_expiry: bool,

    /// The access keys, one or two; the first signs. Without them the Azure emulator's is.
    #[arg(long, env = "ACCESS_KEYS", value_name = "KEYS", hide_env_values = true)]
    pub access_keys: Option<String>,

    /// How long a client token stays good after the last connection that it opened has ended.
    #[arg(long, env = "RECONNECT_GRACE_SECONDS", default_value_t = 600, value_name = "SECONDS")]
    pub reconnect_grace_seconds: u64,

    /// How often a client token of `/hubs/{hub}/negotiate` opens a connection.
    #[arg(long, env = "CLIENT_TOKEN_REUSE", value_enum, default_value = "session")]
    pub client_token_reuse: TokenReuse,

    /// The most connections of a user on a hub; 0 for any number.
    #[arg(long, env = "MAX_CONNECTIONS_PER_USER", default_value_t = 0, value_name = "NUMBER")]
    pub max_connections_per_user: usize,

    /// What happens at the most connections: the oldest is ended, or the new one refused.
    #[arg(long, env = "AT_CONNECTION_LIMIT", value_enum, default_value = "evict")]
    pub at_connection_limit: ConnectionLimitRule,

    /// What is logged, to standard error.
    #[arg(long, env = "RUST_LOG", default_value = "warn", value_name = "FILTER")]
    pub log: String,
}

/// How often a client token opens a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TokenReuse {
    /// As often as its session needs.
    Session,
    /// Once.
    Once,
}

/// What happens at the most connections of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ConnectionLimitRule {
    /// The oldest is ended.
    Evict,
    /// The new one is refused.
    Refuse,
}

impl Options {
    /// Everything as by default, on a free port.
    pub fn on_free_port() -> Self {
        Self { port: 0, ..Self::parse_from(["hubcast-local"]) }
    }

    pub(crate) fn idle(&self) -> Duration {
        Duration::from_secs(self.idle_timeout_seconds)
    }

    pub(crate) fn reconnect_grace(&self) -> Duration {
        Duration::from_secs(self.reconnect_grace_seconds)
    }

    pub(crate) fn reuse(&self) -> Reuse {
        match self.client_token_reuse {
            TokenReuse::Session => Reuse::Session,
            TokenReuse::Once => Reuse::Once,
        }
    }

    pub(crate) fn connection_limit(&self) -> Option<ConnectionLimit> {
        let most = self.max_connections_per_user;
        let at_limit = match self.at_connection_limit {
            ConnectionLimitRule::Evict => AtLimit::Evict,
            ConnectionLimitRule::Refuse => AtLimit::Refuse,
        };
        (most > 0).then_some(ConnectionLimit { most, at_limit })
    }

    pub(crate) fn lifetime(&self) -> Duration {
        Duration::from_secs(self.lifetime_seconds)
    }
}
