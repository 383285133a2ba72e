//! Claims of a verified token, and the checks that all tokens share.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hubcast_model::id::GroupName;
use hubcast_model::time::Timestamp;
use hubcast_model::values::Values;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::AuthError;

/// How far apart the clocks of issuer and verifier may be.
pub const LEEWAY: Duration = Duration::from_mins(1);

/// When the user logged in, of which a token that was refreshed tells the same as the first one.
pub(crate) const AUTH_TIME: &str = "auth_time";

/// The claims of one token, each of which stands there once.
#[derive(Debug)]
pub(crate) struct Claims(Map<String, Value>);

impl Claims {
    /// Checks a token's signature and reads its claims, which are not checked yet.
    pub(crate) fn verified(
        token: &str,
        key: &DecodingKey,
        algorithm: Algorithm,
    ) -> Result<Self, AuthError> {
        // `jsonwebtoken::decode` refuses claims of other types than it knows, such as several `sub`.
        let (message, signature) = token.rsplit_once('.').ok_or(AuthError::WRONG_SIGNATURE)?;
        match jsonwebtoken::crypto::verify(signature, message.as_bytes(), key, algorithm) {
            Ok(true) => Self::unverified(token),
            Ok(false) => Err(AuthError::WRONG_SIGNATURE),
            Err(_) => Err(AuthError::Invalid("it cannot be verified")),
        }
    }

    /// The claims of a token whose signature is not checked, to find out which key to use.
    pub(crate) fn unverified(token: &str) -> Result<Self, AuthError> {
        let claims = jsonwebtoken::dangerous::insecure_decode_claims(token);
        claims.map_err(|_| AuthError::Invalid("its claims cannot be read"))
    }

    /// Refuses tokens that are not valid yet.
    pub(crate) fn check_start(&self, now: Timestamp) -> Result<(), AuthError> {
        match (self.0.get("nbf"), self.time("nbf")) {
            (None, _) => {}
            (Some(_), Some(start)) if start <= now.plus(LEEWAY) => {}
            (Some(_), _) => return Err(AuthError::Invalid("it is not valid yet")),
        }
        match self.time("iat") {
            Some(issued) if issued > now.plus(LEEWAY) => {
                Err(AuthError::Invalid("it is not valid yet"))
            }
            _ => Ok(()),
        }
    }

    /// When a token of a user was issued, which a log-out compares: the earliest of these claims.
    ///
    /// There is no leeway: whoever was in by a token that lies ahead of the clock could come back
    /// by this token after a log-out, since the log-out would look older.
    pub(crate) fn issued_at(
        &self,
        claims: &[&str],
        now: Timestamp,
    ) -> Result<Timestamp, AuthError> {
        // An age that is hidden or cannot be read counts as old as can be.
        let read = |name: &&str| self.time(name).unwrap_or(Timestamp::from_millis(0));
        let issued = claims.iter().map(read).min().unwrap_or(Timestamp::from_millis(0));
        if issued > now { Err(AuthError::Ahead(issued.since(now))) } else { Ok(issued) }
    }

    /// The user whom the first of these claims names that is there; `None` when none is there.
    ///
    /// Some issuers write a number, and some a list, of which the first counts. `null` and an empty
    /// text name nobody.
    pub(crate) fn user(&self, names: &[&str]) -> Result<Option<String>, AuthError> {
        let is_set = |value: &&Value| !value.is_null() && value.as_str() != Some("");
        let set = |name: &&str| Some(((*name).to_owned(), self.0.get(*name).filter(is_set)?));
        let Some((name, value)) = names.iter().find_map(set) else {
            return Ok(None);
        };
        let first = value.as_array().map_or(Some(value), |values| values.first());
        first.and_then(name_in).map(Some).ok_or(AuthError::UnreadableUser(name))
    }

    /// Whether the token has expired; an expiry is needed.
    pub(crate) fn is_expired(&self, now: Timestamp) -> Result<bool, AuthError> {
        let expires = self.time("exp").ok_or(AuthError::Invalid("it has no expiry"))?;
        Ok(now >= expires.plus(LEEWAY))
    }

    /// A claim that is a non-empty text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// A text or a list of texts, as a list.
    pub(crate) fn texts(&self, name: &str) -> Vec<&str> {
        match self.0.get(name) {
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether a claim is true, as a boolean or as text.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Value::Bool(value)) => *value,
            Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
            _ => false,
        }
    }

    /// A `NumericDate` (RFC 7519 section 2), which may have a fraction.
    pub(crate) fn time(&self, name: &str) -> Option<Timestamp> {
        Timestamp::from_fractional_seconds(self.0.get(name)?.as_f64()?)
    }

    /// A `NumericDate` that may be a text, as .NET writes those that are not of the standard.
    pub(crate) fn time_or_text(&self, name: &str) -> Option<Timestamp> {
        let text = self.0.get(name).and_then(Value::as_str);
        let seconds = text.and_then(|text| text.parse().ok());
        self.time(name).or_else(|| Timestamp::from_fractional_seconds(seconds?))
    }

    /// The groups that claims name; one that is no valid name is left out.
    pub(crate) fn groups(&self, names: &[&str], prefix: &str) -> Vec<GroupName> {
        let values = names.iter().filter_map(|name| self.0.get(*name));
        // A prefix alone is nobody's group.
        let texts =
            values.flat_map(|value| each(value, name_in)).filter(|text| !text.trim().is_empty());
        let groups = texts.filter_map(|text| GroupName::parse(&format!("{prefix}{text}")).ok());
        let mut groups: Vec<GroupName> = groups.collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    /// The claims with a plain value, as text.
    pub(crate) fn plain(&self) -> BTreeMap<String, String> {
        self.0.iter().filter_map(|(name, value)| Some((name.clone(), plain(value)?))).collect()
    }

    /// All claims with all their values, as text; an object as its JSON.
    pub(crate) fn all(&self) -> Values {
        let all = self.0.iter().map(|(name, value)| (name.clone(), each(value, text)));
        all.filter(|(_, values)| !values.is_empty()).collect()
    }
}

/// A claim's value, or each value of its list, as `read` reads it.
fn each(value: &Value, read: fn(&Value) -> Option<String>) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().filter_map(read).collect(),
        value => read(value).into_iter().collect(),
    }
}

/// The name that a value is: a text, or a whole number.
///
/// A number with a fraction, or of more than 64 bits, is rounded when it is read, so that two of
/// them could be one name.
fn name_in(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        _ => None,
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Bool(value) => Some(value.to_string()),
        value => name_in(value),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        value => plain(value).or_else(|| Some(value.to_string())),
    }
}

/// RFC 7519 section 4: claim names must be unique, or which of them counts depends on the reader.
impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ClaimsVisitor).map(Self)
    }
}

struct ClaimsVisitor;

impl<'de> Visitor<'de> for ClaimsVisitor {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut claims = Map::new();
        while let Some((name, value)) = entries.next_entry()? {
            if claims.insert(name, value).is_some() {
                return Err(A::Error::custom("a claim stands there twice"));
            }
        }
        Ok(claims)
    }
}
