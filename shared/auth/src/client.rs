//! Client tokens: signed with an access key, by hubcast or by the Azure management SDK.

mod connection_claims;
mod grant;
mod names;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hubcast_model::id::{HubName, UserId};
use hubcast_model::principal::{Principal, TokenKind};
use hubcast_model::session::{Reuse, SessionId, TokenSession};
use hubcast_model::settings::{AGE_CLAIM, AccessKeys, PublicUrl, Secret};
use hubcast_model::time::Timestamp;
use hubcast_model::values::Values;
use jsonwebtoken::Algorithm;
use url::Url;

use crate::AuthError;
use crate::claims::{AUTH_TIME, Claims};
use crate::derived::DerivedKeyId;
use crate::host::own_url;
use crate::secret::{checking, sign};
use crate::token::Token;

pub use connection_claims::{ConnectionClaim, OtherUser, claims_of, with_claims};
pub use grant::ClientGrant;
use names::{
    CLOSE_ON_EXPIRY, EXPIRES_ON, GRANT, GROUPS, ISSUER, OF_TOKEN, OWN_PREFIX, SESSION,
    SYSTEM_PREFIX, USER_PREFIX, USERS,
};

/// How long a client token of a redirect is good for opening a connection.
pub const CLIENT_TOKEN_LIFETIME: Duration = Duration::from_mins(5);

/// Signs and checks client tokens.
pub struct ClientTokens {
    primary: Secret,
    secrets: Vec<Secret>,
    public_url: PublicUrl,
    reuse: Reuse,
}

/// A client token whose signature is right.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) principal: Principal,
    /// Only its session can make it good.
    pub(crate) is_expired: bool,
}

impl fmt::Debug for ClientTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTokens").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}

impl ClientTokens {
    /// Tokens of these keys; the primary signs, both verify.
    pub fn new(keys: &AccessKeys, public_url: PublicUrl, reuse: Reuse) -> Self {
        let secrets = [Some(&keys.primary), keys.secondary.as_ref()].into_iter().flatten();
        let primary = keys.primary.clone();
        Self { primary, secrets: secrets.cloned().collect(), public_url, reuse }
    }

    /// A token for the client endpoint at `base`, such as `https://host`.
    ///
    /// # Errors
    /// When signing fails, which it does not with the keys that are accepted.
    pub fn mint(
        &self,
        base: &str,
        grant: &ClientGrant<'_>,
        now: Timestamp,
    ) -> Result<String, AuthError> {
        sign(&self.primary, &grant.claims(base, now))
    }

    /// Who shows this token for a hub, whether or not it has expired.
    pub(crate) fn verify(
        &self,
        token: &Token<'_>,
        hub: &HubName,
        now: Timestamp,
    ) -> Result<Verified, AuthError> {
        let algorithm = token.header.alg;
        if !matches!(algorithm, Algorithm::HS256 | Algorithm::HS512) {
            return Err(AuthError::Invalid("its algorithm is not one of client tokens"));
        }
        let derived = token.header.kid.as_deref().and_then(DerivedKeyId::parse);
        let claims = self.signed(token.text, algorithm, derived)?;
        claims.check_start(now)?;
        // What a derived key signed lasts no longer than the key.
        let is_expired = claims.is_expired(now)? || derived.is_some_and(|key| key.expires <= now);
        self.check_audience(&claims, hub)?;
        let session = self.session(token, hub, &claims);
        Ok(Verified { principal: principal(&claims, hub, session, now)?, is_expired })
    }

    /// The session that a token opens: its own, or that of the token it stands in for.
    fn session(&self, token: &Token<'_>, hub: &HubName, claims: &Claims) -> TokenSession {
        let is_redirect = claims.text("iss") == Some(ISSUER);
        let other = claims.text(SESSION).filter(|_| is_redirect).and_then(SessionId::parse);
        let is_single = self.reuse == Reuse::Once && is_redirect && other.is_none();
        let reuse = if is_single { Reuse::Once } else { Reuse::Session };
        TokenSession { id: other.unwrap_or_else(|| SessionId::of(hub, token.text)), reuse }
    }

