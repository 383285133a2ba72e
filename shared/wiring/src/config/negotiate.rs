//! What the negotiate endpoints need.

use hubcast_aws::access_keys::AccessKeySettings;
use hubcast_model::channel::ShardCounts;
use hubcast_model::client::ClaimPolicy;
use hubcast_model::front_door::FrontDoor;
use hubcast_model::groups::GroupPolicy;
use hubcast_model::settings::{Hubs, Origins, TokenSettings};

use super::StatefulReconnect;
use super::reader::Reader;

/// What the negotiate endpoints need.
#[derive(Debug)]
pub struct NegotiateConfig {
    /// `TABLE_NAME`
    pub table: String,
    /// `FRONT_DOOR_SECRET`
    pub front_door: FrontDoor,
    /// `HUBS`
    pub hubs: Hubs,
    /// `ALLOWED_ORIGINS`
    pub origins: Origins,
    /// `ALLOWED_HEADERS`
    pub allowed_headers: Vec<String>,
    /// `CLIENT_JOINABLE_GROUPS`
    pub groups: GroupPolicy,
    /// `UPSTREAM_CLAIMS`, when there is an `UPSTREAM_QUEUE_URL`
    pub told_claims: ClaimPolicy,
    /// `TOKEN_ISSUERS`, `PUBLIC_URL`, `CLOSE_ON_TOKEN_EXPIRY`, `CLIENT_TOKEN_REUSE`,
    /// `CLIENT_TOKENS_ONLY`
    pub tokens: TokenSettings,
    /// `ACCESS_KEY_PARAMETER` or `ACCESS_KEYS`
    pub access_keys: AccessKeySettings,
    /// `GROUP_SHARDS`, `HUB_SHARDS`
    pub shards: ShardCounts,
    /// `STATEFUL_RECONNECT`
    pub stateful_reconnect: StatefulReconnect,
}

impl NegotiateConfig {
    pub(super) fn from_reader(reader: &mut Reader<'_>) -> Option<Self> {
        let (table, hubs, origins) = (reader.table(), reader.hubs(), reader.origins());
        let (allowed_headers, tokens) = (reader.allowed_headers(), reader.tokens());
        let (access_keys, groups) = (reader.access_keys(), reader.group_policy());
        let (front_door, shards) = (reader.front_door(), reader.shards());
        let stateful_reconnect = reader.stateful_reconnect();
        let (table, hubs, origins, tokens) = (table?, hubs?, origins?, tokens?);
        let (access_keys, groups, told_claims) = (access_keys?, groups?, reader.told_claims());
        Some(Self {
            table,
            front_door: front_door?,
            hubs,
            origins,
            allowed_headers,
            groups,
            told_claims,
            tokens,
            access_keys,
            shards: shards?,
            stateful_reconnect: stateful_reconnect?,
        })
    }
}
