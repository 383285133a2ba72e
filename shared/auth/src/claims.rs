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

    /// Refuses tokens that are not valid yet, or that come from the future.
    pub(crate) fn check_start(&self, now: Timestamp) -> Result<(), AuthError> {
        for (name, is_needed) in [("nbf", true), ("iat", false)] {
            match (self.0.get(name), self.time(name)) {
                (None, _) => {}
                // An age that cannot be read counts as old as can be.
                (Some(_), None) if !is_needed => {}
                (Some(_), Some(start)) if start <= now.plus(LEEWAY) => {}
                (Some(_), _) => return Err(AuthError::Invalid("it is not valid yet")),
            }
        }
        Ok(())
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

    /// A text, or the first of a list of texts.
    pub(crate) fn first_text(&self, name: &str) -> Option<&str> {
        self.texts(name).into_iter().next()
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
        let texts = names.iter().flat_map(|name| self.texts(name));
        // A prefix alone is nobody's group.
        let texts = texts.filter(|text| !text.trim().is_empty());
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
        let texts = |value: &Value| match value {
            Value::Array(values) => values.iter().filter_map(text).collect(),
            value => text(value).into_iter().collect::<Vec<_>>(),
        };
        let all = self.0.iter().map(|(name, value)| (name.clone(), texts(value)));
        all.filter(|(_, values)| !values.is_empty()).collect()
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
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