    /// The claims, by whichever key fits.
    fn signed(
        &self,
        token: &str,
        algorithm: Algorithm,
        derived: Option<DerivedKeyId>,
    ) -> Result<Claims, AuthError> {
        let mut outcome = Err(AuthError::WRONG_SIGNATURE);
        for secret in &self.secrets {
            let key = match derived {
                Some(id) => id.derive(secret)?.key,
                None => secret.clone(),
            };
            outcome = Claims::verified(token, &checking(&key)?, algorithm);
            if !matches!(outcome, Err(AuthError::Signature(_))) {
                break;
            }
        }
        outcome
    }

    /// The audience is the client endpoint of the hub, on one of our hosts, with or without port.
    fn check_audience(&self, claims: &Claims, hub: &HubName) -> Result<(), AuthError> {
        let audiences = claims.texts("aud");
        let ours = audiences.into_iter().filter_map(|text| own_url(&self.public_url, text));
        let endpoints = ours.filter(|url| url.path() == "/client/");
        let hubs: Vec<Option<HubName>> = endpoints.map(|url| hub_of(&url)).collect();
        match hubs.as_slice() {
            [] => Err(AuthError::Invalid("it is meant for another audience")),
            hubs if hubs.contains(&Some(hub.clone())) => Ok(()),
            _ => Err(AuthError::WrongHub),
        }
    }
}

/// The one hub that an audience names.
fn hub_of(url: &Url) -> Option<HubName> {
    let mut query = url.query_pairs();
    match (query.next(), query.next()) {
        (Some((name, hub)), None) if name == "hub" => HubName::parse(&hub).ok(),
        _ => None,
    }
}

fn principal(
    claims: &Claims,
    hub: &HubName,
    session: TokenSession,
    now: Timestamp,
) -> Result<Principal, AuthError> {
    let user = claims.user(&USERS)?.map(|user| UserId::parse(&user)).transpose();
    let ends = claims.is_true(CLOSE_ON_EXPIRY);
    let session_expires = if ends {
        let end = claims.time_or_text(EXPIRES_ON);
        Some(end.ok_or(AuthError::Invalid("it ends its session without saying when"))?)
    } else {
        None
    };
    Ok(Principal {
        hub: hub.clone(),
        user: user.map_err(AuthError::BadUser)?,
        kind: TokenKind::Client,
        token_id: claims.text("jti").map(str::to_owned),
        issued_at: claims.issued_at(&[AGE_CLAIM], now)?,
        logged_in_at: claims.time(AUTH_TIME),
        session_expires,
        session: Some(session),
        groups: claims.groups(&[GROUPS], ""),
        groups_in_grant: claims.is_true(GRANT) && claims.text("jti").is_some(),
        claims: of_user(claims.plain()),
        user_claims: told_claims(claims),
        connection: None,
    })
}

/// The user's own claims; those that were prefixed get their names back.
fn of_user<V>(claims: BTreeMap<String, V>) -> BTreeMap<String, V> {
    let claims = claims.into_iter().filter(|(name, _)| !name.starts_with(SYSTEM_PREFIX));
    let (prefixed, mut own): (BTreeMap<_, _>, BTreeMap<_, _>) =
        claims.partition(|(name, _)| name.starts_with(USER_PREFIX));
    for (name, value) in prefixed {
        // What the token itself says is not for user claims to change.
        own.entry(name.replacen(USER_PREFIX, "", 1)).or_insert(value);
    }
    own
}

/// What backends are told: claims about the user, and none about the token.
fn told_claims(claims: &Claims) -> Values {
    let mut all = claims.all();
    let is_of_token = |name: &str| OF_TOKEN.contains(&name) || name.starts_with(OWN_PREFIX);
    all.retain(|name, _| !is_of_token(name));
    of_user(all)
}
