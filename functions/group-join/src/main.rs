//! Starts the `group-join` function.

// The futures of the AWS SDK nest deeper than the compiler follows by default.
#![recursion_limit = "256"]

use group_join::wiring::wire;
use hubcast_wiring::bootstrap::{patience, sdk_config, start_logging, traced};
use hubcast_wiring::config::FramesConfig;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_logging()?;
    let config = FramesConfig::from_env()?;
    let handler = &wire(&sdk_config(), config);
    run(service_fn(|event: LambdaEvent<_>| async move {
        // The future is large.
        let answer = Box::pin(group_join::handle(handler, event.payload, patience(&event.context)));
        Ok::<_, Error>(traced(&event.context, answer).await)
    }))
    .await
}
