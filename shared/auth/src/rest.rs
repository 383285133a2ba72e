//! Who may call the REST API.
//!
//! Two ways: a JWT signed with an access key whose audience is the very URL
//! that is called, as Azure's management SDK makes them, or an app-only token
//! of an issuer in `REST_ISSUERS`, with its own audience and a role, perhaps
//! for some hubs. Client tokens have another audience and app tokens another
//! one again, so none of them is good here, nor are these there.

mod connection;

use std::borrow::Cow;

use hubcast_model::id::HubName;
use hubcast_model::ports::{AccessKeySource, Freshness};
use hubcast_model::principal::TokenKind;
use hubcast_model::settings::{AccessKeys, Hubs, IssuerSettings, PublicUrl, Secret};
use hubcast_model::time::Timestamp;
use jsonwebtoken::Algorithm;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::AuthError;
use crate::app::{AppTokens, IssuerError};
use crate::backend::{MintRequest, client_token};
use crate::claims::Claims;
use crate::derived::{DerivedKey, DerivedKeyId};
use crate::host::own_url;
use crate::jwks::KeySource;
use crate::secret::checking;
use crate::token::Token;

/// The first part of every path.
const API: &str = "api";
/// The claims that name the app which got a token.
const APP_CLAIMS: [&str; 3] = ["azp", "appid", "client_id"];

/// Checks the tokens of REST calls.
#[derive(Debug)]
pub struct RestGate<K, A> {
    app: AppTokens<K>,
    access_keys: A,
    public_url: PublicUrl,
}

/// A call, as far as its token must fit it.
#[derive(Debug, Clone, Copy)]
pub struct RestCall<'a> {
    /// The path as the event has it, from `api/` on: a gateway may have decoded it.
    pub path: &'a str,
    /// The decoded parts of the path, if it is known how it was encoded.
    pub parts: Option<&'a [String]>,
    /// The decoded query.
    pub query: &'a [(String, String)],
}

/// Who shows a token, as the token says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bearer {
    /// The subject (`sub`), or what Azure's management SDK calls its server (`nameid`).
    pub subject: Option<String>,
    /// The id of the app that got the token (`azp`, `appid` or `client_id`).
    pub app_id: Option<String>,
}

impl Bearer {
    fn of(claims: &Claims) -> Self {
        let first = |names: &[&str]| {
            let text = names.iter().find_map(|name| claims.text(name));
            text.map(str::to_owned)
        };
        Self { subject: first(&["sub", "nameid"]), app_id: first(&APP_CLAIMS) }
    }
}

/// What a good token allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Everything, on one path.
    Signed {
        /// The parts of the path: the caller signed it as it was encoded.
        parts: Vec<String>,
        /// Who signed.
        bearer: Bearer,
    },
    /// What these roles of the bearer allow, on these hubs.
    Granted {
        /// The hubs of the issuer's entry.
        hubs: Hubs,
        /// The roles that the token has, of those that are needed.
        roles: Vec<String>,
        /// Whose token it is.
        bearer: Bearer,
    },
    /// Nothing: its bearer has none of the roles that are needed.
    NoRole,
}

impl<K: KeySource, A: AccessKeySource> RestGate<K, A> {
    /// A gate with these issuers; without any, only the access keys open it.
    ///
    /// # Errors
    /// When an issuer pins an algorithm that does not exist or is not asymmetric.
    pub fn new(
        issuers: Vec<IssuerSettings>,
        keys: K,
        access_keys: A,
        public_url: PublicUrl,
    ) -> Result<Self, IssuerError> {
        Ok(Self { app: AppTokens::new(issuers, keys)?, access_keys, public_url })
    }

    /// What the bearer of a token may do.
    ///
    /// # Errors
    /// Why the token is refused.
    pub async fn admit(
        &self,
        token: &str,
        call: RestCall<'_>,
        now: Timestamp,
    ) -> Result<Access, AuthError> {
        let token = Token::read(token)?;
        match token.kind() {
            TokenKind::Client => self.admit_key(&token, call, now).await,
            TokenKind::App => self.admit_app(&token, now).await,
        }
    }

    /// A key that is good for signing client tokens, for a while and for nothing else.
    ///
    /// # Errors
    /// When the keys cannot be had.
    pub async fn derived_key(&self, now: Timestamp) -> Result<DerivedKey, AuthError> {
        let keys = self.keys(Freshness::Cached).await?;
        DerivedKeyId::at(now).derive(&keys.primary)
    }

    /// A client token, as the management SDK would make one.
    ///
    /// # Errors
    /// When the keys cannot be had, or the machine has no randomness to give.
    pub async fn mint_client(
        &self,
        request: &MintRequest<'_>,
        now: Timestamp,
    ) -> Result<String, AuthError> {
        let keys = self.keys(Freshness::Cached).await?;
        client_token(&keys, request, now)
    }

