//! Wires the `authorizer` function.

use authorizer::Door;
use hubcast_auth::Gatekeeper;
use hubcast_auth::jwks::HttpKeys;
use hubcast_aws::bootstrap::start_logging;
use hubcast_aws::config::AuthorizerConfig;
use hubcast_core::time::SystemClock;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_logging();
    let config = AuthorizerConfig::from_env()?;
    let gatekeeper = Gatekeeper::new(config.tokens, HttpKeys::new()?)?;
    let (hubs, groups) = (config.hubs, config.groups);
    let door = &Door { gatekeeper, hubs, groups, clock: SystemClock };
    run(service_fn(|event: LambdaEvent<_>| async move {
        authorizer::handle(door, event.payload).await.map_err(Error::from)
    }))
    .await
}
