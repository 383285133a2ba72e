//! What a function does once, at its cold start.

use std::time::Duration;

use aws_config::SdkConfig;
use hubcast_core::time::{Clock, SystemClock, Timestamp};
use lambda_runtime::Context;
use tracing_subscriber::EnvFilter;

/// Starts logging: JSON lines on standard output, where Lambda collects them.
///
/// `RUST_LOG` sets the level; `info` when it is absent or wrong.
pub fn start_logging() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt().json().with_env_filter(filter);
    // Lambda stamps every line itself.
    lines.without_time().with_current_span(false).init();
}

/// The SDK's configuration from the environment, by the SDK's own rules.
pub async fn sdk_config() -> SdkConfig {
    aws_config::load_from_env().await
}

/// How long before its deadline a function stops waiting, so that it can still answer.
const RESERVE: Duration = Duration::from_millis(500);

/// How long an invocation may work on its answer.
pub fn patience(context: &Context) -> Duration {
    let left = Timestamp::from_millis(context.deadline).since(SystemClock.now());
    left.saturating_sub(RESERVE)
}
