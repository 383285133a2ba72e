//! The function over its adapters; `group-join` has the same.

use hubcast_aws::gateway::{ATTEMPT_TIMEOUT, ManagementGateway};
use hubcast_aws::store::DynamoStore;
use hubcast_aws::upstream::SqsUpstream;
use hubcast_connection::frames::{FramePorts, Frames};
use hubcast_membership::shards::Shards;
use hubcast_model::time::SystemClock;
use hubcast_wiring::bootstrap::SdkConfig;
use hubcast_wiring::config::FramesConfig;

/// The rules of frames over the channel table, the management API and the queues to backends.
pub type WiredFrames = Frames<DynamoStore, ManagementGateway, SystemClock, SqsUpstream>;

/// Makes the handler.
pub fn wire(sdk: &SdkConfig, config: FramesConfig) -> WiredFrames {
    let store = DynamoStore::new(sdk, config.table);
    let gateway = ManagementGateway::new(sdk, &config.management_endpoint, ATTEMPT_TIMEOUT);
    let upstream = config.upstream.map(|upstream| upstream.start(sdk));
    let ports = FramePorts::new(store, gateway, SystemClock).with_upstream(upstream);
    Frames::new(ports, &config.frames, Shards::new(config.shards))
}
