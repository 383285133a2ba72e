//! Wires the `upstream` function.

// The futures of the AWS SDK nest deeper than the compiler follows by default.
#![recursion_limit = "256"]

use hubcast_aws::access_keys::KeyVault;
use hubcast_aws::upstream::SqsAnswers;
use hubcast_model::time::SystemClock;
use hubcast_wiring::bootstrap::{patience, sdk_config, start_logging};
use hubcast_wiring::config::WebhookConfig;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use upstream::Courier;
use upstream::http_client::HttpWebhook;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_logging();
    let config = WebhookConfig::from_env()?;
    let sdk = sdk_config().await;
    let queue = SqsAnswers::new(&sdk, config.queues);
    let (webhook, keys) = (HttpWebhook::new()?, KeyVault::new(&sdk, config.access_keys));
    let (templates, timeout, clock) = (config.templates, config.timeout, SystemClock);
    let receives_max = config.receives_max;
    let courier = &Courier { webhook, queue, keys, clock, templates, timeout, receives_max };
    run(service_fn(|event: LambdaEvent<_>| async move {
        let patience = patience(&event.context);
        Ok::<_, Error>(upstream::handle(courier, event.payload, patience).await)
    }))
    .await
}
