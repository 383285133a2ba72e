//! Starts the `negotiate` function.

// The futures of the AWS SDK nest deeper than the compiler follows by default.
#![recursion_limit = "256"]

use hubcast_wiring::bootstrap::{sdk_config, start_logging};
use hubcast_wiring::config::NegotiateConfig;
use hubcast_wiring::remote::environment;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use negotiate::wiring::wire;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_logging()?;
    let sdk = sdk_config();
    let config = NegotiateConfig::read(environment(&sdk).await?)?;
    let handler = &wire(&sdk, config)?;
    run(service_fn(|event: LambdaEvent<_>| async move {
        Ok::<_, Error>(negotiate::handle(handler, event.payload).await)
    }))
    .await
}
