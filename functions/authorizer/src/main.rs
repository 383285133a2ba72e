//! Wires the `authorizer` function.

// The futures of the AWS SDK nest deeper than the compiler follows by default.
#![recursion_limit = "256"]

use authorizer::Door;
use hubcast_auth::Gatekeeper;
use hubcast_auth::jwks::HttpKeys;
use hubcast_aws::access_keys::KeyVault;
use hubcast_aws::store::DynamoStore;
use hubcast_model::time::SystemClock;
use hubcast_wiring::bootstrap::{sdk_config, start_logging};
use hubcast_wiring::config::AuthorizerConfig;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_logging();
    let config = AuthorizerConfig::from_env()?;
    let sdk = sdk_config().await;
    let keys = KeyVault::new(&sdk, config.access_keys);
    let gatekeeper = Gatekeeper::new(config.tokens, HttpKeys::default(), keys)?;
    let (hubs, groups, told_claims) = (config.hubs, config.groups, config.told_claims);
    let front_door = config.front_door;
    let store = DynamoStore::new(&sdk, config.table);
    let door =
        &Door { gatekeeper, store, front_door, hubs, groups, told_claims, clock: SystemClock };
    run(service_fn(|event: LambdaEvent<_>| async move {
        authorizer::handle(door, event.payload).await.map_err(Error::from)
    }))
    .await
}
