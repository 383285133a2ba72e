//! Wires the `rest` function.

// The futures of the AWS SDK nest deeper than the compiler follows by default.
#![recursion_limit = "256"]

use hubcast_auth::jwks::HttpKeys;
use hubcast_auth::rest::RestGate;
use hubcast_aws::access_keys::KeyVault;
use hubcast_aws::sender::SqsSender;
use hubcast_aws::store::DynamoStore;
use hubcast_backend::Backend;
use hubcast_membership::shards::Shards;
use hubcast_model::time::SystemClock;
use hubcast_wiring::bootstrap::{patience, sdk_config, start_logging};
use hubcast_wiring::config::RestConfig;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use rest::Rest;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_logging();
    let config = RestConfig::from_env()?;
    let sdk = sdk_config().await;
    let keys = KeyVault::new(&sdk, config.access_keys);
    let store = DynamoStore::new(&sdk, config.table);
    let queue = SqsSender::new(&sdk, config.notifications);
    let public_url = config.public_url.clone();
    let rest = &Rest {
        front_door: config.front_door,
        gate: RestGate::new(config.issuers, HttpKeys::default(), keys, public_url)?,
        backend: Backend::new(store, queue, SystemClock, Shards::new(config.shards)),
        clock: SystemClock,
        hubs: config.hubs,
        public_url: config.public_url,
        invoke_timeout: config.invoke_timeout,
    };
    run(service_fn(|event: LambdaEvent<_>| async move {
        Ok::<_, Error>(rest::handle(rest, event.payload, patience(&event.context)).await)
    }))
    .await
}
