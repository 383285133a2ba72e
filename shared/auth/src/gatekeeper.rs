//! Who may enter: tokens of every kind, with the keys of the moment.
//!
//! No token is good before the time at which it says that it was issued: a
//! log-out until then would not end it. Clocks of issuers are a little ahead at
//! times, so a little is waited for ([`PATIENCE`]).

use std::time::Duration;

use hubcast_model::id::{ConnectionId, HubName, UserId};
use hubcast_model::ports::{AccessKeySource, Freshness, SessionStore};
use hubcast_model::principal::{Principal, TokenKind};
use hubcast_model::session::Reuse;
use hubcast_model::settings::{AccessKeys, Hubs, PublicUrl, TokenSettings};
use hubcast_model::time::Timestamp;

use crate::AuthError;
use crate::app::{AppTokens, IssuerError};
use crate::client::{ClientGrant, ClientTokens, Verified};
use crate::connection_token::{ConnectionTokens, NewConnection, ShownConnection};
use crate::jwks::KeySource;
use crate::token::Token;

/// How far ahead of our clock a token may have been issued, so that it is waited for.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// Checks tokens of every kind, and signs those that are ours.
#[derive(Debug)]
pub struct Gatekeeper<K, A> {
    app: AppTokens<K>,
    access_keys: A,
    public_url: PublicUrl,
    reuse: Reuse,
    client_tokens_only: Hubs,
}

impl<K: KeySource, A: AccessKeySource> Gatekeeper<K, A> {
    /// A gatekeeper by these settings, with keys of issuers from `keys`.
    ///
    /// # Errors
    /// When an issuer pins an algorithm that does not exist or is not asymmetric.
    pub fn new(settings: TokenSettings, keys: K, access_keys: A) -> Result<Self, IssuerError> {
        Ok(Self {
            app: AppTokens::new(settings.issuers, keys)?,
            access_keys,
            public_url: settings.public_url,
            reuse: settings.reuse,
            client_tokens_only: settings.client_tokens_only,
        })
    }

    /// Who shows this app token or client token for a hub.
    ///
    /// A client token that has expired is good for as long as its session lasts; `store` is asked
    /// for that and for nothing else.
    ///
    /// # Errors
    /// Why the token is refused.
    pub async fn admit(
        &self,
        store: &impl SessionStore,
        token: &str,
        hub: &HubName,
        now: Timestamp,
    ) -> Result<Principal, AuthError> {
        let token = &Token::read(token)?;
        in_time(now, |now| self.admit_at(store, token, hub, now)).await
    }

