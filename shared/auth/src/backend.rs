//! Tokens that a backend makes with an access key: for its clients, and for its calls of the REST
//! API. The Azure management SDK makes the same two kinds.

use std::collections::BTreeMap;
use std::time::Duration;

use hubcast_model::id::{HubName, UserId};
use hubcast_model::session::Reuse;
use hubcast_model::settings::{AccessKeys, PublicUrl};
use hubcast_model::time::Timestamp;
use serde_json::json;

use crate::AuthError;
use crate::client::{ClientGrant, ClientTokens};
use crate::connection_token::ConnectionTokens;
use crate::secret::sign;

/// How long a token for a call is good.
const CALL_TOKEN_LIFETIME: Duration = Duration::from_mins(5);

/// A client token to make.
#[derive(Debug, Clone, Copy)]
pub struct MintRequest<'a> {
    /// The URL of the deployment, such as `https://host`.
    pub base: &'a str,
    /// The hub.
    pub hub: &'a HubName,
    /// The user; anonymous when `None`.
    pub user: Option<&'a UserId>,
    /// How long the token opens connections.
    pub lifetime: Duration,
}

/// A client token, as the management SDK would make one.
///
/// # Errors
/// When the machine has no randomness to give.
pub fn client_token(
    keys: &AccessKeys,
    request: &MintRequest<'_>,
    now: Timestamp,
) -> Result<String, AuthError> {
    let MintRequest { base, hub, user, lifetime } = *request;
    let token_id = ConnectionTokens::new(keys).mint(hub, user, now)?.id.to_string();
    let grant = ClientGrant {
        hub,
        user,
        groups: &[],
        token_id: &token_id,
        groups_in_grant: false,
        is_redirect: false,
        session: None,
        session_expires: None,
        issued_at: now,
        logged_in_at: None,
        lifetime,
        claims: &BTreeMap::new(),
    };
    let tokens = ClientTokens::new(keys, PublicUrl::Fixed(base.to_owned()), Reuse::default());
    tokens.mint(base, &grant, now)
}

/// A token for one call of the REST API: its audience is the URL of the call, without a query.
///
/// # Errors
/// When signing fails, which it does not with the keys that are accepted.
pub fn call_token(keys: &AccessKeys, url: &str, now: Timestamp) -> Result<String, AuthError> {
    let end = now.plus(CALL_TOKEN_LIFETIME);
    let claims = json!({ "aud": url, "iat": now.as_seconds(), "exp": end.as_seconds() });
    sign(&keys.primary, &claims)
}
