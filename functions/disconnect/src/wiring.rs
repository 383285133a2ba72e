//! The function over its adapters.

use std::sync::Arc;

use hubcast_aws::store::DynamoStore;
use hubcast_aws::upstream::SqsUpstream;
use hubcast_membership::presence::Presence;
use hubcast_model::time::SystemClock;
use hubcast_wiring::bootstrap::SdkConfig;
use hubcast_wiring::config::DisconnectConfig;

/// The rules of a socket's end over the channel table and the queue to backends.
pub type WiredPresence = Presence<DynamoStore, SqsUpstream, SystemClock>;

/// Makes the handler.
pub fn wire(sdk: &SdkConfig, config: DisconnectConfig) -> WiredPresence {
    let store = Arc::new(DynamoStore::new(sdk, config.table));
    let upstream = config.upstream.map(|urls| Arc::new(SqsUpstream::new(sdk, urls)));
    Presence::new(store, upstream, Arc::new(SystemClock))
}
