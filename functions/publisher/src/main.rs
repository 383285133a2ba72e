//! Wires the `publisher` function.

// The futures of the AWS SDK nest deeper than the compiler follows by default.
#![recursion_limit = "256"]

use hubcast_aws::gateway::ATTEMPT_TIMEOUT;
use hubcast_aws::lean::LeanGateway;
use hubcast_aws::queue::SqsQueue;
use hubcast_aws::store::DynamoStore;
use hubcast_aws::upstream::SqsUpstream;
use hubcast_delivery::{Ports, Publisher};
use hubcast_membership::shards::Shards;
use hubcast_model::time::SystemClock;
use hubcast_wiring::bootstrap::{patience, sdk_config, start_logging, start_metrics};
use hubcast_wiring::config::PublisherConfig;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_logging();
    let metrics = start_metrics()?;
    let config = PublisherConfig::from_env()?;
    let sdk = sdk_config().await;
    let store = DynamoStore::new(&sdk, config.table);
    let (endpoint, connections_max) = (&config.management_endpoint, config.fanout.concurrency);
    let gateway = LeanGateway::new(&sdk, endpoint, connections_max, ATTEMPT_TIMEOUT)?;
    let upstream = config.upstream.map(|urls| SqsUpstream::new(&sdk, urls));
    let queue = SqsQueue::new(&sdk, config.queues);
    let ports = Ports { store, gateway, queue, upstream, clock: SystemClock };
    let publisher = &Publisher::new(ports, config.fanout, Shards::new(config.shards));
    run(service_fn(|event: LambdaEvent<_>| async move {
        let answer = publisher::handle(publisher, event.payload, patience(&event.context)).await;
        metrics.flush();
        Ok::<_, Error>(answer)
    }))
    .await
}