    async fn admit_at(
        &self,
        store: &impl SessionStore,
        token: &Token<'_>,
        hub: &HubName,
        now: Timestamp,
    ) -> Result<Principal, AuthError> {
        match token.kind() {
            TokenKind::Client => self.admit_client(store, token, hub, now).await,
            TokenKind::App => self.admit_app_at(token, hub, now).await,
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
        let token = &Token::read(token)?;
        if token.kind() == TokenKind::Client {
            return Err(AuthError::Invalid("an app token is needed here"));
        }
        in_time(now, |now| self.admit_app_at(token, hub, now)).await
    }

    async fn admit_app_at(
        &self,
        token: &Token<'_>,
        hub: &HubName,
        now: Timestamp,
    ) -> Result<Principal, AuthError> {
        let principal = self.app.verify(token, hub, now).await?;
        if self.client_tokens_only.contains(hub) {
            return Err(AuthError::ClientTokensOnly);
        }
        Ok(principal)
    }

    /// Who shows this app token or client token for a hub, which must not have expired: no session
    /// makes it good.
    ///
    /// # Errors
    /// Why the token is refused.
    pub async fn admit_fresh(
        &self,
        token: &str,
        hub: &HubName,
        now: Timestamp,
    ) -> Result<Principal, AuthError> {
        let token = &Token::read(token)?;
        in_time(now, |now| self.admit_fresh_at(token, hub, now)).await
    }

    async fn admit_fresh_at(
        &self,
        token: &Token<'_>,
        hub: &HubName,
        now: Timestamp,
    ) -> Result<Principal, AuthError> {
        let principal = match token.kind() {
            TokenKind::App => self.admit_app_at(token, hub, now).await?,
            TokenKind::Client => {
                let verified = self.verified(token, hub, now).await?;
                if verified.is_expired {
                    return Err(AuthError::Expired);
                }
                verified.principal
            }
        };
        // The leeway of its `exp` is none of its session.
        let is_over = principal.session_expires.is_some_and(|end| end <= now);
        if is_over { Err(AuthError::Expired) } else { Ok(principal) }
    }

    async fn verified(
        &self,
        token: &Token<'_>,
        hub: &HubName,
        now: Timestamp,
    ) -> Result<Verified, AuthError> {
        self.checked(|keys| self.client_tokens(keys).verify(token, hub, now)).await
    }

    async fn admit_client(
        &self,
        store: &impl SessionStore,
        token: &Token<'_>,
        hub: &HubName,
        now: Timestamp,
    ) -> Result<Principal, AuthError> {
        let Verified { principal, is_expired } = self.verified(token, hub, now).await?;
        if principal.is_over(now) {
            return Err(AuthError::Expired);
        }
        match &principal.session {
            Some(session) if is_expired => {
                let lasts = store.session_lasts(&session.id, now).await;
                let lasts = lasts.map_err(AuthError::SessionUnavailable)?;
                if lasts { Ok(principal) } else { Err(AuthError::Expired) }
            }
            _ => Ok(principal),
        }
    }

    /// The connection of a connectionToken that this user shows for this hub.
    ///
    /// # Errors
    /// When the token is not one of ours, is another user's or hub's, or has expired and is not of a
    /// connection that outlives its sockets.
    pub async fn connection(
        &self,
        token: &str,
        hub: &HubName,
        user: Option<&UserId>,
        now: Timestamp,
    ) -> Result<ShownConnection, AuthError> {
        let check = |keys: &AccessKeys| ConnectionTokens::new(keys).verify(token, hub, user, now);
        self.checked(check).await
    }

    /// The connection of a connectionToken whose user has opened it on this hub, however long ago.
    ///
    /// # Errors
    /// When the token is not one of ours, or is another user's or hub's.
    pub async fn opened_connection(
        &self,
        token: &str,
        hub: &HubName,
        user: Option<&UserId>,
    ) -> Result<ConnectionId, AuthError> {
        self.checked(|keys| ConnectionTokens::new(keys).verify_opened(token, hub, user)).await
    }

    /// A client token for the client endpoint at `base`, such as `https://host`.
    ///
    /// # Errors
    /// When the keys cannot be had.
    pub async fn mint_client(
        &self,
        base: &str,
        grant: &ClientGrant<'_>,
        now: Timestamp,
    ) -> Result<String, AuthError> {
        let keys = self.keys(Freshness::Cached).await?;
        self.client_tokens(&keys).mint(base, grant, now)
    }

    /// A new connection of a user on a hub.
    ///
    /// # Errors
    /// When the keys cannot be had, or the machine has no randomness to give.
    pub async fn mint_connection(
        &self,
        hub: &HubName,
        user: Option<&UserId>,
        now: Timestamp,
    ) -> Result<NewConnection, AuthError> {
        let keys = self.keys(Freshness::Cached).await?;
        ConnectionTokens::new(&keys).mint(hub, user, now)
    }

    /// The same for a connection that outlives its sockets.
    ///
    /// # Errors
    /// When the keys cannot be had, or the machine has no randomness to give.
    pub async fn mint_line(
        &self,
        hub: &HubName,
        user: Option<&UserId>,
        now: Timestamp,
    ) -> Result<NewConnection, AuthError> {
        let keys = self.keys(Freshness::Cached).await?;
        ConnectionTokens::new(&keys).mint_line(hub, user, now)
    }

    fn client_tokens(&self, keys: &AccessKeys) -> ClientTokens {
        ClientTokens::new(keys, self.public_url.clone(), self.reuse)
    }

    /// Checks with the keys that are kept, and once more if none fits and there are newer ones.
    async fn checked<T>(
        &self,
        check: impl Fn(&AccessKeys) -> Result<T, AuthError> + Send + Sync,
    ) -> Result<T, AuthError>
    where
        T: Send,
    {
        let kept = self.keys(Freshness::Cached).await?;
        match check(&kept) {
            Err(AuthError::Signature(why)) => {
                let renewed = self.keys(Freshness::Renewed).await?;
                if renewed == kept { Err(AuthError::Signature(why)) } else { check(&renewed) }
            }
            outcome => outcome,
        }
    }

    async fn keys(&self, freshness: Freshness) -> Result<AccessKeys, AuthError> {
        self.access_keys.access_keys(freshness).await.map_err(AuthError::KeysUnavailable)
    }
}

/// Checks a token, and once more when it is good a little later.
async fn in_time<T, F>(now: Timestamp, check: impl Fn(Timestamp) -> F) -> Result<T, AuthError>
where
    F: Future<Output = Result<T, AuthError>>,
{
    match check(now).await {
        Err(AuthError::Ahead(lead)) if lead <= PATIENCE => {
            tokio::time::sleep(lead).await;
            check(now.plus(lead)).await
        }
        outcome => outcome,
    }
}
