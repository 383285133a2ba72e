//! Wires the `disconnect` function.

// The futures of the AWS SDK nest deeper than the compiler follows by default.
#![recursion_limit = "256"]

use hubcast_aws::store::DynamoStore;
use hubcast_aws::upstream::SqsUpstream;
use hubcast_model::time::SystemClock;
use hubcast_wiring::bootstrap::{sdk_config, start_logging};
use hubcast_wiring::config::DisconnectConfig;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_logging();
    let config = DisconnectConfig::from_env()?;
    let sdk = sdk_config().await;
    let store = &DynamoStore::new(&sdk, config.table);
    let upstream = &config.upstream.map(|urls| SqsUpstream::new(&sdk, urls));
    run(service_fn(|event: LambdaEvent<_>| async move {
        let upstream = upstream.as_ref();
        disconnect::handle(store, upstream, &SystemClock, event.payload).await.map_err(Error::from)
    }))
    .await
}
