//! What the command is told.

use clap::Parser;
use url::Url;

/// Opens sockets to a deployment and tells, assumption by assumption, what it does.
#[derive(Debug, Clone, Parser)]
#[command(name = "hubcast-probe")]
pub struct Options {
    /// The public URL (`https://live.example.com`), or the WebSocket API's own with its stage
    /// (`wss://a1b2c3.execute-api.eu-central-1.amazonaws.com/prod`).
    pub url: Url,
    /// The hub to connect to.
    #[arg(long, default_value = "notifications")]
    pub hub: String,
    /// A token that may connect, good for the minutes that this takes. A local stack hands one out.
    #[arg(long, env = "HUBCAST_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// The notifications queue. With it, and credentials that may send to it, latency is measured
    /// from the queue on.
    #[arg(long)]
    pub queue_url: Option<String>,
    /// The management API (`https://a1b2c3.execute-api.eu-central-1.amazonaws.com/prod`). With it,
    /// and credentials that may post, posts are tried.
    #[arg(long)]
    pub management_url: Option<String>,
    /// How often latencies are measured.
    #[arg(long, default_value_t = 20)]
    pub rounds: usize,
    /// How many sockets ping at once to make functions start cold.
    #[arg(long, default_value_t = 10)]
    pub burst: usize,
    /// For how many milliseconds silence is listened to before it counts as silence.
    #[arg(long, default_value_t = 3000)]
    pub patience_ms: u64,
    /// Sends so many frames at once to see what arrives on a throttle. The account's quota is
    /// everybody's: clients of all APIs in the region may be dropped.
    #[arg(long)]
    pub flood: Option<usize>,
    /// Waits up to so many seconds on an idle socket to see how it ends.
    #[arg(long)]
    pub idle_seconds: Option<u64>,
}
