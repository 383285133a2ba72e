//! Wires the `disconnect` function.

// The futures of the AWS SDK nest deeper than the compiler follows by default.
#![recursion_limit = "256"]

use std::sync::Arc;

use hubcast_aws::store::DynamoStore;
use hubcast_aws::upstream::SqsUpstream;
use hubcast_membership::presence::Presence;
use hubcast_model::time::SystemClock;
use hubcast_wiring::bootstrap::{sdk_config, start_logging};
use hubcast_wiring::config::DisconnectConfig;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_logging();
    let config = DisconnectConfig::from_env()?;
    let sdk = sdk_config().await;
    let store = Arc::new(DynamoStore::new(&sdk, config.table));
    let upstream = config.upstream.map(|urls| Arc::new(SqsUpstream::new(&sdk, urls)));
    let presence = &Presence::new(store, upstream, Arc::new(SystemClock));
    run(service_fn(|event: LambdaEvent<_>| async move {
        disconnect::handle(presence, event.payload).await.map_err(Error::from)
    }))
    .await
}
