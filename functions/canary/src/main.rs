//! Starts the `canary` function.

// The futures of the AWS SDK nest deeper than the compiler follows by default.
#![recursion_limit = "256"]

use canary::wiring::wire;
use hubcast_wiring::bootstrap::{sdk_config, start_logging};
use hubcast_wiring::config::CanaryConfig;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde::de::IgnoredAny;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_logging()?;
    let config = CanaryConfig::from_env()?;
    let canary = &wire(&sdk_config(), config);
    run(service_fn(|_: LambdaEvent<IgnoredAny>| async move {
        canary::handle(canary).await.map_err(Error::from)
    }))
    .await
}
