//! The function over its adapters.

use hubcast_aws::access_keys::KeyVault;
use hubcast_wiring::bootstrap::SdkConfig;
use hubcast_wiring::config::CanaryConfig;

use crate::Canary;

/// Makes the canary. It reaches the deployment as its clients do, so it needs no other adapter.
pub fn wire(sdk: &SdkConfig, config: CanaryConfig) -> Canary<KeyVault> {
    let CanaryConfig { access_keys, url, hub } = config;
    Canary::new(reqwest::Client::new(), KeyVault::new(sdk, access_keys), url, hub)
}
