//! Every algorithm that an issuer can pin, with keys that were made for it.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hubcast_auth::Gatekeeper;
use hubcast_auth::jwks::{KeySet, KeySource};
use hubcast_model::ports::Cause;
use hubcast_model::session::Reuse;
use hubcast_model::settings::{
    AccessKeys, Hubs, IssuerSettings, OneOrMany, PublicUrl, TokenSettings,
};
use hubcast_testkit::clock::START;
use hubcast_testkit::{MemoryStore, name};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;

#[derive(Debug)]
struct Keys(Arc<KeySet>);

impl KeySource for Keys {
    async fn keys(&self, _: &IssuerSettings, _: Option<&str>) -> Result<Arc<KeySet>, Cause> {
        Ok(Arc::clone(&self.0))
    }
}

fn rsa() -> EncodingKey {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let body = STANDARD.encode(der.as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap()
}

fn key(algorithm: Algorithm) -> EncodingKey {
    let random = SystemRandom::new();
    let curve = |curve| EcdsaKeyPair::generate_pkcs8(curve, &random).unwrap();
    match algorithm {
        Algorithm::ES256 => {
            EncodingKey::from_ec_der(curve(&ECDSA_P256_SHA256_FIXED_SIGNING).as_ref())
        }
        Algorithm::ES384 => {
            EncodingKey::from_ec_der(curve(&ECDSA_P384_SHA384_FIXED_SIGNING).as_ref())
        }
        Algorithm::EdDSA => {
            EncodingKey::from_ed_der(Ed25519KeyPair::generate_pkcs8v1(&random).unwrap().as_ref())
        }
        _ => rsa(),
    }
}

fn gatekeeper(pinned: &str, keys: Vec<Jwk>) -> Gatekeeper<Keys, AccessKeys> {
    let issuer = IssuerSettings {
        issuer: "https://issuer".to_owned(),
        audience: OneOrMany(vec!["hubcast".to_owned()]),
        jwks_uri: None,
        algorithms: vec![pinned.to_owned()],
        age_claim: "iat".to_owned(),
        user_claim: "preferred_username".to_owned(),
        groups_claim: OneOrMany(vec!["roles".to_owned()]),
        tenants: Vec::new(),
        hubs: Vec::new(),
        user_prefix: String::new(),
        group_prefix: String::new(),
        roles: OneOrMany::default(),
    };
    let settings = TokenSettings {
        issuers: vec![issuer],
        public_url: PublicUrl::Fixed("https://hub".to_owned()),
        close_on_token_expiry: false,
        reuse: Reuse::Session,
        client_tokens_only: Hubs::NONE,
    };
    let access_keys = AccessKeys::parse(&"k".repeat(32)).unwrap();
    Gatekeeper::new(settings, Keys(Arc::new(JwkSet { keys }.into())), access_keys).unwrap()
}

fn token(algorithm: Algorithm, key: &EncodingKey) -> String {
    let header = Header { kid: Some("k".to_owned()), ..Header::new(algorithm) };
    let claims = json!({
        "iss": "https://issuer",
        "aud": ["other", "hubcast"],
        "preferred_username": "alice@example.com",
        "roles": ["admin", "reader"],
        "exp": START.as_seconds() + 60,
    });
    jsonwebtoken::encode(&header, &claims, key).unwrap()
}

fn public(algorithm: Algorithm, key: &EncodingKey) -> Jwk {
    let mut public = Jwk::from_encoding_key(key, algorithm).unwrap();
    public.common.key_id = Some("k".to_owned());
    public
}

#[tokio::test]
async fn every_asymmetric_algorithm_is_checked_by_the_keys_that_are_made_for_it() {
    for (name, algorithm) in [
        ("RS256", Algorithm::RS256),
        ("RS384", Algorithm::RS384),
        ("RS512", Algorithm::RS512),
        ("PS256", Algorithm::PS256),
        ("PS384", Algorithm::PS384),
        ("PS512", Algorithm::PS512),
        ("ES256", Algorithm::ES256),
        ("ES384", Algorithm::ES384),
        ("EdDSA", Algorithm::EdDSA),
    ] {
        let key = key(algorithm);
        let token = token(algorithm, &key);
        let hub = name::hub("h");
        let store = MemoryStore::default();
        let good = gatekeeper(name, vec![public(algorithm, &key)]);
        let principal = good.admit(&store, &token, &hub, START).await.unwrap();
        assert_eq!(principal.user, Some(name::user("alice@example.com")));
        assert_eq!(principal.groups, ["admin", "reader"].map(name::group));

        let twin = self::key(algorithm);
        let other = gatekeeper(name, vec![public(algorithm, &twin)]);
        assert!(other.admit(&store, &token, &hub, START).await.is_err(), "{name} by another key");
        let pinned = if name == "RS256" { "RS384" } else { "RS256" };
        let unpinned = gatekeeper(pinned, vec![public(algorithm, &key)]);
        assert!(unpinned.admit(&store, &token, &hub, START).await.is_err(), "{name} not pinned");
    }
}

#[tokio::test]
async fn a_key_that_names_an_algorithm_serves_no_other() {
    let key = key(Algorithm::RS256);
    let token = token(Algorithm::RS512, &key);
    let gatekeeper = gatekeeper("RS512", vec![public(Algorithm::RS256, &key)]);
    let hub = name::hub("h");
    assert!(gatekeeper.admit(&MemoryStore::default(), &token, &hub, START).await.is_err());
}

#[test]
fn symmetric_and_unknown_algorithms_cannot_be_pinned() {
    for (name, meant) in [
        ("HS384", ""),
        ("rs256", "; did you mean 'RS256'?"),
        ("ES265", "; did you mean 'ES256'?"),
        ("eddsa", "; did you mean 'EdDSA'?"),
        ("none", ""),
        ("", ""),
    ] {
        let issuer = serde_json::from_value(json!({
            "issuer": "https://issuer", "audience": "x", "algorithms": [name],
        }));
        let settings = TokenSettings {
            issuers: vec![issuer.unwrap()],
            public_url: PublicUrl::Fixed("https://hub".to_owned()),
            close_on_token_expiry: false,
            reuse: Reuse::Session,
            client_tokens_only: Hubs::NONE,
        };
        let keys = Keys(Arc::default());
        let access_keys = AccessKeys::parse(&"k".repeat(32)).unwrap();
        let why = Gatekeeper::new(settings, keys, access_keys).unwrap_err().to_string();
        assert!(why.ends_with(&format!("no asymmetric JWT algorithm{meant}")), "{name}: {why}");
    }
}
