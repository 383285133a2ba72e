//! Starts the `authorizer` function.

// The futures of the AWS SDK nest deeper than the compiler follows by default.
#![recursion_limit = "256"]

use authorizer::wiring::wire;
use hubcast_wiring::bootstrap::{sdk_config, start_logging};
use hubcast_wiring::config::AuthorizerConfig;
use hubcast_wiring::remote::environment;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_logging()?;
    let sdk = sdk_config();
    let config = AuthorizerConfig::read(environment(&sdk).await?)?;
    let handler = &wire(&sdk, config)?;
    run(service_fn(|event: LambdaEvent<_>| async move {
        authorizer::handle(handler, event.payload).await.map_err(Error::from)
    }))
    .await
}
