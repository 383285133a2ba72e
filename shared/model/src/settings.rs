//! Settings that rules and adapters share, already parsed.
//!
//! The environment is read elsewhere; nothing here is optional by accident.

mod issuer;

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use crate::id::HubName;
use crate::mark::without_mark;
pub use crate::origin::{Origins, origin_of};
pub use crate::public_url::PublicUrl;

use crate::origin::is_loopback;
use crate::session::Reuse;
use crate::spelling::hint;

pub use issuer::{AGE_CLAIM, IssuerSettings, OneOrMany, USER_CLAIM, in_tenant};

/// The longest that API Gateway lets a WebSocket live.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>
pub const CONNECTION_LIFETIME: Duration = Duration::from_hours(2);

/// A secret text that cannot be printed by accident.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for signing and checking only.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The keys that sign client tokens; both are accepted, the primary signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKeys {
    /// Signs and verifies.
    pub primary: Secret,
    /// Verifies, so that keys can be rotated without dropping anyone.
    pub secondary: Option<Secret>,
}

/// A key with fewer characters can be guessed.
const KEY_MIN_CHARS: usize = 32;

/// The text holds no access keys. The message does not show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("one or two keys of {KEY_MIN_CHARS} characters or more are needed")]
pub struct KeysError;

/// Access keys as a secret may hold them, for programs that rotate it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeysForm {
    primary: String,
    #[serde(default)]
    secondary: Option<String>,
}

impl AccessKeys {
    /// Reads one or two keys that a comma or a new line separates, or
    /// `{"primary": "..", "secondary": ".."}`.
    ///
    /// # Errors
    /// When there is no key, more than two, or one that is too short.
    pub fn parse(text: &str) -> Result<Self, KeysError> {
        let text = without_mark(text);
        let keys = if text.trim_start().starts_with('{') {
            let form: KeysForm = serde_json::from_str(text).map_err(|_| KeysError)?;
            [Some(form.primary), form.secondary].into_iter().flatten().collect()
        } else {
            let keys = text.split([',', '\n']).map(|key| key.trim().to_owned());
            keys.filter(|key| !key.is_empty()).collect::<Vec<_>>()
        };
        let is_long = |key: &String| key.chars().count() >= KEY_MIN_CHARS;
        if !keys.iter().all(is_long) {
            return Err(KeysError);
        }
        let mut keys = keys.into_iter().map(Secret::new);
        match (keys.next(), keys.next(), keys.next()) {
            (Some(primary), secondary, None) => Ok(Self { primary, secondary }),
            _ => Err(KeysError),
        }
    }
}

/// Everything that decides which tokens are good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSettings {
    /// The issuers of app tokens.
    pub issuers: Vec<IssuerSettings>,
    /// Where clients reach hubcast, and so the audience of client tokens.
    pub public_url: PublicUrl,
    /// Whether our client tokens end their session when the app token does.
    pub close_on_token_expiry: bool,
    /// How often our client tokens open a connection.
    pub reuse: Reuse,
    /// The hubs that app tokens do not open.
    pub client_tokens_only: Hubs,
}

/// Which hubs exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hubs {
    /// Any valid name.
    Any,
    /// These only.
    Only(Vec<HubName>),
}

impl Hubs {
    /// None at all.
    pub const NONE: Self = Self::Only(Vec::new());

    /// Whether `hub` is one of them.
    pub fn contains(&self, hub: &HubName) -> bool {
        match self {
            Self::Any => true,
            Self::Only(hubs) => hubs.contains(hub),
        }
    }

    /// The first of these that is none of `known`.
    pub fn stranger(&self, known: &Self) -> Option<&HubName> {
        match self {
            Self::Any => None,
            Self::Only(hubs) => hubs.iter().find(|hub| !known.contains(hub)),
        }
    }

    /// The question whether another hub was meant by a name that is no hub; empty when none is near.
    pub fn hint(&self, name: &str) -> String {
        match self {
            Self::Any => String::new(),
            Self::Only(hubs) => hint(name, hubs.iter().map(HubName::as_str)),
        }
    }
}

/// Whether documents from this URL can be trusted on the way: https, or from this very machine.
pub fn is_trusted_url(url: &str) -> bool {
    let is_local = || url.starts_with("http://") && is_loopback(origin_of(url));
    url.starts_with("https://") || is_local()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_hub_is_told_which_one_was_meant() {
        let hubs = Hubs::Only(vec![HubName::parse("notifications").unwrap()]);
        assert_eq!(hubs.hint("notificatons"), "; did you mean 'notifications'?");
        assert_eq!(hubs.hint("orders"), "");
        assert_eq!(Hubs::Any.hint("notificatons"), "");
    }

    #[test]
    fn a_hub_that_is_not_known_is_found() {
        let hubs = |names: &[&str]| {
            Hubs::Only(names.iter().map(|name| HubName::parse(name).unwrap()).collect())
        };
        let (listed, known) = (hubs(&["a", "Chta", "c"]), hubs(&["a", "chat"]));
        assert_eq!(listed.stranger(&known).map(HubName::as_str), Some("chta"));
        assert_eq!(hubs(&["A"]).stranger(&known), None);
        assert_eq!((Hubs::Any.stranger(&known), listed.stranger(&Hubs::Any)), (None, None));
    }

    #[test]
    fn secrets_do_not_print() {
        assert_eq!(format!("{:?}", Secret::new("key")), "Secret(..)");
    }

    #[test]
    fn access_keys_are_one_or_two_long_texts() {
        let (one, two) = ("a".repeat(32), "b".repeat(32));
        let keys = |primary: &str, secondary: Option<&str>| {
            Ok(AccessKeys { primary: Secret::new(primary), secondary: secondary.map(Secret::new) })
        };
        assert_eq!(AccessKeys::parse(&one), keys(&one, None));
        for text in [
            format!("{one},{two}"),
            format!(" {one}\r\n{two}\n"),
            format!("\u{feff}{one}\r\n{two}"),
            format!(r#"{mark}{{"primary":"{one}","secondary":"{two}"}}"#, mark = '\u{feff}'),
            format!(r#"{{"primary":"{one}","secondary":"{two}"}}"#),
        ] {
            assert_eq!(AccessKeys::parse(&text), keys(&one, Some(&two)), "{text}");
        }
        for bad in [
            String::new(),
            "short".to_owned(),
            format!("{one},short"),
            format!("{one},{two},{one}"),
            format!(r#"{{"primary":"{one}","other":"{two}"}}"#),
            "{".to_owned(),
        ] {
            assert_eq!(AccessKeys::parse(&bad), Err(KeysError), "{bad}");
        }
    }

    #[test]
    fn documents_come_by_https_or_from_this_machine() {
        for good in [
            "https://issuer/keys",
            "http://localhost:1/keys",
            "http://127.0.0.1/",
            "http://[::1]:5?x",
        ] {
            assert!(is_trusted_url(good), "{good}");
        }
        for bad in [
            "http://issuer/keys",
            "http://localhost.evil/keys",
            "http://localhost@evil/keys",
            "http://evil\\@localhost/",
            "ftp://localhost/",
            "file:///etc/passwd",
            "HTTPS",
            "",
        ] {
            assert!(!is_trusted_url(bad), "{bad}");
        }
    }
}
