//! The access keys: from Parameter Store or Secrets Manager, kept in memory.
//!
//! They are read when first needed, and anew when they are five minutes old or
//! no kept key fits a signature. While the service is down the keys at hand
//! stay good, so that nobody is dropped.

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use hubcast_model::cached::{CacheRules, Cached};
use hubcast_model::ports::{AccessKeySource, Cause, Freshness};
use hubcast_model::settings::{AccessKeys, KeysError};

use crate::on_demand::{OnDemand, on_demand};

/// Where the access keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessKeySettings {
    /// `ACCESS_KEYS`: right here, for local use.
    Plain(AccessKeys),
    /// `ACCESS_KEY_PARAMETER`: a parameter of the Systems Manager, by name.
    Parameter(String),
    /// `ACCESS_KEY_PARAMETER`: a secret of the Secrets Manager, by ARN.
    Secret(String),
}

const CACHE_RULES: CacheRules = CacheRules {
    what: "the access keys",
    old_after: Duration::from_mins(5),
    waits: true,
    pause: Duration::from_secs(10),
};

/// The access keys, wherever they are.
#[derive(Debug)]
pub struct KeyVault {
    place: Place,
    kept: Cached<AccessKeys>,
}

#[derive(Debug)]
enum Place {
    Environment(AccessKeys),
    Parameter(Arc<OnDemand<aws_sdk_ssm::Client>>, String),
    Secret(Arc<OnDemand<aws_sdk_secretsmanager::Client>>, String),
}

/// The keys were answered, but are none.
#[derive(Debug, thiserror::Error)]
enum VaultError {
    #[error("'{0}' has no text")]
    NoText(String),
    #[error("'{0}' holds no access keys")]
    NoKeys(String, #[source] KeysError),
}

impl KeyVault {
    /// The vault that the settings name, by the SDK's configuration. Nothing is read yet.
    pub fn new(config: &SdkConfig, settings: AccessKeySettings) -> Self {
        let place = match settings {
            AccessKeySettings::Plain(keys) => Place::Environment(keys),
            AccessKeySettings::Secret(arn) => {
                Place::Secret(on_demand(config, aws_sdk_secretsmanager::Client::new), arn)
            }
            AccessKeySettings::Parameter(name) => {
                Place::Parameter(on_demand(config, aws_sdk_ssm::Client::new), name)
            }
        };
        Self { place, kept: Cached::new(CACHE_RULES) }
    }
}

impl AccessKeySource for KeyVault {
    async fn access_keys(&self, freshness: Freshness) -> Result<AccessKeys, Cause> {
        let holds = |_: &AccessKeys| freshness == Freshness::Cached;
        let kept = match &self.place {
            Place::Environment(keys) => return Ok(keys.clone()),
            Place::Parameter(client, name) => {
                let (client, name) = ((***client).clone(), name.clone());
                self.kept.get(holds, move || parameter(client, name)).await?
            }
            Place::Secret(client, arn) => {
                let (client, arn) = ((***client).clone(), arn.clone());
                self.kept.get(holds, move || secret(client, arn)).await?
            }
        };
        Ok(AccessKeys::clone(&kept))
    }
}

async fn parameter(client: aws_sdk_ssm::Client, name: String) -> Result<AccessKeys, Cause> {
    let answer = client.get_parameter().name(&name).with_decryption(true).send().await?;
    let value = answer.parameter.and_then(|parameter| parameter.value);
    keys(name, value)
}

async fn secret(client: aws_sdk_secretsmanager::Client, arn: String) -> Result<AccessKeys, Cause> {
    let answer = client.get_secret_value().secret_id(&arn).send().await?;
    keys(arn, answer.secret_string)
}

fn keys(place: String, value: Option<String>) -> Result<AccessKeys, Cause> {
    let value = value.ok_or_else(|| VaultError::NoText(place.clone()))?;
    AccessKeys::parse(&value).map_err(|err| VaultError::NoKeys(place, err).into())
}
