//! Tokens for clients, and a key that signs them.

use std::time::Duration;

use hubcast_auth::backend::MintRequest;
use hubcast_auth::jwks::KeySource;
use hubcast_auth::rest::RestGate;
use hubcast_model::ports::AccessKeySource;
use hubcast_model::time::Timestamp;
use serde_json::json;

use crate::answer::{self, Answer};
use crate::request::Request;

/// The lifetime of a generated token, in minutes, when none is asked for.
const TOKEN_MINUTES: u32 = 60;

/// A client token, good at the client endpoint of `base`.
pub(crate) async fn generate<K: KeySource, A: AccessKeySource>(
    gate: &RestGate<K, A>,
    request: &Request<'_>,
    base: &str,
    now: Timestamp,
) -> Answer {
    let minutes = request.number("minutesToExpire", 1..=i32::MAX.unsigned_abs())?;
    let lifetime = Duration::from_mins(minutes.unwrap_or(TOKEN_MINUTES).into());
    let user = request.token_user()?;
    let mint = MintRequest { base, hub: &request.hub, user: user.as_ref(), lifetime };
    let token = gate.mint_client(&mint, now).await?;
    Ok(answer::json(200, &json!({ "token": token })))
}

/// A key that a backend can sign client tokens with, good for nothing else.
pub(crate) async fn access_key<K: KeySource, A: AccessKeySource>(
    gate: &RestGate<K, A>,
    now: Timestamp,
) -> Answer {
    let derived = gate.derived_key(now).await?;
    Ok(answer::json(200, &json!({ "AccessKey": derived.key.expose(), "KeyId": derived.id })))
}
