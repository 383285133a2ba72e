//! Keys derived from an access key, for backends that sign client tokens and hold no key.
//!
//! The key's id says when it ends, and the key follows from the id: whoever
//! has the access key can check what was signed with it, and nothing need be
//! kept. Under a label of its own, so that a derived key is good for nothing
//! else, and tells nothing of the key it comes from.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hubcast_model::settings::Secret;
use hubcast_model::time::Timestamp;

use crate::AuthError;

/// How long a derived key is good; Azure's SDK asks for another after 55 minutes.
pub const DERIVED_KEY_LIFETIME: Duration = Duration::from_mins(90);

const LABEL: &[u8] = b"hubcast client token key v1";
const PREFIX: &str = "hubcast-";
const BYTES: usize = 32;

/// A derived key, with the id by which a token names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DerivedKey {
    /// For the `kid` of tokens.
    pub id: String,
    /// Signs client tokens by its UTF-8 text.
    pub key: Secret,
}

/// Names a derived key: by when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DerivedKeyId {
    pub(crate) expires: Timestamp,
}

impl fmt::Display for DerivedKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.expires.as_seconds())
    }
}

impl DerivedKeyId {
    /// The key that is given out now.
    pub(crate) fn at(now: Timestamp) -> Self {
        Self { expires: now.plus(DERIVED_KEY_LIFETIME) }
    }

    /// Reads an id; `None` for those of other keys.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let seconds: u64 = text.strip_prefix(PREFIX)?.parse().ok()?;
        let id = Self { expires: Timestamp::from_seconds(seconds) };
        (id.to_string() == text).then_some(id)
    }

    /// The key of this id.
    pub(crate) fn derive(self, secret: &Secret) -> Result<DerivedKey, AuthError> {
        let id = self.to_string();
        let mut bytes = [0; BYTES];
        let extracted = Salt::new(HKDF_SHA256, LABEL).extract(secret.expose().as_bytes());
        let info = [LABEL, id.as_bytes()];
        let filled = extracted.expand(&info, Length).and_then(|key| key.fill(&mut bytes));
        filled.map_err(|_| AuthError::Invalid("its key cannot be derived"))?;
        Ok(DerivedKey { id, key: Secret::new(URL_SAFE_NO_PAD.encode(bytes)) })
    }
}

/// The length of a derived key.
struct Length;

impl KeyType for Length {
    fn len(&self) -> usize {
        BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_795_428_000);

    #[test]
    fn an_id_reads_back_and_nothing_else_is_one() {
        let id = DerivedKeyId::at(NOW);
        assert_eq!(DerivedKeyId::parse(&id.to_string()), Some(id));
        for other in ["", "hubcast-", "hubcast-x", "hubcast-007", "hubcast-+7", "-1234567", "s2"] {
            assert_eq!(DerivedKeyId::parse(other), None, "{other}");
        }
    }

    #[test]
    fn every_id_and_every_access_key_has_a_key_of_its_own() {
        let [one, other] = ["a", "b"].map(|text| Secret::new(text.repeat(40)));
        let later = DerivedKeyId::at(NOW.plus(Duration::from_secs(1)));
        let key = |id: DerivedKeyId, secret| id.derive(secret).unwrap().key;
        let first = key(DerivedKeyId::at(NOW), &one);
        assert_eq!(first, key(DerivedKeyId::at(NOW), &one));
        assert_ne!(first, key(later, &one));
        assert_ne!(first, key(DerivedKeyId::at(NOW), &other));
        assert!(first.expose().len() >= 43);
    }
}
