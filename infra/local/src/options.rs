//! What the local stack can be told. The flags are an interface: other programs use them.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

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

    /// What is logged, to standard error.
    #[arg(long, env = "RUST_LOG", default_value = "warn", value_name = "FILTER")]
    pub log: String,
}

impl Options {
    /// Everything as by default, on a free port.
    pub fn on_free_port() -> Self {
        Self { port: 0, ..Self::parse_from(["hubcast-local"]) }
    }

    pub(crate) fn idle(&self) -> Duration {
        Duration::from_secs(self.idle_timeout_seconds)
    }

    pub(crate) fn lifetime(&self) -> Duration {
        Duration::from_secs(self.lifetime_seconds)
    }
}
