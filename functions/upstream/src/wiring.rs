//! The function over its adapters.

use hubcast_aws::access_keys::KeyVault;
use hubcast_aws::upstream::SqsAnswers;
use hubcast_model::ports::Cause;
use hubcast_model::time::SystemClock;
use hubcast_wiring::bootstrap::SdkConfig;
use hubcast_wiring::config::WebhookConfig;

use crate::Courier;
use crate::http_client::HttpWebhook;

/// The courier over HTTP, the queues and the access keys.
pub type WiredCourier = Courier<HttpWebhook, SqsAnswers, KeyVault, SystemClock>;

/// Makes the handler.
///
/// # Errors
/// When the HTTP client cannot be built.
pub fn wire(sdk: &SdkConfig, config: WebhookConfig) -> Result<WiredCourier, Cause> {
    Ok(Courier {
        webhook: HttpWebhook::new()?,
        queue: SqsAnswers::new(sdk, config.queues),
        keys: KeyVault::new(sdk, config.access_keys),
        clock: SystemClock,
        templates: config.templates,
        timeout: config.timeout,
        receives_max: config.receives_max,
    })
}
