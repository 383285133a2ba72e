//! Whether a request came by the front door.
//!
//! API Gateway's own hosts answer everybody, and no firewall stands before
//! them. Where a deployment wants its front door to be the only way in, that
//! adds a secret to each request, and the functions that clients and backends
//! call ask for it.

use sha2::{Digest, Sha256};

use crate::settings::Secret;

/// The header with the front door's secret. CloudFront replaces what a client puts there.
pub const FRONT_DOOR_HEADER: &str = "x-hubcast-front-door";

/// A secret with fewer characters can be guessed.
const SECRET_MIN_CHARS: usize = 16;

/// What requests have to show to be let in; nothing when every way in is good.
#[derive(Debug, Clone, Default)]
pub struct FrontDoor(Vec<Secret>);

/// One of the secrets is too short. The message does not show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("needs secrets of {SECRET_MIN_CHARS} characters or more, separated by commas")]
pub struct FrontDoorError;

impl FrontDoor {
    /// Takes secrets over: while one is replaced by another, both are good.
    ///
    /// # Errors
    /// When one is too short.
    pub fn new(secrets: Vec<String>) -> Result<Self, FrontDoorError> {
        if secrets.iter().any(|secret| secret.chars().count() < SECRET_MIN_CHARS) {
            return Err(FrontDoorError);
        }
        Ok(Self(secrets.into_iter().map(Secret::new).collect()))
    }

    /// Whether a request with this header may come in.
    pub fn lets_in(&self, shown: Option<&str>) -> bool {
        // How long digests take to compare tells nothing of the secret.
        let digest = |text: &str| Sha256::digest(text.as_bytes());
        let is_shown =
            |secret: &Secret| shown.is_some_and(|shown| digest(shown) == digest(secret.expose()));
        self.0.is_empty() || self.0.iter().any(is_shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "old-0123456789-0123456789";
    const NEW: &str = "new-0123456789-0123456789";

    #[test]
    fn either_secret_opens_and_nothing_else() {
        let door = FrontDoor::new(vec![OLD.to_owned(), NEW.to_owned()]).unwrap();
        assert!(door.lets_in(Some(OLD)) && door.lets_in(Some(NEW)));
        let both = format!("{OLD},{NEW}");
        for other in [None, Some(""), Some(&OLD[1..]), Some(both.as_str())] {
            assert!(!door.lets_in(other), "{other:?}");
        }
    }

    #[test]
    fn without_a_secret_everybody_comes_in() {
        assert!(FrontDoor::default().lets_in(None));
    }

    #[test]
    fn a_secret_that_can_be_guessed_is_refused() {
        assert!(FrontDoor::new(vec![NEW.to_owned(), "short".to_owned()]).is_err());
    }
}
