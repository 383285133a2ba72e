//! Starts the `upstream` function.

// The futures of the AWS SDK nest deeper than the compiler follows by default.
#![recursion_limit = "256"]

use hubcast_wiring::bootstrap::{patience, sdk_config, start_logging, traced};
use hubcast_wiring::config::WebhookConfig;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use upstream::wiring::wire;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_logging()?;
    let config = WebhookConfig::from_env()?;
    let handler = &wire(&sdk_config(), config)?;
    run(service_fn(|event: LambdaEvent<_>| async move {
        let answer = upstream::handle(handler, event.payload, patience(&event.context));
        Ok::<_, Error>(traced(&event.context, answer).await)
    }))
    .await
}
