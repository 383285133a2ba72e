//! The function over its adapters.

use hubcast_auth::Gatekeeper;
use hubcast_auth::app::IssuerError;
use hubcast_auth::jwks::HttpKeys;
use hubcast_aws::access_keys::KeyVault;
use hubcast_aws::store::DynamoStore;
use hubcast_connection::refresh::Refreshing;
use hubcast_membership::shards::Shards;
use hubcast_model::time::SystemClock;
use hubcast_wiring::bootstrap::SdkConfig;
use hubcast_wiring::config::{NegotiateConfig, StatefulReconnect};

use crate::Negotiation;

/// Negotiation over the issuers' keys, the access keys and the channel table.
pub type WiredNegotiation =
    Negotiation<HttpKeys, KeyVault, DynamoStore, Refreshing<DynamoStore, SystemClock>, SystemClock>;

/// Makes the handler.
///
/// # Errors
/// When an issuer pins an algorithm that cannot be used.
pub fn wire(sdk: &SdkConfig, config: NegotiateConfig) -> Result<WiredNegotiation, IssuerError> {
    let keys = KeyVault::new(sdk, config.access_keys);
    let store = DynamoStore::new(sdk, config.table);
    Ok(Negotiation {
        refresh: Refreshing::new(store.clone(), SystemClock, Shards::new(config.shards)),
        store,
        clock: SystemClock,
        front_door: config.front_door,
        hubs: config.hubs,
        origins: config.origins,
        allowed_headers: config.allowed_headers,
        groups: config.groups,
        told_claims: config.told_claims,
        public_url: config.tokens.public_url.clone(),
        grants_lines: config.stateful_reconnect != StatefulReconnect::Off,
        close_on_token_expiry: config.tokens.close_on_token_expiry,
        gatekeeper: Gatekeeper::new(config.tokens, HttpKeys::default(), keys)?,
    })
}
