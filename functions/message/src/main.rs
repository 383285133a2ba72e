//! Wires the `message` function.

// The futures of the AWS SDK nest deeper than the compiler follows by default.
#![recursion_limit = "256"]

use hubcast_aws::gateway::{ATTEMPT_TIMEOUT, ManagementGateway};
use hubcast_aws::store::DynamoStore;
use hubcast_connection::frames::{FramePorts, Frames};
use hubcast_membership::shards::Shards;
use hubcast_model::time::SystemClock;
use hubcast_wiring::bootstrap::{patience, sdk_config, start_logging};
use hubcast_wiring::config::FramesConfig;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_logging();
    let config = FramesConfig::from_env()?;
    let sdk = sdk_config().await;
    let store = DynamoStore::new(&sdk, config.table);
    let gateway = ManagementGateway::new(&sdk, &config.management_endpoint, ATTEMPT_TIMEOUT);
    let shards = Shards::new(config.shards);
    let upstream = config.upstream.map(|upstream| upstream.start(&sdk));
    let ports = FramePorts::new(store, gateway, SystemClock).with_upstream(upstream);
    let frames = &Frames::new(ports, &config.frames, shards);
    run(service_fn(|event: LambdaEvent<_>| async move {
        Ok::<_, Error>(message::handle(frames, event.payload, patience(&event.context)).await)
    }))
    .await
}
