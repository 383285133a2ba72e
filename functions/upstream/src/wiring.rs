//! The function over its adapters.

use hubcast_aws::access_keys::KeyVault;
use hubcast_aws::store::DynamoStore;
use hubcast_aws::upstream::SqsAnswers;
use hubcast_model::ports::Cause;
use hubcast_model::time::SystemClock;
use hubcast_wiring::bootstrap::SdkConfig;
use hubcast_wiring::config::WebhookConfig;

use crate::http_client::HttpWebhook;
use crate::{Courier, Limits, Uptakes, WrongAddresses};

/// The courier over HTTP, the queues, the access keys and the table.
pub type WiredCourier = Courier<HttpWebhook, SqsAnswers, KeyVault, SystemClock, DynamoStore>;

/// Makes the handler.
///
/// # Errors
/// When the HTTP client cannot be built, or its further root is no certificate.
pub fn wire(sdk: &SdkConfig, config: WebhookConfig) -> Result<WiredCourier, Cause> {
    Ok(Courier {
        webhook: HttpWebhook::new(config.root.as_deref())?,
        queue: SqsAnswers::new(sdk, config.queues),
        keys: KeyVault::new(sdk, config.access_keys),
        clock: SystemClock,
        uptakes: Uptakes::new(DynamoStore::new(sdk, config.table)),
        templates: config.templates,
        limits: Limits { attempt: config.attempt, wait: config.timeout },
        wrong_addresses: WrongAddresses::default(),
    })
}
