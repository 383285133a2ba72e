//! Tokens to principals: the only crate that knows JWT and keys.
//!
//! Three kinds of token, each with checks of its own, none accepted as another:
//! app tokens ([`app`], asymmetric, from an OIDC issuer), client tokens
//! ([`client`], HS256 or HS512 with an access key) and connectionTokens
//! ([`connection_token`], no JWT at all). [`Gatekeeper`] tells them apart by
//! their algorithm, which each kind pins.

pub mod app;
mod claims;
pub mod client;
pub mod connection_token;
pub mod jwks;

use hubcast_core::id::HubName;
use hubcast_core::ports::Cause;
use hubcast_core::principal::{Principal, TokenKind};
use hubcast_core::settings::TokenSettings;
use hubcast_core::time::Timestamp;

use app::{AppTokens, IssuerError};
use client::ClientTokens;
use connection_token::ConnectionTokens;
use jwks::KeySource;

/// Why a token was refused. The texts may be shown to clients.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// No token was shown.
    #[error("an access token is needed")]
    Missing,
    /// The token is not one of ours, or was tampered with.
    #[error("the access token is not valid: {0}")]
    Invalid(&'static str),
    /// The token was good, before.
    #[error("the access token has expired")]
    Expired,
    /// The token is good, but not for this hub.
    #[error("the access token is not good for this hub")]
    WrongHub,
    /// The issuer's keys cannot be had right now.
    #[error("the keys of the token's issuer cannot be read")]
    KeysUnavailable(#[source] Cause),
}

/// Checks tokens of every kind.
#[derive(Debug)]
pub struct Gatekeeper<K> {
    app: AppTokens<K>,
    /// Client tokens, for minting too.
    pub client: ClientTokens,
    /// connectionTokens, for minting too.
    pub connection: ConnectionTokens,
}

impl<K: KeySource> Gatekeeper<K> {
    /// A gatekeeper by these settings, with keys of issuers from `keys`.
    ///
    /// # Errors
    /// When an issuer pins an algorithm that does not exist or is not asymmetric.
    pub fn new(settings: TokenSettings, keys: K) -> Result<Self, IssuerError> {
        Ok(Self {
            connection: ConnectionTokens::new(&settings.keys),
            app: AppTokens::new(settings.issuers, keys)?,
            client: ClientTokens::new(&settings.keys, settings.public_url),
        })
    }

    /// Who shows this app token or client token for a hub.
    ///
    /// # Errors
    /// Why the token is refused.
    pub async fn admit(
        &self,
        token: &str,
        hub: &HubName,
        now: Timestamp,
    ) -> Result<Principal, AuthError> {
        match kind(token)? {
            TokenKind::Client => self.client.verify(token, hub, now),
            TokenKind::App => self.app.verify(token, hub, now).await,
        }
    }

    /// Who shows this app token for a hub; client tokens are refused.
    ///
    /// # Errors
    /// Why the token is refused.
    pub async fn admit_app(
        &self,
        token: &str,
        hub: &HubName,
        now: Timestamp,
    ) -> Result<Principal, AuthError> {
        match kind(token)? {
            TokenKind::App => self.app.verify(token, hub, now).await,
            TokenKind::Client => Err(AuthError::Invalid("an app token is needed here")),
        }
    }
}

/// Which kind a token claims to be. Each kind's check pins its algorithms again.
fn kind(token: &str) -> Result<TokenKind, AuthError> {
    let header = jsonwebtoken::decode_header(token);
    let header = header.map_err(|_| AuthError::Invalid("it is not a JWT"))?;
    Ok(match header.alg {
        jsonwebtoken::Algorithm::HS256 | jsonwebtoken::Algorithm::HS512 => TokenKind::Client,
        _ => TokenKind::App,
    })
}
