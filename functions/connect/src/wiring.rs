//! The function over its adapters.

use hubcast_aws::store::DynamoStore;
use hubcast_connection::connect::Reception;
use hubcast_model::time::SystemClock;
use hubcast_wiring::bootstrap::SdkConfig;
use hubcast_wiring::config::ConnectConfig;
use hubcast_wiring::lines::{WiredLines, lines};

/// The rules of `$connect` over the channel table, and the lines of clients that come back.
pub type WiredReception = Reception<DynamoStore, SystemClock, WiredLines>;

/// Makes the handler.
pub fn wire(sdk: &SdkConfig, config: ConnectConfig) -> WiredReception {
    let store = DynamoStore::new(sdk, config.table);
    let lines = lines(sdk, store.clone(), &config.lines);
    Reception::new(store, SystemClock, config.connect).with_lines(lines)
}
