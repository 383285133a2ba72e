//! The courier over its adapters, as every function that posts has it.

use aws_config::SdkConfig;
use hubcast_aws::alarm::SqsAlarm;
use hubcast_aws::gateway::{ATTEMPT_TIMEOUT, ManagementGateway};
use hubcast_aws::store::DynamoStore;
use hubcast_line::{Courier, LinePorts};
use hubcast_model::time::SystemClock;

use crate::config::LinesConfig;

/// The courier over the channel table, this gateway and the queue of what is due later.
pub type WiredLines<G = ManagementGateway> = Courier<DynamoStore, G, SystemClock, SqsAlarm>;

/// The courier over the management API.
pub fn lines(sdk: &SdkConfig, store: DynamoStore, config: &LinesConfig) -> WiredLines {
    // Without an endpoint no line was granted, and nobody asks.
    let endpoint = config.management_endpoint.as_deref().unwrap_or_default();
    let gateway = ManagementGateway::new(sdk, endpoint, ATTEMPT_TIMEOUT);
    lines_over(gateway, sdk, store, config)
}

/// The courier over another adapter of this API.
pub fn lines_over<G>(
    gateway: G,
    sdk: &SdkConfig,
    store: DynamoStore,
    config: &LinesConfig,
) -> WiredLines<G> {
    let alarm = SqsAlarm::new(sdk, config.timers.clone());
    Courier::new(LinePorts { store, gateway, clock: SystemClock, alarm }, config.settings)
}
