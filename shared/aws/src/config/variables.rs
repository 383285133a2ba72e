//! The variables that several functions read.

use hubcast_core::channel::ShardCounts;
use hubcast_core::groups::GroupPolicy;
use hubcast_core::id::HubName;
use hubcast_core::settings::{
    AccessKeys, Hubs, IssuerSettings, Origins, PublicUrl, Secret, TokenSettings,
};

use super::reader::Reader;

/// The hub of envelopes that name none.
const DEFAULT_HUB: &str = "notifications";
/// A key with fewer characters can be guessed.
const KEY_MIN_CHARS: usize = 32;

impl Reader<'_> {
    pub(super) fn table(&mut self) -> Option<String> {
        self.required("TABLE_NAME", "the name of the channel table")
    }

    /// The https form: the `wss` URL of a stage is of no use to the SDK.
    pub(super) fn management_endpoint(&mut self) -> Option<String> {
        self.url("MANAGEMENT_ENDPOINT")
    }

    pub(super) fn default_hub(&mut self) -> Option<HubName> {
        let name = self.optional("DEFAULT_HUB").unwrap_or_else(|| DEFAULT_HUB.to_owned());
        HubName::parse(&name).ok().or_else(|| self.fault("DEFAULT_HUB", "is not a valid hub name"))
    }

    /// Hub names, or `*` for any valid one.
    pub(super) fn hubs(&mut self) -> Option<Hubs> {
        let names = self.list("HUBS");
        if names.iter().any(|name| name == "*") {
            return Some(Hubs::Any);
        }
        let hubs: Result<Vec<HubName>, _> = names.iter().map(|name| HubName::parse(name)).collect();
        match hubs {
            Ok(hubs) if !hubs.is_empty() => Some(Hubs::Only(hubs)),
            _ => self.fault("HUBS", "must be hub names separated by commas, or * for any"),
        }
    }

    /// Exact origins. There is no `*`: browsers refuse it together with credentials.
    pub(super) fn origins(&mut self) -> Option<Origins> {
        let origins = self.list("ALLOWED_ORIGINS");
        if origins == ["localhost"] {
            return Some(Origins::Localhost);
        }
        let is_origin = |text: &String| {
            url::Url::parse(text).is_ok_and(|url| url.origin().ascii_serialization() == *text)
        };
        if origins.iter().all(is_origin) {
            return Some(Origins::Only(origins));
        }
        let expected = "must be origins such as https://app.example.com, separated by commas";
        self.fault("ALLOWED_ORIGINS", expected)
    }

    pub(super) fn allowed_headers(&mut self) -> Vec<String> {
        self.list("ALLOWED_HEADERS")
    }

    pub(super) fn group_policy(&mut self) -> Option<GroupPolicy> {
        let text = self.optional("CLIENT_JOINABLE_GROUPS").unwrap_or_default();
        GroupPolicy::parse(&text)
            .map_err(|err| self.fault::<()>("CLIENT_JOINABLE_GROUPS", err))
            .ok()
    }

    pub(super) fn shards(&mut self) -> Option<ShardCounts> {
        let defaults = ShardCounts::default();
        let group = self.number("GROUP_SHARDS", 1..=64, u32::from(defaults.group));
        let hub = self.number("HUB_SHARDS", 1..=64, u32::from(defaults.hub));
        Some(ShardCounts { group: u16::try_from(group?).ok()?, hub: u16::try_from(hub?).ok()? })
    }

    pub(super) fn tokens(&mut self) -> Option<TokenSettings> {
        let (issuers, keys) = (self.issuers(), self.access_keys());
        let public_url = self.url("PUBLIC_URL").map(PublicUrl::Fixed);
        let close_on_token_expiry = self.flag("CLOSE_ON_TOKEN_EXPIRY", false);
        Some(TokenSettings {
            issuers: issuers?,
            keys: keys?,
            public_url: public_url?,
            close_on_token_expiry: close_on_token_expiry?,
        })
    }

    fn access_keys(&mut self) -> Option<AccessKeys> {
        let mut keys = self.list("ACCESS_KEYS").into_iter();
        let (primary, secondary, more) = (keys.next(), keys.next(), keys.next());
        let is_long = |key: &String| key.chars().count() >= KEY_MIN_CHARS;
        let Some(primary) = primary.filter(is_long) else {
            return self.fault("ACCESS_KEYS", "must be one or two keys of 32 characters or more");
        };
        if more.is_some() || !secondary.iter().all(is_long) {
            return self.fault("ACCESS_KEYS", "must be one or two keys of 32 characters or more");
        }
        Some(AccessKeys { primary: Secret::new(primary), secondary: secondary.map(Secret::new) })
    }

    /// A JSON list. Without one, only client tokens are accepted.
    fn issuers(&mut self) -> Option<Vec<IssuerSettings>> {
        let text = self.optional("TOKEN_ISSUERS").unwrap_or_else(|| "[]".to_owned());
        let issuers: Vec<IssuerSettings> = match serde_json::from_str(&text) {
            Ok(issuers) => issuers,
            Err(err) => {
                return self.fault("TOKEN_ISSUERS", format!("is not a list of issuers: {err}"));
            }
        };
        if issuers.iter().any(|issuer| issuer.audience.0.is_empty()) {
            return self.fault("TOKEN_ISSUERS", "needs an audience for every issuer");
        }
        match clash(&issuers) {
            None => Some(issuers),
            Some((one, other)) => {
                let expected = format!(
                    "lets users of {one} and {other} be taken for each other: give them distinct userPrefix and groupPrefix, or distinct hubs"
                );
                self.fault("TOKEN_ISSUERS", expected)
            }
        }
    }
}

/// Two issuers whose users or groups could not be told apart on some hub.
fn clash(issuers: &[IssuerSettings]) -> Option<(&str, &str)> {
    issuers.iter().enumerate().find_map(|(at, one)| {
        let mut later = issuers.iter().skip(at + 1);
        later.find(|other| clashes(one, other)).map(|other| (&*one.issuer, &*other.issuer))
    })
}

fn clashes(one: &IssuerSettings, other: &IssuerSettings) -> bool {
    let everywhere = one.hubs.is_empty() || other.hubs.is_empty();
    let shared = |hub: &String| other.hubs.iter().any(|name| name.eq_ignore_ascii_case(hub));
    // A prefix of a prefix separates nothing: "a" + "bx" is "ab" + "x".
    let mixes = |a: &str, b: &str| a.starts_with(b) || b.starts_with(a);
    (everywhere || one.hubs.iter().any(shared))
        && (mixes(&one.user_prefix, &other.user_prefix)
            || mixes(&one.group_prefix, &other.group_prefix))
}
