//! Starts the `authorizer` function.

// The futures of the AWS SDK nest deeper than the compiler follows by default.
#![recursion_limit = "256"]

use authorizer::wiring::wire;
use hubcast_wiring::bootstrap::{sdk_config, start_logging};
use hubcast_wiring::config::AuthorizerConfig;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_logging()?;
    let config = AuthorizerConfig::from_env()?;
    let handler = &wire(&sdk_config().await, config)?;
    run(service_fn(|event: LambdaEvent<_>| async move {
        authorizer::handle(handler, event.payload).await.map_err(Error::from)
    }))
    .await
}
