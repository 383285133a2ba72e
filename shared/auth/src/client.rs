//! Client tokens: signed with an access key, by hubcast or by the Azure management SDK.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hubcast_model::id::{GroupName, HubName, UserId};
use hubcast_model::principal::{Principal, TokenKind};
use hubcast_model::session::{Reuse, SessionId, TokenSession};
use hubcast_model::settings::{AccessKeys, PublicUrl, Secret};
use hubcast_model::time::Timestamp;
use hubcast_model::values::Values;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde_json::{Value, json};
use url::Url;

use crate::AuthError;
use crate::claims::Claims;
use crate::derived::DerivedKeyId;
use crate::host::is_ours;
use crate::token::Token;

/// How long a client token of a redirect is good for opening a connection.
pub const CLIENT_TOKEN_LIFETIME: Duration = Duration::from_mins(5);

/// The issuer of our own tokens; those of the Azure management SDK name none.
const ISSUER: &str = "hubcast";
const GROUPS: &str = "hubcast.groups";
const GRANT: &str = "hubcast.grant";
/// System claims of Azure SignalR; see `Constants.cs` of Azure/azure-signalr.
const USER: &str = "asrs.s.uid";
const CLOSE_ON_EXPIRY: &str = "asrs.s.coae";
const EXPIRES_ON: &str = "asrs.s.aeo";
const SYSTEM_PREFIX: &str = "asrs.s.";
/// Claims of ours, and those that tell about the token itself.
const OWN_PREFIX: &str = "hubcast.";
const OF_TOKEN: [&str; 6] = ["aud", "exp", "iat", "iss", "jti", "nbf"];
/// User claims that would collide with claims of the token itself.
const USER_PREFIX: &str = "asrs.u.";

/// Signs and checks client tokens.
pub struct ClientTokens {
    signing: EncodingKey,
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

/// What a client token of ours says.
#[derive(Debug, Clone)]
pub struct ClientGrant<'a> {
    /// The hub it opens.
    pub hub: &'a HubName,
    /// The user; anonymous when `None`.
    pub user: Option<&'a UserId>,
    /// The groups, when the token carries them itself.
    pub groups: &'a [GroupName],
    /// The token's id, under which its groups are kept when it does not carry them.
    pub token_id: &'a str,
    /// Whether they are.
    pub groups_in_grant: bool,
    /// When the session ends.
    pub session_expires: Option<Timestamp>,
    /// When the token was issued that this one comes from; now when there is none. A log-out refuses
    /// this token together with that one.
    pub issued_at: Timestamp,
    /// How long it opens connections.
    pub lifetime: Duration,
    /// Claims of the app token that group patterns name, or that backends are told of.
    pub claims: &'a Values,
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
        let signing = EncodingKey::from_secret(keys.primary.expose().as_bytes());
        Self { signing, secrets: secrets.cloned().collect(), public_url, reuse }
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
        let own = grant.claims.iter();
        let own = own.map(|(name, values)| (format!("{USER_PREFIX}{name}"), one_or_many(values)));
        let mut claims: BTreeMap<String, Value> = own.collect();
        claims.extend(system_claims(base, grant, now));
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing);
        token.map_err(|_| AuthError::Invalid("it cannot be signed"))
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
        let is_single = self.reuse == Reuse::Once && claims.text("iss") == Some(ISSUER);
        let reuse = if is_single { Reuse::Once } else { Reuse::Session };
        let session = TokenSession { id: SessionId::of(hub, token.text), reuse };
        Ok(Verified { principal: principal(&claims, hub, session)?, is_expired })
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
            let key = DecodingKey::from_secret(key.expose().as_bytes());
            outcome = Claims::verified(token, &key, algorithm);
            if !matches!(outcome, Err(AuthError::Signature(_))) {
                break;
            }
        }
        outcome
    }

    /// The audience is the client endpoint of the hub, on one of our hosts, with or without port.
    fn check_audience(&self, claims: &Claims, hub: &HubName) -> Result<(), AuthError> {
        let audiences = claims.texts("aud");
        let urls: Vec<Url> =
            audiences.into_iter().filter_map(|text| Url::parse(text).ok()).collect();
        let ours = urls.iter().filter(|url| self.is_client_endpoint(url));
        let hubs: Vec<Option<HubName>> = ours.map(hub_of).collect();
        match hubs.as_slice() {
            [] => Err(AuthError::Invalid("it is meant for another audience")),
            hubs if hubs.contains(&Some(hub.clone())) => Ok(()),
            _ => Err(AuthError::WrongHub),
        }
    }

    fn is_client_endpoint(&self, url: &Url) -> bool {
        url.path() == "/client/" && is_ours(&self.public_url, url)
    }
}

/// A claim of one value is that value, as everywhere.
fn one_or_many(values: &[String]) -> Value {
    match values {
        [value] => json!(value),
        values => json!(values),
    }
}

/// What a token of ours says in the words of Azure SignalR and of hubcast.
fn system_claims(
    base: &str,
    grant: &ClientGrant<'_>,
    now: Timestamp,
) -> impl Iterator<Item = (String, Value)> {
    let mut claims = BTreeMap::from([
        ("iss", json!(ISSUER)),
        ("aud", json!(format!("{}/client/?hub={}", origin(base), grant.hub))),
        ("iat", seconds(grant.issued_at.min(now))),
        ("nbf", seconds(now)),
        ("exp", seconds(now.plus(grant.lifetime))),
        ("jti", json!(grant.token_id)),
    ]);
    if let Some(user) = grant.user {
        claims.insert("nameid", json!(user.as_str()));
    }
    if grant.groups_in_grant {
        claims.insert(GRANT, json!(true));
    } else if !grant.groups.is_empty() {
        let names: Vec<&str> = grant.groups.iter().map(GroupName::as_str).collect();
        claims.insert(GROUPS, json!(names));
    }
    if let Some(end) = grant.session_expires {
        claims.insert(CLOSE_ON_EXPIRY, json!(true));
        claims.insert(EXPIRES_ON, json!(end.as_seconds()));
    }
    claims.into_iter().map(|(name, value)| (name.to_owned(), value))
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
) -> Result<Principal, AuthError> {
    let named = claims.text(USER).or_else(|| claims.text("nameid"));
    let user = named.or_else(|| claims.first_text("sub"));
    let user = user.map(UserId::parse).transpose();
    let ends = claims.is_true(CLOSE_ON_EXPIRY);
    let session_expires = if ends {
        let end = claims.time_or_text(EXPIRES_ON);
        Some(end.ok_or(AuthError::Invalid("it ends its session without saying when"))?)
    } else {
        None
    };
    Ok(Principal {
        hub: hub.clone(),
        user: user.map_err(|_| AuthError::Invalid("its user is no valid name"))?,
        kind: TokenKind::Client,
        token_id: claims.text("jti").map(str::to_owned),
        issued_at: claims.time("iat").unwrap_or(Timestamp::from_millis(0)),
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

/// A base without the path that the public URL may have: audiences have none.
fn origin(base: &str) -> String {
    Url::parse(base).map_or_else(|_| base.to_owned(), |url| url.origin().ascii_serialization())
}

/// A `NumericDate` with milliseconds, so that a log-out can be told from a log-in right after it.
fn seconds(at: Timestamp) -> Value {
    let text = format!("{}.{:03}", at.as_seconds(), at.as_millis() % 1000);
    text.parse::<f64>().map_or(Value::Null, Value::from)
}
