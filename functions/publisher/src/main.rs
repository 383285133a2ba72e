//! Starts the `publisher` function.

// The futures of the AWS SDK nest deeper than the compiler follows by default.
#![recursion_limit = "256"]

use hubcast_wiring::bootstrap::{patience, sdk_config, start_logging, start_metrics};
use hubcast_wiring::config::PublisherConfig;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use publisher::wiring::wire;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_logging()?;
    let metrics = start_metrics()?;
    let config = PublisherConfig::from_env()?;
    let handler = &wire(&sdk_config().await, config)?;
    run(service_fn(|event: LambdaEvent<_>| async move {
        let answer = publisher::handle(handler, event.payload, patience(&event.context)).await;
        metrics.flush();
        Ok::<_, Error>(answer)
    }))
    .await
}
