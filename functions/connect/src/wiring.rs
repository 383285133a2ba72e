//! The function over its adapters.

use hubcast_aws::store::DynamoStore;
use hubcast_connection::connect::Reception;
use hubcast_model::time::SystemClock;
use hubcast_wiring::bootstrap::SdkConfig;
use hubcast_wiring::config::ConnectConfig;

/// The rules of `$connect` over the channel table.
pub type WiredReception = Reception<DynamoStore, SystemClock>;

/// Makes the handler.
pub fn wire(sdk: &SdkConfig, config: ConnectConfig) -> WiredReception {
    Reception::new(DynamoStore::new(sdk, config.table), SystemClock, config.connect)
}