    async fn admit_key(
        &self,
        token: &Token<'_>,
        call: RestCall<'_>,
        now: Timestamp,
    ) -> Result<Access, AuthError> {
        // The SDK signs its calls with this one, whatever it signs client tokens with.
        if token.header.alg != Algorithm::HS256 {
            return Err(AuthError::Invalid("its algorithm is not HS256"));
        }
        let kept = self.keys(Freshness::Cached).await?;
        let claims = match signed(token.text, &kept) {
            Err(AuthError::Signature(why)) => {
                let renewed = self.keys(Freshness::Renewed).await?;
                if renewed == kept {
                    return Err(AuthError::Signature(why));
                }
                signed(token.text, &renewed)?
            }
            outcome => outcome?,
        };
        claims.check_start(now)?;
        if claims.is_expired(now)? {
            return Err(AuthError::Expired);
        }
        let audiences = claims.texts("aud").into_iter();
        let mut ours = audiences.filter_map(|text| own_url(&self.public_url, text));
        let parts = ours.find_map(|url| named(&url, call));
        let other = AuthError::Invalid("its audience is not the URL that is called");
        let bearer = Bearer::of(&claims);
        parts.map(|parts| Access::Signed { parts, bearer }).ok_or(other)
    }

    async fn admit_app(&self, token: &Token<'_>, now: Timestamp) -> Result<Access, AuthError> {
        let (claims, issuer) = self.app.claims(token, None, now).await?;
        if !is_of_app(&claims) {
            return Err(AuthError::Invalid(
                "nothing in it says that it is an app's, not a person's",
            ));
        }
        let shown = claims.texts("roles");
        let needed = issuer.roles.0.iter();
        let roles: Vec<String> =
            needed.filter(|role| shown.contains(&role.as_str())).cloned().collect();
        if roles.is_empty() {
            return Ok(Access::NoRole);
        }
        Ok(Access::Granted { hubs: hubs(issuer), roles, bearer: Bearer::of(&claims) })
    }

    async fn keys(&self, freshness: Freshness) -> Result<AccessKeys, AuthError> {
        self.access_keys.access_keys(freshness).await.map_err(AuthError::KeysUnavailable)
    }
}

/// Whether an app got the token for itself.
///
/// Entra ID says so on demand (`idtyp`). Otherwise its token is about that app and nobody else: its
/// `oid` is its `sub`, and it names the app that got it. Issuers without an `oid` name an app as
/// the subject itself, as RFC 9068 has it; that an app got a token says nothing, for a person's
/// token says it too. Only people have scopes.
/// <https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference>
fn is_of_app(claims: &Claims) -> bool {
    let kind = claims.text("idtyp");
    if claims.text("scp").is_some() || kind.is_some_and(|kind| kind != "app") {
        return false;
    }
    let Some(subject) = claims.text("sub") else {
        return kind.is_some();
    };
    let apps = APP_CLAIMS.map(|name| claims.text(name));
    let is_about_app = match claims.text("oid") {
        Some(object) => object == subject && apps.iter().any(Option::is_some),
        None => apps.contains(&Some(subject)),
    };
    kind.is_some() || is_about_app
}

/// The hubs that an issuer's apps may call.
fn hubs(issuer: &IssuerSettings) -> Hubs {
    if issuer.hubs.is_empty() {
        return Hubs::Any;
    }
    Hubs::Only(issuer.hubs.iter().filter_map(|hub| HubName::parse(hub).ok()).collect())
}

/// The claims, by whichever key fits.
fn signed(token: &str, keys: &AccessKeys) -> Result<Claims, AuthError> {
    let verified = |key: &Secret| Claims::verified(token, &checking(key)?, Algorithm::HS256);
    match (verified(&keys.primary), &keys.secondary) {
        (Err(AuthError::Signature(_)), Some(secondary)) => verified(secondary),
        (outcome, _) => outcome,
    }
}

/// The parts of the path, when an audience names the call: its path and, of its query, whatever
/// it has. The SDK signs `api-version` and `application` along; a newer one does not.
fn named(audience: &Url, call: RestCall<'_>) -> Option<Vec<String>> {
    let path = audience.path().trim_start_matches('/').trim_end_matches('/');
    let decoded = |part: &str| Some(percent_decode_str(part).decode_utf8().ok()?.into_owned());
    let mut parts = path.split('/').map(decoded).collect::<Option<Vec<String>>>()?;
    // The front door spells the first part as its route has it.
    if let Some(first) = parts.first_mut().filter(|first| first.eq_ignore_ascii_case(API)) {
        API.clone_into(first);
    }
    let is_called = if let Some(called) = call.parts {
        parts == called
    } else {
        // Which of the two it is cannot be seen; either way the caller signed what it means.
        let text = parts.join("/");
        text == call.path || decoded(call.path).is_some_and(|path| path == text)
    };
    let has = |(name, value): (Cow<'_, str>, Cow<'_, str>)| {
        let mut query = call.query.iter();
        query.any(|(known, own)| known.eq_ignore_ascii_case(&name) && *own == *value)
    };
    (is_called && audience.query_pairs().all(has)).then_some(parts)
}
