//! A small OIDC issuer for development. So app tokens take the same way locally
//! as in production.

use std::collections::BTreeMap;

use anyhow::Context;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hubcast_model::time::{Clock, SystemClock};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Deserialize;
use serde_json::{Value, json};

/// The audience of development tokens.
const AUDIENCE: &str = "hubcast";
/// The audience and the role of development tokens for the REST API.
const REST_AUDIENCE: &str = "hubcast-rest";
const REST_ROLE: &str = "hubcast.rest";
const KEY_ID: &str = "dev";
const TTL_SECONDS: i64 = 3600;

/// Signs development tokens.
pub(crate) struct Issuer {
    /// The issuer's URL, as tokens name the issuer.
    url: String,
    /// The private key.
    key: EncodingKey,
    /// The public keys.
    keys: JwkSet,
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer").field("url", &self.url).finish_non_exhaustive()
    }
}

/// The content that somebody asks for in a token.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TokenRequest {
    /// The user.
    sub: String,
    /// The groups of the user.
    #[serde(default)]
    groups: Vec<String>,
    /// The lifetime of the token in seconds; an hour when absent.
    ttl_seconds: Option<i64>,
    /// The audience; that of hubcast when absent.
    audience: Option<String>,
    /// Any further claims.
    #[serde(default)]
    claims: BTreeMap<String, Value>,
}

impl Issuer {
    /// An issuer behind `base` with a key of its own.
    pub(crate) fn new(base: &str) -> anyhow::Result<Self> {
        let pair = KeyPair::generate(KeySize::Rsa2048).context("no RSA key can be made")?;
        let der: Pkcs8V1Der<'_> = pair.as_der().context("the RSA key cannot be written")?;
        let body = STANDARD.encode(der.as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
        let key = EncodingKey::from_rsa_pem(pem.as_bytes())?;
        let mut jwk = Jwk::from_encoding_key(&key, Algorithm::RS256)?;
        jwk.common.key_id = Some(KEY_ID.to_owned());
        Ok(Self { url: format!("{base}/dev"), key, keys: JwkSet { keys: vec![jwk] } })
    }

    /// This issuer's entry in `TOKEN_ISSUERS`, as a JSON list of one.
    pub(crate) fn settings(&self) -> String {
        let own = json!({ "issuer": self.url, "audience": AUDIENCE, "groupsClaim": "groups" });
        json!([own]).to_string()
    }

    /// This issuer's entry in `REST_ISSUERS`, as a JSON list of one.
    pub(crate) fn rest_settings(&self) -> String {
        let own = json!({ "issuer": self.url, "audience": REST_AUDIENCE, "roles": REST_ROLE });
        json!([own]).to_string()
    }

    /// The discovery document.
    pub(crate) fn discovery(&self) -> Value {
        json!({
            "issuer": self.url,
            "jwks_uri": format!("{}/jwks", self.url),
            "token_endpoint": format!("{}/token", self.url),
            "id_token_signing_alg_values_supported": ["RS256"],
        })
    }

    /// The public keys.
    pub(crate) const fn keys(&self) -> &JwkSet {
        &self.keys
    }

    /// Signs a token of a backend for the REST API, as text.
    pub(crate) fn rest_token(&self) -> anyhow::Result<String> {
        let request = json!({
            "sub": "app",
            "audience": REST_AUDIENCE,
            "claims": { "roles": [REST_ROLE], "idtyp": "app" },
        });
        let token = self.token(serde_json::from_value(request)?)?;
        let text = token["access_token"].as_str().context("the token has no text")?;
        Ok(text.to_owned())
    }

    /// Signs a token. Times have milliseconds, so that a log-in counts right after a log-out.
    pub(crate) fn token(&self, request: TokenRequest) -> anyhow::Result<Value> {
        let ttl = request.ttl_seconds.unwrap_or(TTL_SECONDS);
        let now = u32::try_from(SystemClock.now().as_seconds()).map(f64::from)?
            + u32::try_from(SystemClock.now().as_millis() % 1000).map(f64::from)? / 1000.0;
        let lifetime = i32::try_from(ttl).map(f64::from).context("ttlSeconds is out of range")?;
        let mut claims = request.claims;
        let own = json!({
            "iss": self.url,
            "aud": request.audience.as_deref().unwrap_or(AUDIENCE),
            "sub": request.sub,
            "oid": request.sub,
            "groups": request.groups,
            "iat": now,
            "nbf": now.floor(),
            "exp": now + lifetime,
        });
        for (name, value) in own.as_object().into_iter().flatten() {
            claims.entry(name.clone()).or_insert_with(|| value.clone());
        }
        let header = Header { kid: Some(KEY_ID.to_owned()), ..Header::new(Algorithm::RS256) };
        let token = jsonwebtoken::encode(&header, &claims, &self.key)?;
        Ok(json!({ "access_token": token, "token_type": "Bearer", "expires_in": ttl }))
    }
}
