//! The public keys of issuers.
//!
//! Keys are fetched with a timeout, kept in memory, fetched again when a token
//! names an unknown key (at most once a minute per issuer) or when they are an
//! hour old, behind the requests they serve, and kept while the issuer is down.
//! What a token's header says about keys (`jku`, `x5u`, `jwk`) is never
//! followed; only its `kid` picks one of the issuer's own.

mod fetch;

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hubcast_model::cached::{CacheRules, Cached};
use hubcast_model::ports::Cause;
use hubcast_model::settings::IssuerSettings;
use jsonwebtoken::jwk::{Jwk, JwkSet};

use fetch::Fetcher;

pub use fetch::key_set;

const CACHE_RULES: CacheRules = CacheRules {
    what: "the keys of an issuer",
    old_after: Duration::from_hours(1),
    waits: false,
    pause: Duration::from_mins(1),
};

/// A public key.
#[derive(Debug, Clone)]
pub struct SigningKey {
    /// The key.
    pub key: Jwk,
    /// The one issuer that the key signs for, if the key set says so; `{tenantid}` stands for the
    /// tenant of the token.
    pub issuer: Option<String>,
}

/// The public keys of an issuer.
#[derive(Debug, Clone, Default)]
pub struct KeySet(pub Vec<SigningKey>);

impl KeySet {
    /// The key of this id.
    pub fn find(&self, kid: &str) -> Option<&SigningKey> {
        self.0.iter().find(|key| key.key.common.key_id.as_deref() == Some(kid))
    }
}

impl From<JwkSet> for KeySet {
    /// Keys of which no set says whom they sign for.
    fn from(set: JwkSet) -> Self {
        Self(set.keys.into_iter().map(|key| SigningKey { key, issuer: None }).collect())
    }
}

/// Where the keys of issuers come from.
pub trait KeySource: Send + Sync {
    /// The key set of an issuer. `kid` is what the token names; a set without it is looked for
    /// again, when that was not done lately.
    fn keys(
        &self,
        issuer: &IssuerSettings,
        kid: Option<&str>,
    ) -> impl Future<Output = Result<Arc<KeySet>, Cause>> + Send;
}

/// Keys over HTTP, found by discovery when the settings name no `jwks_uri`.
#[derive(Debug, Default)]
pub struct HttpKeys {
    fetcher: Fetcher,
    /// By where the keys are, so that issuers do not wait for each other.
    kept: Mutex<HashMap<String, Arc<Cached<KeySet>>>>,
}

impl HttpKeys {
    fn of(&self, issuer: &IssuerSettings) -> Arc<Cached<KeySet>> {
        let place = issuer.jwks_uri.as_ref().unwrap_or(&issuer.issuer);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = kept.entry(place.clone()).or_insert_with(|| Arc::new(Cached::new(CACHE_RULES)));
        Arc::clone(keys)
    }
}

impl KeySource for HttpKeys {
    async fn keys(&self, issuer: &IssuerSettings, kid: Option<&str>) -> Result<Arc<KeySet>, Cause> {
        let kept = self.of(issuer);
        let holds = |keys: &KeySet| kid.is_none_or(|kid| keys.find(kid).is_some());
        let (fetcher, issuer) = (self.fetcher.clone(), issuer.clone());
        kept.get(holds, move || async move { fetcher.keys(&issuer).await }).await
    }
}
