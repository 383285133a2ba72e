//! One fetch of an issuer's keys.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hubcast_model::mark::bytes_without_mark;
use hubcast_model::ports::Cause;
use hubcast_model::settings::{IssuerSettings, is_trusted_url};
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::Value;

use super::{KeySet, SigningKey};

/// How long a fetch may take.
const TIMEOUT: Duration = Duration::from_secs(3);
/// The most that a document may take, in bytes. Entra ID's key set, certificates included, takes
/// about 20 KB.
const DOCUMENT_MAX_BYTES: usize = 256 * 1024;

/// Fetches documents of issuers. Its client is built with the first, since it reads all of the
/// system's root certificates.
#[derive(Debug, Clone, Default)]
pub(super) struct Fetcher(Arc<OnceLock<reqwest::Client>>);

/// Why a document is not taken.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("'{0}' is neither https nor on this machine")]
    Untrusted(String),
    #[error("'{0}' answers more than {DOCUMENT_MAX_BYTES} bytes")]
    TooLarge(String),
    #[error("'{asked}' says that it is the issuer '{named}'")]
    OtherIssuer { asked: String, named: String },
}

/// OpenID Connect Discovery 1.0, section 4.2.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<Value>,
}

impl Fetcher {
    fn client(&self) -> Result<&reqwest::Client, Cause> {
        if let Some(client) = self.0.get() {
            return Ok(client);
        }
        let client = reqwest::Client::builder().timeout(TIMEOUT);
        // An issuer that redirects could be made to point anywhere.
        let client = client.redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(self.0.get_or_init(|| client))
    }

    pub(super) async fn keys(&self, issuer: &IssuerSettings) -> Result<KeySet, Cause> {
        let uri = match &issuer.jwks_uri {
            Some(uri) => uri.clone(),
            None => self.discovered(&issuer.issuer).await?,
        };
        Ok(key_set(&self.document(&uri).await?)?)
    }

    async fn discovered(&self, issuer: &str) -> Result<String, Cause> {
        let base = issuer.trim_end_matches('/');
        let found = self.document(&format!("{base}/.well-known/openid-configuration")).await?;
        let found: Discovery = serde_json::from_slice(bytes_without_mark(&found))?;
        if found.issuer == issuer {
            return Ok(found.jwks_uri);
        }
        let (asked, named) = (issuer.to_owned(), found.issuer);
        Err(FetchError::OtherIssuer { asked, named }.into())
    }

    async fn document(&self, url: &str) -> Result<Vec<u8>, Cause> {
        if !is_trusted_url(url) {
            return Err(FetchError::Untrusted(url.to_owned()).into());
        }
        let mut answer = self.client()?.get(url).send().await?.error_for_status()?;
        let mut document = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if document.len() + chunk.len() > DOCUMENT_MAX_BYTES {
                return Err(FetchError::TooLarge(url.to_owned()).into());
            }
            document.extend_from_slice(&chunk);
        }
        Ok(document)
    }
}

/// The keys of a key set that are of a kind that is known here. Another one must not cost these.
///
/// # Errors
/// When the document is no key set.
pub fn key_set(document: &[u8]) -> Result<KeySet, serde_json::Error> {
    let Keys { keys } = serde_json::from_slice(bytes_without_mark(document))?;
    let known = keys.into_iter().filter_map(signing_key);
    let usable = known.filter(|key| DecodingKey::from_jwk(&key.key).is_ok());
    Ok(KeySet(usable.collect()))
}

/// A key and the issuer that the set names for it; `None` when either cannot be read.
fn signing_key(value: Value) -> Option<SigningKey> {
    let issuer = match value.get("issuer") {
        None | Some(Value::Null) => None,
        Some(issuer) => Some(issuer.as_str()?.to_owned()),
    };
    Some(SigningKey { key: serde_json::from_value(value).ok()?, issuer })
}
