//! No text is taken for a token that nobody signed; no claims of a signed one break anything.
#![no_main]

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_executor::block_on;
use hubcast_auth::Gatekeeper;
use hubcast_auth_fuzz::{KEY, OneKey, gatekeeper};
use hubcast_model::settings::{AccessKeys};
use hubcast_testkit::clock::START;
use hubcast_testkit::{MemoryStore, name};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use libfuzzer_sys::fuzz_target;

static GATEKEEPER: LazyLock<Gatekeeper<OneKey, AccessKeys>> = LazyLock::new(gatekeeper);

fuzz_target!(|text: &str| {
    let (hub, store) = (name::hub("h"), MemoryStore::default());
    let admitted = block_on(GATEKEEPER.admit(&store, text, &hub, START));
    assert!(admitted.is_err(), "{text:?}");
    let connection = block_on(GATEKEEPER.connection(text, &hub, None, START));
    assert!(connection.is_err(), "{text:?}");

    let signed = signed(text);
    if let Ok(principal) = block_on(GATEKEEPER.admit(&store, &signed, &hub, START)) {
        assert_eq!(principal.hub, hub);
        assert!(principal.session.is_some());
    }
});

/// A client token that says whatever the text says.
fn signed(claims: &str) -> String {
    let message = format!("{}.{}", part(r#"{"alg":"HS256"}"#), part(claims));
    let key = EncodingKey::from_secret(KEY.as_bytes()).expect("a key");
    let signature = crypto::sign(message.as_bytes(), &key, Algorithm::HS256).expect("a signature");
    format!("{message}.{signature}")
}

fn part(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}
