//! The function over its adapters; `group-join` has the same.

use hubcast_aws::alarm::SqsAlarm;
use hubcast_aws::gateway::ManagementGateway;
use hubcast_aws::store::DynamoStore;
use hubcast_aws::upstream::SqsUpstream;
use hubcast_connection::frames::{FramePorts, Frames};
use hubcast_connection::line::LineFrames;
use hubcast_membership::shards::Shards;
use hubcast_model::time::SystemClock;
use hubcast_wiring::bootstrap::SdkConfig;
use hubcast_wiring::config::FramesConfig;
use hubcast_wiring::lines::{WiredLines, lines};

/// The rules of frames over the channel table, the management API and the queues to backends. The
/// rules of lines stand in front of them.
pub type WiredFrames = LineFrames<
    Frames<DynamoStore, WiredLines, SystemClock, SqsUpstream>,
    DynamoStore,
    ManagementGateway,
    SystemClock,
    SqsAlarm,
>;

/// Makes the handler.
pub fn wire(sdk: &SdkConfig, config: FramesConfig) -> WiredFrames {
    let store = DynamoStore::new(sdk, config.table);
    let courier = lines(sdk, store.clone(), &config.lines);
    let upstream = config.upstream.map(|upstream| upstream.start(sdk));
    let ports = FramePorts::new(store.clone(), courier.clone(), SystemClock);
    let ports = ports.with_upstream(upstream);
    let frames = Frames::new(ports, &config.frames, Shards::new(config.shards));
    LineFrames::new(frames, courier, store, SystemClock).with_lifetime(config.frames.lifetime)
}
