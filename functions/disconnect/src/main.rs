//! Starts the `disconnect` function.

// The futures of the AWS SDK nest deeper than the compiler follows by default.
#![recursion_limit = "256"]

use disconnect::wiring::wire;
use hubcast_wiring::bootstrap::{sdk_config, start_logging, traced};
use hubcast_wiring::config::DisconnectConfig;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_logging()?;
    let config = DisconnectConfig::from_env()?;
    let handler = &wire(&sdk_config(), config);
    run(service_fn(|event: LambdaEvent<_>| async move {
        // The future is large.
        let answer = Box::pin(disconnect::handle(handler, event.payload));
        traced(&event.context, answer).await.map_err(Error::from)
    }))
    .await
}
