//! Tokens: an issuer of app tokens and its keys, and client tokens of the access key.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use hubcast_auth::Gatekeeper;
use hubcast_auth::client::{CLIENT_TOKEN_LIFETIME, ClientGrant};
use hubcast_auth::jwks::{KeySet, KeySource};
use hubcast_model::id::HubName;
use hubcast_model::ports::Cause;
use hubcast_model::session::Reuse;
use hubcast_model::settings::{
    AccessKeys, Hubs, IssuerSettings, OneOrMany, PublicUrl, Secret, TokenSettings,
};
use hubcast_model::values::Values;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::clock::START;

/// The issuer of app tokens.
pub const ISSUER: &str = "https://login.example.com/tenant/v2.0";
/// The audience of app tokens.
pub const AUDIENCE: &str = "api://hubcast";
/// Where clients reach hubcast.
pub const PUBLIC_URL: &str = "https://push.example.com";
/// The key of client tokens.
pub const ACCESS_KEY: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH";

/// An issuer with a key of its own, and the source of that key; clones are the same issuer.
#[derive(Clone)]
pub struct TestIssuer {
    key: EncodingKey,
    keys: Arc<KeySet>,
    is_down: Arc<AtomicBool>,
}

impl std::fmt::Debug for TestIssuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestIssuer").field("is_down", &self.is_down).finish_non_exhaustive()
    }
}

impl Default for TestIssuer {
    fn default() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("randomness");
        let der = pair.to_pkcs8v1().expect("a key that can be written");
        let key = EncodingKey::from_ec_der(der.as_ref());
        let mut jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).expect("a public key");
        jwk.common.key_id = Some("test".to_owned());
        Self { key, keys: Arc::new(JwkSet { keys: vec![jwk] }.into()), is_down: Arc::default() }
    }
}

impl TestIssuer {
    /// An app token of alice, from [`START`] for an hour, with these claims besides or instead.
    pub fn token(&self, claims: &Value) -> String {
        let (start, end) = (START.as_seconds(), START.as_seconds() + 3600);
        let usual = json!({
            "iss": ISSUER, "aud": AUDIENCE, "oid": "alice", "iat": start, "nbf": start, "exp": end,
        });
        let header = Header { kid: Some("test".to_owned()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, &merged(usual, claims), &self.key).expect("a token")
    }

    /// From now on its keys cannot be had.
    pub fn take_down(&self) {
        self.is_down.store(true, Ordering::SeqCst);
    }

    /// What checks its tokens, and client tokens.
    pub fn gatekeeper(&self) -> Gatekeeper<Self, AccessKeys> {
        Gatekeeper::new(settings(), self.clone(), access_keys()).expect("settings")
    }
}

impl KeySource for TestIssuer {
    async fn keys(
        &self,
        _issuer: &IssuerSettings,
        _kid: Option<&str>,
    ) -> Result<Arc<KeySet>, Cause> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err("the issuer is down".into());
        }
        Ok(Arc::clone(&self.keys))
    }
}

/// A client token of alice for the hub `notifications`, from [`START`] for five minutes, with
/// these claims besides or instead.
pub fn client_token(claims: &Value) -> String {
    let (start, end) = (START.as_seconds(), START.as_seconds() + 300);
    let audience = format!("{PUBLIC_URL}/client/?hub=notifications");
    let usual = json!({ "aud": audience, "nameid": "alice", "iat": start, "exp": end });
    let key = EncodingKey::from_secret(ACCESS_KEY.as_bytes()).expect("a key");
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &merged(usual, claims), &key)
        .expect("a token")
}

/// What a redirect of somebody without a name grants, from [`START`] on.
pub const fn redirect(hub: &HubName) -> ClientGrant<'_> {
    const NO_CLAIMS: &Values = &Values::new();
    ClientGrant {
        hub,
        user: None,
        groups: &[],
        token_id: "t",
        groups_in_grant: false,
        is_redirect: true,
        session: None,
        session_expires: None,
        issued_at: START,
        logged_in_at: None,
        lifetime: CLIENT_TOKEN_LIFETIME,
        claims: NO_CLAIMS,
    }
}

/// A token as the management SDK makes it for a REST call of this URL, from [`START`] for an hour.
pub fn signed_for(url: &str) -> String {
    let (start, end) = (START.as_seconds(), START.as_seconds() + 3600);
    let claims = json!({ "aud": url, "nameid": "backend", "iat": start, "nbf": start, "exp": end });
    let key = EncodingKey::from_secret(ACCESS_KEY.as_bytes()).expect("a key");
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).expect("a token")
}

/// The keys of client tokens.
pub fn access_keys() -> AccessKeys {
    AccessKeys { primary: Secret::new(ACCESS_KEY), secondary: None }
}

/// Which tokens are good.
pub fn settings() -> TokenSettings {
    let issuer = json!({
        "issuer": ISSUER, "audience": AUDIENCE, "algorithms": ["ES256"], "userClaim": "oid",
    });
    let issuer: IssuerSettings = serde_json::from_value(issuer).expect("an issuer");
    let groups_claim = OneOrMany(vec!["groups".to_owned()]);
    TokenSettings {
        issuers: vec![IssuerSettings { groups_claim, ..issuer }],
        public_url: PublicUrl::Fixed(PUBLIC_URL.to_owned()),
        close_on_token_expiry: false,
        reuse: Reuse::default(),
        client_tokens_only: Hubs::NONE,
    }
}

fn merged(mut claims: Value, own: &Value) -> Value {
    for (name, value) in own.as_object().into_iter().flatten() {
        claims[name] = value.clone();
    }
    claims
}
