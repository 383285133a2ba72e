//! Starts the `message` function.

// The futures of the AWS SDK nest deeper than the compiler follows by default.
#![recursion_limit = "256"]

use hubcast_wiring::bootstrap::{SparseMetrics, patience, sdk_config, start_logging, traced};
use hubcast_wiring::config::FramesConfig;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use message::wiring::wire;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_logging()?;
    let metrics = &SparseMetrics::start()?;
    let config = FramesConfig::from_env()?;
    let handler = &wire(&sdk_config(), config);
    run(service_fn(|event: LambdaEvent<_>| async move {
        // The future is large.
        let answer = Box::pin(message::handle(handler, event.payload, patience(&event.context)));
        let answer = traced(&event.context, answer).await;
        metrics.flush();
        Ok::<_, Error>(answer)
    }))
    .await
}
