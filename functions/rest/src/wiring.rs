//! The function over its adapters.

use hubcast_auth::app::IssuerError;
use hubcast_auth::jwks::HttpKeys;
use hubcast_auth::rest::RestGate;
use hubcast_aws::access_keys::KeyVault;
use hubcast_aws::log::CloudWatchLog;
use hubcast_aws::sender::SqsSender;
use hubcast_aws::store::DynamoStore;
use hubcast_backend::Backend;
use hubcast_membership::shards::Shards;
use hubcast_model::ports::JourneyLog;
use hubcast_model::time::SystemClock;
use hubcast_wiring::bootstrap::SdkConfig;
use hubcast_wiring::config::RestConfig;

use crate::Rest;

/// The REST API over the issuers' keys, the access keys, the channel table and the queue.
pub type WiredRest = Rest<HttpKeys, KeyVault, DynamoStore, SqsSender, SystemClock>;

/// Makes the handler.
///
/// # Errors
/// When an issuer pins an algorithm that cannot be used.
pub fn wire(sdk: &SdkConfig, config: RestConfig) -> Result<WiredRest, IssuerError> {
    let keys = KeyVault::new(sdk, config.access_keys);
    let store = DynamoStore::new(sdk, config.table);
    let queue = SqsSender::new(sdk, config.notifications);
    let public_url = config.public_url.clone();
    let log = config.log_groups.map(|prefix| CloudWatchLog::new(sdk, prefix));
    let log = log.map(|log| Box::new(log) as Box<dyn JourneyLog>);
    Ok(Rest {
        front_door: config.front_door,
        gate: RestGate::new(config.issuers, HttpKeys::default(), keys, public_url)?,
        backend: Backend::new(store, queue, SystemClock, Shards::new(config.shards)),
        clock: SystemClock,
        hubs: config.hubs,
        producers: config.producers,
        implicit_broadcast: config.implicit_broadcast,
        groups: config.groups,
        public_url: config.public_url,
        invoke_timeout: config.invoke_timeout,
        log,
    })
}
