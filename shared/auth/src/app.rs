//! App tokens: Entra ID and any other OIDC issuer.

use hubcast_model::id::{HubName, UserId};
use hubcast_model::principal::{Principal, TokenKind};
use hubcast_model::settings::{AGE_CLAIM, IssuerSettings, in_tenant};
use hubcast_model::spelling::hint;
use hubcast_model::time::Timestamp;
use jsonwebtoken::jwk::{Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header};

use crate::AuthError;
use crate::claims::{AUTH_TIME, Claims};
use crate::jwks::{KeySet, KeySource, SigningKey};
use crate::token::Token;

/// Checks app tokens against the issuers of the configuration.
#[derive(Debug)]
pub struct AppTokens<K> {
    issuers: Vec<(IssuerSettings, Vec<Algorithm>)>,
    keys: K,
}

/// The algorithms that an issuer may pin: whoever can check such a signature cannot make it.
const ASYMMETRIC: [&str; 9] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

/// An issuer pins an algorithm that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the issuer {issuer} pins '{algorithm}', which is no asymmetric JWT algorithm{hint}")]
pub struct IssuerError {
    issuer: String,
    algorithm: String,
    /// What was meant by a misspelt algorithm, as a question, or nothing.
    hint: String,
}

impl IssuerError {
    fn of(issuer: &IssuerSettings, algorithm: &str) -> Self {
        // A symmetric one is spelt right.
        let is_slip = algorithm.parse::<Algorithm>().is_err();
        let hint = if is_slip { hint(algorithm, ASYMMETRIC) } else { String::new() };
        Self { issuer: issuer.issuer.clone(), algorithm: algorithm.to_owned(), hint }
    }
}

impl<K: KeySource> AppTokens<K> {
    /// Checks against these issuers, with their keys from `keys`.
    ///
    /// # Errors
    /// When an issuer pins an algorithm that does not exist or is not asymmetric.
    pub fn new(issuers: Vec<IssuerSettings>, keys: K) -> Result<Self, IssuerError> {
        let pinned = |issuer: IssuerSettings| {
            let algorithms = algorithms(&issuer)?;
            Ok((issuer, algorithms))
        };
        Ok(Self { issuers: issuers.into_iter().map(pinned).collect::<Result<_, _>>()?, keys })
    }

    /// Who shows this token for a hub.
    ///
    /// # Errors
    /// Why the token is refused.
    pub(crate) async fn verify(
        &self,
        token: &Token<'_>,
        hub: &HubName,
        now: Timestamp,
    ) -> Result<Principal, AuthError> {
        let (claims, issuer) = self.claims(token, Some(hub), now).await?;
        principal(&claims, issuer, hub, now)
    }

    /// The claims of a token that one of the issuers gave for this hub, or for none in particular.
    ///
    /// # Errors
    /// Why the token is refused.
    pub(crate) async fn claims(
        &self,
        token: &Token<'_>,
        hub: Option<&HubName>,
        now: Timestamp,
    ) -> Result<(Claims, &IssuerSettings), AuthError> {
        let unverified = Claims::unverified(token.text)?;
        let (issuer, pinned) = self.issuer(&unverified, hub)?;
        let header = &token.header;
        if !pinned.contains(&header.alg) {
            return Err(AuthError::Invalid("its algorithm is not one of its issuer's"));
        }
        let keys = self.keys.keys(issuer, header.kid.as_deref()).await;
        let key = pick(&*keys.map_err(AuthError::KeysUnavailable)?, header, &unverified)?;
        let claims = Claims::verified(token.text, &key, header.alg)?;
        claims.check_start(now)?;
        if claims.is_expired(now)? {
            return Err(AuthError::Expired);
        }
        Ok((claims, issuer))
    }

    /// The settings that are about this token: of several for one issuer, those for its audience
    /// and, if there are any, for the hub.
    fn issuer(
        &self,
        unverified: &Claims,
        hub: Option<&HubName>,
    ) -> Result<&(IssuerSettings, Vec<Algorithm>), AuthError> {
        let known = || self.issuers.iter().filter(|(issuer, _)| is_issued_by(unverified, issuer));
        if known().next().is_none() {
            return Err(AuthError::Invalid("its issuer is not known"));
        }
        let meant = || known().filter(|(issuer, _)| is_meant_for(unverified, issuer));
        let serving = meant().find(|(issuer, _)| hub.is_none_or(|hub| serves(issuer, hub)));
        let found = serving.or_else(|| meant().next());
        found.ok_or(AuthError::Invalid("it is meant for another audience"))
    }
}

