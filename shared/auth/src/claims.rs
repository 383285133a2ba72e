//! Claims of a verified token, and the checks that all tokens share.

use std::collections::BTreeMap;
use std::time::Duration;

use hubcast_core::id::GroupName;
use hubcast_core::time::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value};

use crate::AuthError;

/// How far apart the clocks of issuer and verifier may be.
pub(crate) const LEEWAY: Duration = Duration::from_mins(1);

/// The claims of one token.
#[derive(Debug)]
pub(crate) struct Claims(Map<String, Value>);

impl Claims {
    /// Checks a token's signature and reads its claims, which are not checked yet.
    pub(crate) fn verified(
        token: &str,
        key: &DecodingKey,
        algorithm: Algorithm,
    ) -> Result<Self, AuthError> {
        let mut signature_only = Validation::new(algorithm);
        signature_only.required_spec_claims.clear();
        // Lifetimes and audiences are checked below, by the Clock port and our own rules.
        signature_only.validate_exp = false;
        signature_only.validate_aud = false;
        let verified = jsonwebtoken::decode(token, key, &signature_only);
        verified
            .map(|token| Self(token.claims))
            .map_err(|_| AuthError::Invalid("its signature is wrong"))
    }

    /// The claims of a token whose signature is not checked, to find out which key to use.
    pub(crate) fn unverified(token: &str) -> Result<Self, AuthError> {
        let claims = jsonwebtoken::dangerous::insecure_decode_claims(token);
        claims.map(Self).map_err(|_| AuthError::Invalid("its claims cannot be read"))
    }

    /// Refuses tokens that are not valid yet or any more; an expiry is needed.
    pub(crate) fn check_lifetime(&self, now: Timestamp) -> Result<(), AuthError> {
        let expires = self.time("exp").ok_or(AuthError::Invalid("it has no expiry"))?;
        if now >= expires.plus(LEEWAY) {
            return Err(AuthError::Expired);
        }
        match self.0.get("nbf") {
            None => Ok(()),
            Some(_) if self.time("nbf").is_some_and(|start| start <= now.plus(LEEWAY)) => Ok(()),
            Some(_) => Err(AuthError::Invalid("it is not valid yet")),
        }
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

    /// A `NumericDate` (RFC 7519 section 2), which may have a fraction, or one as text.
    pub(crate) fn time(&self, name: &str) -> Option<Timestamp> {
        let seconds = match self.0.get(name)? {
            Value::Number(number) => number.as_f64()?,
            Value::String(text) => text.parse().ok()?,
            _ => return None,
        };
        Timestamp::from_fractional_seconds(seconds)
    }

    /// The groups that claims name; one that is no valid name is left out.
    pub(crate) fn groups(&self, names: &[&str], prefix: &str) -> Vec<GroupName> {
        let texts = names.iter().flat_map(|name| self.texts(name));
        let groups = texts.filter_map(|text| GroupName::parse(&format!("{prefix}{text}")).ok());
        let mut groups: Vec<GroupName> = groups.collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    /// The claims with a plain value, as text.
    pub(crate) fn plain(&self) -> BTreeMap<String, String> {
        let plain = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(value) => Some(value.to_string()),
            _ => None,
        };
        self.0.iter().filter_map(|(name, value)| Some((name.clone(), plain(value)?))).collect()
    }
}
