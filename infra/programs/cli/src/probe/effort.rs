//! How much a probe does, and how long a probe waits.

use std::time::Duration;

use clap::Args;

/// How much a probe does, and how long a probe waits.
#[derive(Debug, Clone, Args)]
pub(super) struct Effort {
    /// Measures each latency so many times.
    #[arg(long, value_name = "N", default_value_t = 20,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) rounds: u32,

    /// Pings on so many sockets at once, so that functions start cold.
    #[arg(long, value_name = "SOCKETS", default_value_t = 10)]
    pub(super) burst: usize,

    /// Takes so many milliseconds without a frame for silence.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 3000)]
    patience_ms: u64,

    /// Sends so many frames at once, to see what arrives on a throttle. All APIs of the region
    /// share the account's quota: API Gateway may drop their clients.
    #[arg(long, value_name = "FRAMES")]
    pub(super) flood: Option<usize>,

    /// Posts so many times to one socket that reads nothing, to see when a post is throttled.
    #[arg(long, value_name = "POSTS")]
    pub(super) posts: Option<usize>,

    /// Compares what the functions run with and the parameters of the stack that --prefix names.
    #[arg(long)]
    pub(super) stack: bool,

    /// Waits up to so many seconds for lines of the functions' log, to see how the end of a socket is
    /// told. CloudWatch may take a minute.
    #[arg(long, value_name = "SECONDS")]
    pub(super) log_seconds: Option<u64>,

    /// Waits up to so many seconds on an idle socket, to see how the socket ends.
    #[arg(long, value_name = "SECONDS")]
    pub(super) idle_seconds: Option<u64>,
}

impl Effort {
    /// How long no frame comes before the probe calls that silence.
    pub(super) const fn patience(&self) -> Duration {
        Duration::from_millis(self.patience_ms)
    }
}
