//! The function over its adapters.

use std::sync::Arc;

use hubcast_aws::alarm::SqsAlarm;
use hubcast_aws::gateway::{ATTEMPT_TIMEOUT, ManagementGateway};
use hubcast_aws::lean::LeanGateway;
use hubcast_aws::queue::SqsQueue;
use hubcast_aws::store::DynamoStore;
use hubcast_aws::upstream::SqsUpstream;
use hubcast_delivery::{Ports, Publisher};
use hubcast_membership::line_end::LineEnds;
use hubcast_membership::presence::Presence;
use hubcast_membership::shards::Shards;
use hubcast_model::ports::Cause;
use hubcast_model::time::SystemClock;
use hubcast_wiring::bootstrap::SdkConfig;
use hubcast_wiring::config::{LinesConfig, PublisherConfig};
use hubcast_wiring::lines::{WiredLines, lines, lines_over};

use crate::alarms::WithAlarms;

/// The publisher over the channel table, the management API and the queues, and the alarms of
/// lines beside it.
pub type WiredPublisher = WithAlarms<
    Publisher<DynamoStore, WiredLines<LeanGateway>, SqsQueue, SystemClock, SqsUpstream>,
    WiredLineEnds,
>;

/// The ends of lines over the same ports.
pub type WiredLineEnds = LineEnds<
    DynamoStore,
    ManagementGateway,
    SystemClock,
    SqsAlarm,
    Presence<DynamoStore, SqsUpstream, SystemClock>,
>;

/// Makes the handler.
///
/// # Errors
/// When the management endpoint is no URL.
pub fn wire(sdk: &SdkConfig, config: PublisherConfig) -> Result<WiredPublisher, Cause> {
    let store = DynamoStore::new(sdk, config.table);
    let upstream = config.upstream.map(|urls| SqsUpstream::new(sdk, urls));
    let timers = config.queues.timers_name().map(str::to_owned);
    let ends = line_ends(sdk, store.clone(), upstream.clone(), &config.lines);
    let (endpoint, connections_max) = (&config.management_endpoint, config.fanout.concurrency);
    let gateway = LeanGateway::new(sdk, endpoint, connections_max, ATTEMPT_TIMEOUT)?;
    let ports = Ports {
        gateway: lines_over(gateway, sdk, store.clone(), &config.lines),
        store,
        queue: SqsQueue::new(sdk, config.queues),
        upstream,
        clock: SystemClock,
    };
    let publisher = Publisher::new(ports, config.fanout, Shards::new(config.shards));
    Ok(WithAlarms::new(publisher, ends, SystemClock, timers))
}

fn line_ends(
    sdk: &SdkConfig,
    store: DynamoStore,
    upstream: Option<SqsUpstream>,
    config: &LinesConfig,
) -> WiredLineEnds {
    let lines = lines(sdk, store.clone(), config);
    let presence = Presence::new(Arc::new(store), upstream.map(Arc::new), Arc::new(SystemClock));
    LineEnds::new(lines, presence)
}
