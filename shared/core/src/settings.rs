//! Settings that rules and adapters share, already parsed.
//!
//! The environment is read elsewhere; nothing here is optional by accident.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use crate::id::HubName;

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

/// An issuer of app tokens, as `TOKEN_ISSUERS` describes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IssuerSettings {
    /// The exact `iss`; `{tenantid}` stands for the token's `tid` when `tenants` is given.
    pub issuer: String,
    /// The accepted `aud` values, at least one.
    pub audience: OneOrMany,
    /// Where its keys are; discovered from the issuer when absent.
    #[serde(default, alias = "jwks_uri")]
    pub jwks_uri: Option<String>,
    /// The accepted signature algorithms.
    #[serde(default = "rs256")]
    pub algorithms: Vec<String>,
    /// The claim that names the user (Entra ID: `oid`).
    #[serde(default = "sub")]
    pub user_claim: String,
    /// The claims that name groups, each a text or a list of texts.
    #[serde(default)]
    pub groups_claim: OneOrMany,
    /// The accepted `tid` values; any when empty.
    #[serde(default)]
    pub tenants: Vec<String>,
    /// The hubs its tokens are good for; all when empty.
    #[serde(default)]
    pub hubs: Vec<String>,
    /// Put before every user id of this issuer.
    #[serde(default)]
    pub user_prefix: String,
    /// Put before every group of this issuer's tokens.
    #[serde(default)]
    pub group_prefix: String,
}

fn rs256() -> Vec<String> {
    vec!["RS256".to_owned()]
}

fn sub() -> String {
    "sub".to_owned()
}

/// A list that may be written as one text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(from = "OneOrManyForm")]
pub struct OneOrMany(pub Vec<String>);

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrManyForm {
    One(String),
    Many(Vec<String>),
}

impl From<OneOrManyForm> for OneOrMany {
    fn from(form: OneOrManyForm) -> Self {
        match form {
            OneOrManyForm::One(one) => Self(vec![one]),
            OneOrManyForm::Many(many) => Self(many),
        }
    }
}

/// Everything that decides which tokens are good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSettings {
    /// The issuers of app tokens.
    pub issuers: Vec<IssuerSettings>,
    /// The keys of client tokens.
    pub keys: AccessKeys,
    /// Where clients reach hubcast, and so the audience of client tokens.
    pub public_url: PublicUrl,
    /// Whether our client tokens end their session when the app token does.
    pub close_on_token_expiry: bool,
}

/// Where clients reach hubcast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicUrl {
    /// One fixed `https://host[:port][/path]`, without a trailing slash.
    Fixed(String),
    /// The scheme, host and port that the request itself came to; for the local stack only.
    /// The hosts named are the ones that tokens may name as their audience.
    FollowHost {
        /// Host names without a port.
        hosts: Vec<String>,
    },
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
    /// Whether `hub` exists.
    pub fn contains(&self, hub: &HubName) -> bool {
        match self {
            Self::Any => true,
            Self::Only(hubs) => hubs.contains(hub),
        }
    }
}

/// From which web origins browsers may connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// Exactly these, such as `https://app.example.com`.
    Only(Vec<String>),
    /// Any origin on localhost or a loopback address; for the local stack only.
    Localhost,
}

impl Origins {
    /// Whether a page of `origin` may connect.
    pub fn allows(&self, origin: &str) -> bool {
        match self {
            Self::Only(origins) => origins.iter().any(|known| known.eq_ignore_ascii_case(origin)),
            Self::Localhost => is_localhost(origin),
        }
    }
}

fn is_localhost(origin: &str) -> bool {
    let Some((_scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_print() {
        assert_eq!(format!("{:?}", Secret::new("key")), "Secret(..)");
    }

    #[test]
    fn only_loopback_origins_are_local() {
        for good in
            ["http://localhost", "http://localhost:4200", "https://127.0.0.1:1", "http://[::1]:5"]
        {
            assert!(Origins::Localhost.allows(good), "{good}");
        }
        for bad in [
            "http://localhost.evil.com",
            "null",
            "http://evil.com:80",
            "localhost",
            "http://localhost:4200/x",
        ] {
            assert!(!Origins::Localhost.allows(bad), "{bad}");
        }
    }

    #[test]
    fn an_issuer_needs_only_its_name_and_audience() {
        let json = r#"{"issuer":"https://i","audience":"api://x"}"#;
        let issuer: IssuerSettings = serde_json::from_str(json).unwrap();
        assert_eq!(issuer.algorithms, ["RS256"]);
        assert_eq!(issuer.user_claim, "sub");
        assert_eq!(issuer.audience.0, ["api://x"]);
    }
}
