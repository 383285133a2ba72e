//! The variables that several functions read.

use std::time::Duration;

use hubcast_connection::frames::{AtLimit, ConnectionLimit};
use hubcast_model::channel::ShardCounts;
use hubcast_model::front_door::FrontDoor;
use hubcast_model::groups::GroupPolicy;
use hubcast_model::id::HubName;
use hubcast_model::session::Reuse;
use hubcast_model::settings::{
    AccessKeys, Hubs, IssuerSettings, Origins, PublicUrl, TokenSettings, is_trusted_url,
};
use hubcast_model::spelling::json_hint;

use super::AccessKeySettings;
use super::reader::Reader;

/// The hub of envelopes that name none.
const DEFAULT_HUB: &str = "notifications";
/// What is expected of a list of hubs that cannot be read.
const NO_HUBS: &str = "must be hub names separated by commas, or * for any";

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

    /// The hubs that there are.
    pub(super) fn hubs(&mut self) -> Option<Hubs> {
        const NAME: &str = "HUBS";
        match self.hub_list(NAME)? {
            hubs if hubs == Hubs::NONE => self.fault(NAME, NO_HUBS),
            hubs => Some(hubs),
        }
    }

    /// Hub names, or `*` for any valid one; none when the variable is absent.
    pub(super) fn hub_list(&mut self, name: &str) -> Option<Hubs> {
        let names = self.list(name);
        if names.iter().any(|name| name == "*") {
            return Some(Hubs::Any);
        }
        let hubs: Result<Vec<HubName>, _> = names.iter().map(|name| HubName::parse(name)).collect();
        hubs.map(Hubs::Only).map_err(|_| self.fault::<()>(name, NO_HUBS)).ok()
    }

    /// The same, of hubs that there are: a misspelt hub would be without what the list is for.
    pub(super) fn known_hub_list(&mut self, name: &str) -> Option<Hubs> {
        let (listed, known) = (self.hub_list(name)?, self.known_hubs());
        let Some(stranger) = listed.stranger(&known) else {
            return Some(listed);
        };
        let hint = known.hint(stranger.as_str());
        self.fault(name, format!("names the hub '{stranger}', which HUBS does not name{hint}"))
    }

    /// The hubs that there are, as far as that is known here. Whoever needs `HUBS` tells its faults.
    pub(super) fn known_hubs(&self) -> Hubs {
        let names = self.list("HUBS");
        let hubs: Result<Vec<HubName>, _> = names.iter().map(|name| HubName::parse(name)).collect();
        hubs.ok().filter(|hubs| !hubs.is_empty()).map_or(Hubs::Any, Hubs::Only)
    }

    /// The same where it is of use, but not needed.
    pub(super) fn hubs_or_any(&mut self) -> Option<Hubs> {
        if self.optional("HUBS").is_none() { Some(Hubs::Any) } else { self.hubs() }
    }

    /// Whether an envelope that names nobody goes to the whole hub.
    pub(super) fn implicit_broadcast(&mut self) -> Option<bool> {
        self.flag("IMPLICIT_BROADCAST", true)
    }

    /// Exact origins. There is no `*`: browsers refuse it together with credentials.
    pub(super) fn origins(&mut self) -> Option<Origins> {
        const NAME: &str = "ALLOWED_ORIGINS";
        Origins::parse(self.list(NAME)).map_err(|err| self.fault::<()>(NAME, err)).ok()
    }

    /// What CloudFront adds to each request; without, requests may come by any way.
    pub(super) fn front_door(&mut self) -> Option<FrontDoor> {
        const NAME: &str = "FRONT_DOOR_SECRET";
        FrontDoor::new(self.list(NAME)).map_err(|err| self.fault::<()>(NAME, err)).ok()
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
        let issuers = self.issuers();
        let public_url = self.public_url();
        let close_on_token_expiry = self.flag("CLOSE_ON_TOKEN_EXPIRY", false);
        let (reuse, client_tokens_only) = (self.reuse(), self.known_hub_list("CLIENT_TOKENS_ONLY"));
        Some(TokenSettings {
            issuers: issuers?,
            public_url: public_url?,
            close_on_token_expiry: close_on_token_expiry?,
            reuse: reuse?,
            client_tokens_only: client_tokens_only?,
        })
    }

    /// One host: client tokens name `/client/` on it as their audience.
    pub(super) fn public_url(&mut self) -> Option<PublicUrl> {
        let text = self.url("PUBLIC_URL")?;
        let is_host = url::Url::parse(&text).is_ok_and(|url| url.path() == "/");
        if is_host && !text.contains('?') {
            return Some(PublicUrl::Fixed(text));
        }
        self.fault("PUBLIC_URL", "must be a host without a path, such as https://push.example.com")
    }

    fn reuse(&mut self) -> Option<Reuse> {
        self.word("CLIENT_TOKEN_REUSE", [("session", Reuse::Session), ("once", Reuse::Once)])
    }

    pub(super) fn reconnect_grace(&mut self) -> Option<Duration> {
        let seconds = self.number("RECONNECT_GRACE_SECONDS", 0..=86_400, 600);
        Some(Duration::from_secs(u64::from(seconds?)))
    }

    /// A limit of 0 stands for none.
    pub(super) fn connection_limit(&mut self) -> Option<ConnectionLimit> {
        let most = self.number("MAX_CONNECTIONS_PER_USER", 0..=1000, 0);
        let words = [("evict", AtLimit::Evict), ("refuse", AtLimit::Refuse)];
        let at_limit = self.word("AT_CONNECTION_LIMIT", words);
        let (most, at_limit) = (usize::try_from(most?).ok()?, at_limit?);
        Some(ConnectionLimit { most, at_limit })
    }

    /// Plain keys are for local use: whoever may read a function's configuration could read them.
    pub(super) fn access_keys(&mut self) -> Option<AccessKeySettings> {
        match (self.optional("ACCESS_KEY_PARAMETER"), self.optional("ACCESS_KEYS")) {
            (Some(place), None)
                if place.starts_with("arn:") && place.contains(":secretsmanager:") =>
            {
                Some(AccessKeySettings::Secret(place))
            }
            (Some(name), None) => Some(AccessKeySettings::Parameter(name)),
            (None, Some(keys)) => match AccessKeys::parse(&keys) {
                Ok(keys) => Some(AccessKeySettings::Plain(keys)),
                Err(err) => self.fault("ACCESS_KEYS", format!("is wrong: {err}")),
            },
            (None, None) => {
                let expected = "is missing: the name of a parameter, or the ARN of a secret, that holds the access keys (locally ACCESS_KEYS)";
                self.fault("ACCESS_KEY_PARAMETER", expected)
            }
            (Some(_), Some(_)) => {
                self.fault("ACCESS_KEY_PARAMETER", "and ACCESS_KEYS are set; set one of them")
            }
        }
    }

    /// Without any, only client tokens are accepted.
    fn issuers(&mut self) -> Option<Vec<IssuerSettings>> {
        let issuers = self.issuer_list("TOKEN_ISSUERS")?;
        if issuers.iter().any(|issuer| !issuer.roles.0.is_empty()) {
            return self.fault("TOKEN_ISSUERS", "has roles, which only REST_ISSUERS knows");
        }
        let by_tenant: Vec<IssuerSettings> =
            issuers.iter().flat_map(IssuerSettings::by_tenant).collect();
        match clash(&by_tenant) {
            None => Some(issuers),
            Some((one, other)) => {
                let expected = format!(
                    "lets users of {one} and {other} be taken for each other: give them distinct userPrefix and groupPrefix, with {{tenantid}} in them where an issuer has several tenants, or distinct hubs"
                );
                self.fault("TOKEN_ISSUERS", expected)
            }
        }
    }

    /// A JSON list of issuers, each with an audience and keys that can be trusted.
    pub(super) fn issuer_list(&mut self, name: &str) -> Option<Vec<IssuerSettings>> {
        let text = self.optional(name).unwrap_or_else(|| "[]".to_owned());
        let issuers: Vec<IssuerSettings> = match serde_json::from_str(&text) {
            Ok(issuers) => issuers,
            Err(err) => {
                let hint = json_hint(&err);
                return self.fault(name, format!("is not a list of issuers: {err}{hint}"));
            }
        };
        if issuers.iter().any(|issuer| issuer.audience.0.is_empty()) {
            return self.fault(name, "needs an audience for every issuer");
        }
        if issuers.iter().any(IssuerSettings::lacks_tenants) {
            let expected = "needs tenants where {tenantid} stands in userPrefix or groupPrefix";
            return self.fault(name, expected);
        }
        match issuers.iter().find_map(untrusted) {
            None => Some(issuers),
            Some(url) => {
                let expected = format!("needs https for '{url}'");
                self.fault(name, expected)
            }
        }
    }
}

/// Where the keys of an issuer would come from, when that cannot be trusted. An issuer that stands
/// for several tenants has no document of its own.
fn untrusted(issuer: &IssuerSettings) -> Option<&str> {
    let place = issuer.jwks_uri.as_ref().unwrap_or(&issuer.issuer);
    (!is_trusted_url(place) || place.contains('{')).then_some(place.as_str())
}

/// Two issuers, or tenants of one, whose users or groups could not be told apart on some hub.
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
    let have_groups = !one.groups_claim.0.is_empty() && !other.groups_claim.0.is_empty();
    (everywhere || one.hubs.iter().any(shared))
        && (mixes(&one.user_prefix, &other.user_prefix)
            || (have_groups && mixes(&one.group_prefix, &other.group_prefix)))
}
