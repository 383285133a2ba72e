//! The function over its adapters.

use hubcast_aws::gateway::ATTEMPT_TIMEOUT;
use hubcast_aws::lean::LeanGateway;
use hubcast_aws::queue::SqsQueue;
use hubcast_aws::store::DynamoStore;
use hubcast_aws::upstream::SqsUpstream;
use hubcast_delivery::{Ports, Publisher};
use hubcast_membership::shards::Shards;
use hubcast_model::ports::Cause;
use hubcast_model::time::SystemClock;
use hubcast_wiring::bootstrap::SdkConfig;
use hubcast_wiring::config::PublisherConfig;

/// The publisher over the channel table, the management API and the queues.
pub type WiredPublisher = Publisher<DynamoStore, LeanGateway, SqsQueue, SystemClock, SqsUpstream>;

/// Makes the handler.
///
/// # Errors
/// When the management endpoint is no URL.
pub fn wire(sdk: &SdkConfig, config: PublisherConfig) -> Result<WiredPublisher, Cause> {
    let (endpoint, connections_max) = (&config.management_endpoint, config.fanout.concurrency);
    let ports = Ports {
        store: DynamoStore::new(sdk, config.table),
        gateway: LeanGateway::new(sdk, endpoint, connections_max, ATTEMPT_TIMEOUT)?,
        queue: SqsQueue::new(sdk, config.queues),
        upstream: config.upstream.map(|urls| SqsUpstream::new(sdk, urls)),
        clock: SystemClock,
    };
    Ok(Publisher::new(ports, config.fanout, Shards::new(config.shards)))
}
