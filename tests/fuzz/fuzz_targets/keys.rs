//! Whatever an issuer publishes as its keys, tokens are checked by them without a panic.
#![no_main]

use std::sync::{Arc, LazyLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_executor::block_on;
use hubcast_auth::Gatekeeper;
use hubcast_auth::jwks::{KeySet, KeySource, key_set};
use hubcast_model::ports::Cause;
use hubcast_model::settings::{IssuerSettings, TokenSettings};
use hubcast_testkit::clock::START;
use hubcast_testkit::token::{ISSUER, access_keys, settings};
use hubcast_testkit::{MemoryStore, name};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

const ALGORITHMS: [&str; 5] = ["RS256", "PS512", "ES256", "ES384", "EdDSA"];

static SETTINGS: LazyLock<TokenSettings> = LazyLock::new(|| {
    let issuer = json!({ "issuer": ISSUER, "audience": "x", "algorithms": ALGORITHMS });
    let issuers = vec![serde_json::from_value(issuer).expect("an issuer")];
    TokenSettings { issuers, ..settings() }
});
/// Tokens of the issuer, for each algorithm one that names a key and one that names none.
static TOKENS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let claims = json!({ "iss": ISSUER, "aud": "x", "sub": "a", "exp": START.as_seconds() + 60 });
    let headers = ALGORITHMS.iter().flat_map(|alg| [json!({ "alg": alg, "kid": "k" }), json!({ "alg": alg })]);
    let signature = URL_SAFE_NO_PAD.encode([1; 64]);
    headers.map(|header| format!("{}.{}.{signature}", part(&header), part(&claims))).collect()
});

fn part(json: &serde_json::Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

/// The keys that were published.
struct Published(Arc<KeySet>);

impl KeySource for Published {
    async fn keys(&self, _: &IssuerSettings, _: Option<&str>) -> Result<Arc<KeySet>, Cause> {
        Ok(Arc::clone(&self.0))
    }
}

fuzz_target!(|document: &[u8]| {
    let Ok(keys) = key_set(document) else { return };
    if keys.0.is_empty() {
        return;
    }
    let keys = Published(Arc::new(keys));
    let gatekeeper = Gatekeeper::new(SETTINGS.clone(), keys, access_keys()).expect("settings");
    let (hub, store) = (name::hub("n"), MemoryStore::default());
    let token = &TOKENS[document.len() % TOKENS.len()];
    // Whether a made-up key fits is not for hubcast to say: the issuer publishes it.
    let _ = block_on(gatekeeper.admit(&store, token, &hub, START));
});
