//! Wires the `negotiate` function.

// The futures of the AWS SDK nest deeper than the compiler follows by default.
#![recursion_limit = "256"]

use hubcast_auth::Gatekeeper;
use hubcast_auth::jwks::HttpKeys;
use hubcast_aws::access_keys::KeyVault;
use hubcast_aws::store::DynamoStore;
use hubcast_model::time::SystemClock;
use hubcast_wiring::bootstrap::{sdk_config, start_logging};
use hubcast_wiring::config::NegotiateConfig;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use negotiate::Negotiation;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_logging();
    let config = NegotiateConfig::from_env()?;
    let sdk = sdk_config().await;
    let keys = KeyVault::new(&sdk, config.access_keys);
    let negotiation = &Negotiation {
        store: DynamoStore::new(&sdk, config.table),
        clock: SystemClock,
        front_door: config.front_door,
        hubs: config.hubs,
        origins: config.origins,
        allowed_headers: config.allowed_headers,
        groups: config.groups,
        told_claims: config.told_claims,
        public_url: config.tokens.public_url.clone(),
        close_on_token_expiry: config.tokens.close_on_token_expiry,
        gatekeeper: Gatekeeper::new(config.tokens, HttpKeys::default(), keys)?,
    };
    run(service_fn(|event: LambdaEvent<_>| async move {
        Ok::<_, Error>(negotiate::handle(negotiation, event.payload).await)
    }))
    .await
}
