//! Access keys, as keys of HMAC.

use hubcast_model::settings::Secret;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde::Serialize;

use crate::AuthError;

/// An empty key. No access key that is accepted is empty.
const NO_KEY: AuthError = AuthError::Invalid("the access key is empty");

/// Signs claims with an access key.
pub(crate) fn sign(secret: &Secret, claims: &impl Serialize) -> Result<String, AuthError> {
    let key = EncodingKey::from_secret(secret.expose().as_bytes()).map_err(|_| NO_KEY)?;
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key);
    token.map_err(|_| AuthError::Invalid("it cannot be signed"))
}

/// What checks signatures of an access key.
pub(crate) fn checking(secret: &Secret) -> Result<DecodingKey, AuthError> {
    DecodingKey::from_secret(secret.expose().as_bytes()).map_err(|_| NO_KEY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_key_signs_and_checks_nothing() {
        let (empty, claims) = (Secret::new(""), serde_json::json!({}));
        assert!(matches!(sign(&empty, &claims), Err(AuthError::Invalid(_))));
        assert!(matches!(checking(&empty), Err(AuthError::Invalid(_))));
        assert!(sign(&Secret::new("k"), &claims).is_ok() && checking(&Secret::new("k")).is_ok());
    }
}
