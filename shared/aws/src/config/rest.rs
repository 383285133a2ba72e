//! What the REST API needs.

use std::time::Duration;

use hubcast_core::channel::ShardCounts;
use hubcast_core::settings::{Hubs, IssuerSettings, PublicUrl};

use super::AccessKeySettings;
use super::reader::Reader;

/// What the REST API needs.
#[derive(Debug)]
pub struct RestConfig {
    /// `TABLE_NAME`
    pub table: String,
    /// `NOTIFICATIONS_QUEUE_URL`
    pub notifications: String,
    /// `HUBS`
    pub hubs: Hubs,
    /// `PUBLIC_URL`
    pub public_url: PublicUrl,
    /// `REST_ISSUERS`
    pub issuers: Vec<IssuerSettings>,
    /// `ACCESS_KEY_PARAMETER` or `ACCESS_KEYS`
    pub access_keys: AccessKeySettings,
    /// `GROUP_SHARDS`, `HUB_SHARDS`
    pub shards: ShardCounts,
    /// `INVOKE_TIMEOUT_SECONDS`
    pub invoke_timeout: Duration,
}

impl RestConfig {
    pub(super) fn from_reader(reader: &mut Reader<'_>) -> Option<Self> {
        let (table, notifications) = (reader.table(), reader.url("NOTIFICATIONS_QUEUE_URL"));
        let (hubs, public_url) = (reader.hubs(), reader.public_url());
        let (issuers, access_keys) = (reader.rest_issuers(), reader.access_keys());
        let (shards, invoke_timeout) = (reader.shards(), reader.invoke_timeout());
        Some(Self {
            table: table?,
            notifications: notifications?,
            hubs: hubs?,
            public_url: public_url?,
            issuers: issuers?,
            access_keys: access_keys?,
            shards: shards?,
            invoke_timeout: invoke_timeout?,
        })
    }
}

impl Reader<'_> {
    /// Without any, only the access keys open the REST API. A token of a person, good for the
    /// sockets, must not open it: so it has audiences of its own, and asks for a role.
    fn rest_issuers(&mut self) -> Option<Vec<IssuerSettings>> {
        const NAME: &str = "REST_ISSUERS";
        let issuers = self.issuer_list(NAME)?;
        if issuers.iter().any(|issuer| issuer.roles.0.is_empty()) {
            return self.fault(NAME, "needs roles for every issuer");
        }
        let others = self.issuer_list("TOKEN_ISSUERS")?;
        let shares = |one: &IssuerSettings| {
            let same = others.iter().filter(|other| other.issuer == one.issuer);
            let mut audiences = same.flat_map(|other| &other.audience.0);
            audiences.any(|audience| one.audience.0.contains(audience))
        };
        if issuers.iter().any(shares) {
            return self.fault(NAME, "needs an audience that TOKEN_ISSUERS does not have");
        }
        Some(issuers)
    }

    /// API Gateway waits for 30 seconds at the most.
    fn invoke_timeout(&mut self) -> Option<Duration> {
        let seconds = self.number("INVOKE_TIMEOUT_SECONDS", 1..=25, 20);
        Some(Duration::from_secs(u64::from(seconds?)))
    }
}
