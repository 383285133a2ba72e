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
use serde_json::{Value, json};

use crate::call::Call;
use crate::call::api::{Api, GET_PARAMETER, GET_SECRET_VALUE};
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
    Service(Remote),
}

/// Keys that a service has.
#[derive(Debug, Clone)]
struct Remote {
    call: Arc<OnDemand<Call>>,
    input: Value,
    /// The parameter's name or the secret's ARN.
    name: String,
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
            AccessKeySettings::Secret(arn) => Place::Service(Remote {
                call: by(GET_SECRET_VALUE, config),
                input: json!({ "SecretId": arn }),
                name: arn,
            }),
            AccessKeySettings::Parameter(name) => Place::Service(Remote {
                call: by(GET_PARAMETER, config),
                input: json!({ "Name": name, "WithDecryption": true }),
                name,
            }),
        };
        Self { place, kept: Cached::new(CACHE_RULES) }
    }
}

impl AccessKeySource for KeyVault {
    async fn access_keys(&self, freshness: Freshness) -> Result<AccessKeys, Cause> {
        let remote = match &self.place {
            Place::Environment(keys) => return Ok(keys.clone()),
            Place::Service(remote) => remote.clone(),
        };
        let holds = |_: &AccessKeys| freshness == Freshness::Cached;
        let kept = self.kept.get(holds, move || remote.read()).await?;
        Ok(AccessKeys::clone(&kept))
    }
}

impl Remote {
    async fn read(self) -> Result<AccessKeys, Cause> {
        let text = self.call.text(self.input).await?;
        let text = text.ok_or_else(|| VaultError::NoText(self.name.clone()))?;
        AccessKeys::parse(&text).map_err(|err| VaultError::NoKeys(self.name, err).into())
    }
}

fn by(api: Api, config: &SdkConfig) -> Arc<OnDemand<Call>> {
    on_demand(config, move |config| Call::new(api, config))
}
