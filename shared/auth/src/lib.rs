//! Tokens to principals: the only crate that knows JWT and keys.
//!
//! Four kinds of token, each with checks of its own, none accepted as another:
//! app tokens ([`app`], asymmetric, from an OIDC issuer), client tokens
//! ([`client`], HS256 or HS512 with an access key or one derived from it,
//! [`derived`]), connectionTokens ([`connection_token`], no JWT at all) and
//! those of REST calls ([`rest`]). [`Gatekeeper`] tells the first two apart by
//! their algorithm, which each kind pins. [`backend`] makes the tokens that backends make.

pub mod app;
pub mod backend;
mod claims;
pub mod client;
pub mod connection_token;
pub mod derived;
mod gatekeeper;
mod host;
pub mod jwks;
pub mod rest;
mod secret;
mod token;
pub mod webhook;

use std::time::Duration;

use hubcast_model::id::NameError;
use hubcast_model::ports::{Cause, StoreError};

pub use claims::LEEWAY;
pub use gatekeeper::{Gatekeeper, PATIENCE};

/// Why a token was refused. The texts may be shown to clients.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// No token was shown.
    #[error("an access token is needed")]
    Missing,
    /// The token is not one of ours, or was tampered with.
    #[error("the access token is not valid: {0}")]
    Invalid(&'static str),
    /// No key fits the signature; keys may have been rotated.
    #[error("the access token is not valid: {0}")]
    Signature(&'static str),
    /// The user of the token is none that could be addressed.
    #[error("the access token is not valid: its user {0}")]
    BadUser(NameError),
    /// The claim that names the user names nobody who could be told.
    #[error("the access token is not valid: its claim '{0}' names no user that can be read")]
    UnreadableUser(String),
    /// The token was issued when our clock reaches this, and not before: a log-out until then would
    /// not end it.
    #[error("the access token was issued {} ms ahead of our clock: set its issuer's clock", .0.as_millis())]
    Ahead(Duration),
    /// The token was good, before.
    #[error("the access token has expired")]
    Expired,
    /// The token is good, but not for this hub.
    #[error("the access token is not good for this hub")]
    WrongHub,
    /// The token is an app's, and this hub takes client tokens only.
    #[error("this hub takes client tokens only: negotiate with the app")]
    ClientTokensOnly,
    /// The keys cannot be had right now.
    #[error("the keys to check the token with cannot be read")]
    KeysUnavailable(#[source] Cause),
    /// The session of the token cannot be looked up right now.
    #[error("the session of the token cannot be read")]
    SessionUnavailable(#[source] StoreError),
}

impl AuthError {
    const WRONG_SIGNATURE: Self = Self::Signature("its signature is wrong");
}
