//! The function over its adapters.

use std::sync::Arc;

use hubcast_aws::alarm::SqsAlarm;
use hubcast_aws::gateway::ManagementGateway;
use hubcast_aws::store::DynamoStore;
use hubcast_aws::upstream::SqsUpstream;
use hubcast_membership::line_end::LineEnds;
use hubcast_membership::presence::Presence;
use hubcast_model::time::SystemClock;
use hubcast_wiring::bootstrap::SdkConfig;
use hubcast_wiring::config::DisconnectConfig;
use hubcast_wiring::lines::lines;

use crate::Exits;

/// The rules of a socket's end over the channel table and the queue to backends.
pub type WiredPresence = Arc<Presence<DynamoStore, SqsUpstream, SystemClock>>;
/// The ends of lines, over the management API and the queue of what is due later too.
pub type WiredLineEnds =
    LineEnds<DynamoStore, ManagementGateway, SystemClock, SqsAlarm, WiredPresence>;
/// The ends of sockets and lines.
pub type WiredExits = Exits<WiredPresence, WiredLineEnds>;

/// Makes the handler.
pub fn wire(sdk: &SdkConfig, config: DisconnectConfig) -> WiredExits {
    let store = DynamoStore::new(sdk, config.table);
    let upstream = config.upstream.map(|urls| Arc::new(SqsUpstream::new(sdk, urls)));
    let lines = lines(sdk, store.clone(), &config.lines);
    let presence = Arc::new(Presence::new(Arc::new(store), upstream, Arc::new(SystemClock)));
    Exits { lines: LineEnds::new(lines, Arc::clone(&presence)), presence }
}
