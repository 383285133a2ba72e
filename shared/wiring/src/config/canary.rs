//! What the canary needs.

use hubcast_aws::access_keys::AccessKeySettings;
use hubcast_model::id::HubName;

use super::reader::Reader;

/// What the canary needs.
#[derive(Debug)]
pub struct CanaryConfig {
    /// `ACCESS_KEY_PARAMETER` or `ACCESS_KEYS`
    pub access_keys: AccessKeySettings,
    /// `PUBLIC_URL`
    pub url: String,
    /// `DEFAULT_HUB`
    pub hub: HubName,
}

impl CanaryConfig {
    pub(super) fn from_reader(reader: &mut Reader<'_>) -> Option<Self> {
        let (access_keys, url) = (reader.access_keys(), reader.url("PUBLIC_URL"));
        let hub = reader.default_hub();
        Some(Self { access_keys: access_keys?, url: url?, hub: hub? })
    }
}
