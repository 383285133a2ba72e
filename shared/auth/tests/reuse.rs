//! Which client tokens `CLIENT_TOKEN_REUSE=once` is about.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::time::Duration;

use hubcast_auth::backend::MintRequest;
use hubcast_auth::client::CLIENT_TOKEN_LIFETIME;
use hubcast_auth::rest::RestGate;
use hubcast_auth::{Gatekeeper, LEEWAY};
use hubcast_model::session::Reuse;
use hubcast_model::settings::{PublicUrl, TokenSettings};
use hubcast_model::socket::ROW_LIFETIME;
use hubcast_testkit::clock::START;
use hubcast_testkit::token::{PUBLIC_URL, access_keys, redirect, settings};
use hubcast_testkit::{MemoryStore, TestIssuer, name};

fn gatekeeper() -> Gatekeeper<TestIssuer, hubcast_model::settings::AccessKeys> {
    let settings = TokenSettings { reuse: Reuse::Once, ..settings() };
    Gatekeeper::new(settings, TestIssuer::default(), access_keys()).unwrap()
}

/// How often a token opens a connection.
async fn reuse_of(token: &str) -> Reuse {
    let (store, hub) = (MemoryStore::default(), name::hub("notifications"));
    let principal = gatekeeper().admit(&store, token, &hub, START).await.unwrap();
    principal.session.unwrap().reuse
}

#[tokio::test]
async fn a_token_of_a_redirect_is_good_for_one_use() {
    let hub = name::hub("notifications");
    let token = gatekeeper().mint_client(PUBLIC_URL, &redirect(&hub), START).await.unwrap();
    assert_eq!(reuse_of(&token).await, Reuse::Once);
}

/// The row of a used token lives for hours, and a backend may ask for years.
#[tokio::test]
async fn a_token_that_a_backend_asked_for_opens_a_session() {
    let public_url = PublicUrl::Fixed(PUBLIC_URL.to_owned());
    let gate = RestGate::new(Vec::new(), TestIssuer::default(), access_keys(), public_url).unwrap();
    let (hub, lifetime) = (name::hub("notifications"), Duration::from_hours(24 * 365));
    let mint = MintRequest { base: PUBLIC_URL, hub: &hub, user: None, lifetime };
    let token = gate.mint_client(&mint, START).await.unwrap();
    assert_eq!(reuse_of(&token).await, Reuse::Session);
}

#[test]
fn a_token_for_one_use_has_expired_when_its_row_goes() {
    assert!(CLIENT_TOKEN_LIFETIME + LEEWAY < ROW_LIFETIME);
}
