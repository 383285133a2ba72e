//! What the targets share: a door with one issuer and one access key.

use std::sync::Arc;

use hubcast_auth::Gatekeeper;
use hubcast_auth::jwks::{KeySet, KeySource};
use hubcast_model::ports::Cause;
use hubcast_model::session::Reuse;
use hubcast_model::settings::{AccessKeys, Hubs, IssuerSettings, PublicUrl, TokenSettings};
use jsonwebtoken::jwk::JwkSet;

/// Where hubcast is.
pub const HOST: &str = "https://hub.example";
/// The access key.
pub const KEY: &str = "0123456789abcdef0123456789abcdef";

const ISSUER: &str = r#"{"issuer":"https://issuer","audience":"x","algorithms":["EdDSA"]}"#;
const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// One key that nobody has the other half of.
#[derive(Debug)]
pub struct OneKey(Arc<KeySet>);

impl KeySource for OneKey {
    async fn keys(&self, _: &IssuerSettings, _: Option<&str>) -> Result<Arc<KeySet>, Cause> {
        Ok(Arc::clone(&self.0))
    }
}

/// The gatekeeper of the targets.
pub fn gatekeeper() -> Gatekeeper<OneKey, AccessKeys> {
    let issuer: IssuerSettings = serde_json::from_str(ISSUER).expect("an issuer");
    let settings = TokenSettings {
        issuers: vec![issuer],
        public_url: PublicUrl::Fixed(HOST.to_owned()),
        close_on_token_expiry: false,
        reuse: Reuse::Session,
        client_tokens_only: Hubs::NONE,
    };
    let keys: JwkSet = serde_json::from_str(KEYS).expect("keys");
    let keys = OneKey(Arc::new(KeySet::from(keys)));
    Gatekeeper::new(settings, keys, AccessKeys::parse(KEY).expect("a key")).expect("settings")
}
