//! The public keys of issuers.
//!
//! Keys are fetched with a timeout, kept in memory, fetched again when a token
//! names an unknown key (at most once a minute per issuer) and kept while the
//! issuer is down. What a token's header says about keys (`jku`, `x5u`, `jwk`)
//! is never followed; only its `kid` picks one of the issuer's own.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use hubcast_core::ports::Cause;
use hubcast_core::settings::IssuerSettings;
use jsonwebtoken::jwk::JwkSet;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long a fetch may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(3);
/// How often an issuer's keys are fetched at the most.
const FETCH_PAUSE: Duration = Duration::from_mins(1);

/// Where the keys of issuers come from.
pub trait KeySource: Send + Sync {
    /// The key set of an issuer. `kid` is what the token names; a set without it is looked for
    /// again, when that was not done lately.
    fn keys(
        &self,
        issuer: &IssuerSettings,
        kid: Option<&str>,
    ) -> impl Future<Output = Result<JwkSet, Cause>> + Send;
}

/// Keys over HTTP, found by discovery when the settings name no `jwks_uri`.
#[derive(Debug)]
pub struct HttpKeys {
    client: reqwest::Client,
    kept: Mutex<HashMap<String, Kept>>,
}

#[derive(Debug)]
struct Kept {
    keys: JwkSet,
    fetched: Instant,
}

#[derive(Deserialize)]
struct Discovery {
    jwks_uri: String,
}

impl HttpKeys {
    /// A source with a client of its own.
    ///
    /// # Errors
    /// When the machine's TLS cannot be set up.
    pub fn new() -> Result<Self, Cause> {
        let client = reqwest::Client::builder().timeout(FETCH_TIMEOUT);
        // An issuer that redirects could be made to point anywhere.
        let client = client.redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { client, kept: Mutex::default() })
    }

    async fn fetch(&self, issuer: &IssuerSettings) -> Result<JwkSet, Cause> {
        if let Some(uri) = &issuer.jwks_uri {
            return self.json(uri).await;
        }
        let base = issuer.issuer.trim_end_matches('/');
        let url = format!("{base}/.well-known/openid-configuration");
        let uri = self.json::<Discovery>(&url).await?.jwks_uri;
        self.json(&uri).await
    }

    async fn json<T: serde::de::DeserializeOwned>(&self, url: &str) -> Result<T, Cause> {
        let answer = self.client.get(url).send().await?.error_for_status()?;
        Ok(answer.json().await?)
    }
}

impl KeySource for HttpKeys {
    async fn keys(&self, issuer: &IssuerSettings, kid: Option<&str>) -> Result<JwkSet, Cause> {
        // Holding the lock makes one fetch serve all who wait for it.
        let mut kept = self.kept.lock().await;
        if let Some(known) = kept.get(&issuer.issuer) {
            let is_there = kid.is_none_or(|kid| known.keys.find(kid).is_some());
            if is_there || known.fetched.elapsed() < FETCH_PAUSE {
                return Ok(known.keys.clone());
            }
        }
        match self.fetch(issuer).await {
            Ok(keys) => {
                let fresh = Kept { keys: keys.clone(), fetched: Instant::now() };
                kept.insert(issuer.issuer.clone(), fresh);
                Ok(keys)
            }
            Err(err) => match kept.get_mut(&issuer.issuer) {
                Some(stale) => {
                    tracing::warn!(error = %err, issuer = issuer.issuer, "stale keys are used");
                    stale.fetched = Instant::now();
                    Ok(stale.keys.clone())
                }
                None => Err(err),
            },
        }
    }
}
