//! What a client token of ours says.

use std::collections::BTreeMap;
use std::time::Duration;

use hubcast_model::id::{GroupName, HubName, UserId};
use hubcast_model::session::SessionId;
use hubcast_model::time::Timestamp;
use hubcast_model::values::Values;
use serde_json::{Value, json};
use url::Url;

use super::names::{CLOSE_ON_EXPIRY, EXPIRES_ON, GRANT, GROUPS, ISSUER, SESSION, USER_PREFIX};
use crate::claims::AUTH_TIME;

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
    /// Whether hubcast's own redirect hands the token out; backends make the others, as they make
    /// theirs with the management SDK.
    pub is_redirect: bool,
    /// The session of the client token that a redirect stands in for, if it does.
    pub session: Option<&'a SessionId>,
    /// When the session ends.
    pub session_expires: Option<Timestamp>,
    /// When the token was issued that this one comes from; now when there is none. A log-out refuses
    /// this token together with that one.
    pub issued_at: Timestamp,
    /// When the user logged in, if the token says so that this one comes from.
    pub logged_in_at: Option<Timestamp>,
    /// How long it opens connections.
    pub lifetime: Duration,
    /// Claims of the app token that group patterns name, or that backends are told of.
    pub claims: &'a Values,
}

impl ClientGrant<'_> {
    /// The claims of its token for the client endpoint at `base`.
    pub(super) fn claims(&self, base: &str, now: Timestamp) -> BTreeMap<String, Value> {
        let own = self.claims.iter();
        let own = own.map(|(name, values)| (format!("{USER_PREFIX}{name}"), one_or_many(values)));
        let mut claims: BTreeMap<String, Value> = own.collect();
        claims.extend(system_claims(base, self, now));
        claims
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
        ("aud", json!(format!("{}/client/?hub={}", origin(base), grant.hub))),
        ("iat", seconds(grant.issued_at.min(now))),
        ("nbf", seconds(now)),
        ("exp", seconds(now.plus(grant.lifetime))),
        ("jti", json!(grant.token_id)),
    ]);
    if grant.is_redirect {
        claims.insert("iss", json!(ISSUER));
    }
    if let Some(user) = grant.user {
        claims.insert("nameid", json!(user.as_str()));
    }
    if grant.groups_in_grant {
        claims.insert(GRANT, json!(true));
    } else if !grant.groups.is_empty() {
        let names: Vec<&str> = grant.groups.iter().map(GroupName::as_str).collect();
        claims.insert(GROUPS, json!(names));
    }
    if let Some(session) = grant.session {
        claims.insert(SESSION, json!(session.as_str()));
    }
    if let Some(at) = grant.logged_in_at {
        claims.insert(AUTH_TIME, seconds(at));
    }
    if let Some(end) = grant.session_expires {
        claims.insert(CLOSE_ON_EXPIRY, json!(true));
        claims.insert(EXPIRES_ON, json!(end.as_seconds()));
    }
    claims.into_iter().map(|(name, value)| (name.to_owned(), value))
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
