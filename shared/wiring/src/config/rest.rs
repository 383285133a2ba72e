//! What the REST API needs.

use std::time::Duration;

use hubcast_model::channel::ShardCounts;
use hubcast_model::front_door::FrontDoor;
use hubcast_model::groups::GroupPolicy;
use hubcast_model::id::HubName;
use hubcast_model::producers::Producers;
use hubcast_model::settings::{Hubs, IssuerSettings, PublicUrl, USER_CLAIM};

use super::AccessKeySettings;
use super::reader::Reader;

/// What the REST API needs.
#[derive(Debug)]
pub struct RestConfig {
    /// `TABLE_NAME`
    pub table: String,
    /// `NOTIFICATIONS_QUEUE_URL`
    pub notifications: String,
    /// `FRONT_DOOR_SECRET`
    pub front_door: FrontDoor,
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
    /// `PRODUCERS`
    pub producers: Producers,
    /// `CLIENT_JOINABLE_GROUPS`
    pub groups: GroupPolicy,
    /// `IMPLICIT_BROADCAST`
    pub implicit_broadcast: bool,
    /// `INVOKE_TIMEOUT_SECONDS`
    pub invoke_timeout: Duration,
    /// `LOG_GROUPS`: what the names of the functions' log groups begin with, where fates are told
    pub log_groups: Option<String>,
    /// `AUDIT_LOG`: the log group of the audit
    pub audit_log: Option<String>,
}

impl RestConfig {
    pub(super) fn from_reader(reader: &mut Reader<'_>) -> Option<Self> {
        let (table, notifications) = (reader.table(), reader.url("NOTIFICATIONS_QUEUE_URL"));
        let (hubs, public_url) = (reader.hubs(), reader.public_url());
        let (issuers, access_keys) = (reader.rest_issuers(), reader.access_keys());
        let (shards, invoke_timeout) = (reader.shards(), reader.invoke_timeout());
        let (front_door, producers) = (reader.front_door(), reader.producers_by_role());
        let (groups, implicit_broadcast) = (reader.group_policy(), reader.implicit_broadcast());
        Some(Self {
            table: table?,
            notifications: notifications?,
            front_door: front_door?,
            hubs: hubs?,
            public_url: public_url?,
            issuers: issuers?,
            access_keys: access_keys?,
            shards: shards?,
            producers: producers?,
            groups: groups?,
            implicit_broadcast: implicit_broadcast?,
            invoke_timeout: invoke_timeout?,
            log_groups: reader.optional("LOG_GROUPS"),
            audit_log: reader.optional("AUDIT_LOG"),
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
        if issuers.iter().any(|one| others.iter().any(|other| one.overlaps(other))) {
            return self.fault(NAME, "needs an audience that TOKEN_ISSUERS does not have");
        }
        if let Some(name) = issuers.iter().find_map(meaningless) {
            return self.fault(NAME, format!("has {name}, which only TOKEN_ISSUERS knows"));
        }
        if issuers.iter().flat_map(|issuer| &issuer.hubs).any(|hub| HubName::parse(hub).is_err()) {
            return self.fault(NAME, "names a hub that cannot be one");
        }
        let rest = |at: usize| issuers.iter().skip(at + 1);
        if issuers.iter().enumerate().any(|(at, one)| rest(at).any(|other| one.overlaps(other))) {
            return self
                .fault(NAME, "needs one entry, with all roles, for each issuer and audience");
        }
        Some(issuers)
    }

    /// API Gateway waits for 30 seconds at the most.
    fn invoke_timeout(&mut self) -> Option<Duration> {
        let seconds = self.number("INVOKE_TIMEOUT_SECONDS", 1..=25, 20);
        Some(Duration::from_secs(u64::from(seconds?)))
    }
}

/// What is set though it says nothing of apps: they have neither users nor groups.
fn meaningless(issuer: &IssuerSettings) -> Option<&'static str> {
    let set = [
        (issuer.user_claim != USER_CLAIM, "userClaim"),
        (!issuer.user_prefix.is_empty(), "userPrefix"),
        (!issuer.groups_claim.0.is_empty(), "groupsClaim"),
        (!issuer.group_prefix.is_empty(), "groupPrefix"),
    ];
    set.into_iter().find_map(|(is_set, name)| is_set.then_some(name))
}
