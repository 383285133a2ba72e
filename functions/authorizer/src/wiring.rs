//! The function over its adapters.

use hubcast_auth::Gatekeeper;
use hubcast_auth::app::IssuerError;
use hubcast_auth::jwks::HttpKeys;
use hubcast_aws::access_keys::KeyVault;
use hubcast_aws::store::DynamoStore;
use hubcast_model::time::SystemClock;
use hubcast_wiring::bootstrap::SdkConfig;
use hubcast_wiring::config::AuthorizerConfig;

use crate::Door;

/// The door over the issuers' keys, the access keys and the channel table.
pub type WiredDoor = Door<HttpKeys, KeyVault, DynamoStore, SystemClock>;

/// Makes the handler.
///
/// # Errors
/// When an issuer pins an algorithm that cannot be used.
pub fn wire(sdk: &SdkConfig, config: AuthorizerConfig) -> Result<WiredDoor, IssuerError> {
    let keys = KeyVault::new(sdk, config.access_keys);
    Ok(Door {
        gatekeeper: Gatekeeper::new(config.tokens, HttpKeys::default(), keys)?,
        store: DynamoStore::new(sdk, config.table),
        front_door: config.front_door,
        hubs: config.hubs,
        groups: config.groups,
        told_claims: config.told_claims,
        clock: SystemClock,
    })
}