fn algorithms(issuer: &IssuerSettings) -> Result<Vec<Algorithm>, IssuerError> {
    let asymmetric = |name: &String| {
        let known = ASYMMETRIC.contains(&name.as_str()).then(|| name.parse().ok()).flatten();
        known.ok_or_else(|| IssuerError::of(issuer, name))
    };
    issuer.algorithms.iter().map(asymmetric).collect()
}

fn is_issued_by(claims: &Claims, issuer: &IssuerSettings) -> bool {
    let tenant = claims.text("tid");
    let is_tenant = |tid: &str| issuer.tenants.iter().any(|tenant| tenant == tid);
    if !issuer.tenants.is_empty() && !tenant.is_some_and(is_tenant) {
        return false;
    }
    let expected = match tenant {
        // Any tenant would do if the list of tenants did not say which.
        Some(tenant) if !issuer.tenants.is_empty() => issuer.name_in(tenant),
        _ => issuer.issuer.clone(),
    };
    claims.text("iss") == Some(expected.as_str())
}

/// The key that the token names, or the only one there is.
fn pick(keys: &KeySet, header: &Header, claims: &Claims) -> Result<DecodingKey, AuthError> {
    let key = match (&header.kid, keys.0.as_slice()) {
        (Some(kid), _) => keys.find(kid),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let key = key.filter(|key| signs(&key.key, header.alg) && is_key_of(key, claims));
    let key = key.ok_or(AuthError::Invalid("its key is not one of its issuer's"))?;
    DecodingKey::from_jwk(&key.key).map_err(|_| AuthError::Invalid("its key is of no known kind"))
}

/// Whether the key may sign for the issuer that the token names.
///
/// The key set that all tenants of Entra ID share names the issuer of each key: the keys for
/// personal accounts sign for one tenant only. A token of version 1 has an issuer of its own
/// spelling, and the keys are named as for version 2.
/// <https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-signing-key-issuer>
fn is_key_of(key: &SigningKey, claims: &Claims) -> bool {
    let Some(named) = &key.issuer else {
        return true;
    };
    let (issuer, tenant) = (claims.text("iss").unwrap_or_default(), claims.text("tid"));
    let Some(tenant) = tenant else {
        return named == issuer;
    };
    let named = in_tenant(named, tenant);
    let is_version_1 = issuer.ends_with(&format!("/{tenant}/"));
    named == issuer || (is_version_1 && named.ends_with(&format!("/{tenant}/v2.0")))
}

/// Whether a key says nothing against a signature of this algorithm.
fn signs(key: &Jwk, algorithm: Algorithm) -> bool {
    let common = &key.common;
    let is_for_signatures =
        common.public_key_use.as_ref().is_none_or(|used| *used == PublicKeyUse::Signature);
    let verifies = |operations: &Vec<KeyOperations>| operations.contains(&KeyOperations::Verify);
    let pins = |pinned: KeyAlgorithm| pinned.to_string().parse() == Ok(algorithm);
    is_for_signatures
        && common.key_operations.as_ref().is_none_or(verifies)
        && common.key_algorithm.is_none_or(pins)
}

fn is_meant_for(claims: &Claims, issuer: &IssuerSettings) -> bool {
    let audiences = claims.texts("aud");
    issuer.audience.0.iter().any(|known| audiences.contains(&known.as_str()))
}

fn serves(issuer: &IssuerSettings, hub: &HubName) -> bool {
    let is_hub = |name: &String| name.eq_ignore_ascii_case(hub.as_str());
    issuer.hubs.is_empty() || issuer.hubs.iter().any(is_hub)
}

fn principal(
    claims: &Claims,
    issuer: &IssuerSettings,
    hub: &HubName,
    now: Timestamp,
) -> Result<Principal, AuthError> {
    if !serves(issuer, hub) {
        return Err(AuthError::WrongHub);
    }
    let prefixed = |prefix: &str| in_tenant(prefix, claims.text("tid").unwrap_or_default());
    let user = claims.text(&issuer.user_claim);
    let user = user.ok_or(AuthError::Invalid("it does not name a user"))?;
    let user = UserId::parse(&format!("{}{user}", prefixed(&issuer.user_prefix)));
    let groups: Vec<&str> = issuer.groups_claim.0.iter().map(String::as_str).collect();
    Ok(Principal {
        hub: hub.clone(),
        user: Some(user.map_err(AuthError::BadUser)?),
        kind: TokenKind::App,
        token_id: claims.text("jti").map(str::to_owned),
        issued_at: claims.issued_at(&[AGE_CLAIM, &issuer.age_claim], now)?,
        logged_in_at: claims.time(AUTH_TIME),
        session_expires: claims.time("exp"),
        session: None,
        groups: claims.groups(&groups, &prefixed(&issuer.group_prefix)),
        groups_in_grant: false,
        claims: claims.plain(),
        user_claims: claims.all(),
        connection: None,
    })
}
