//! Where the access keys are: for functions, and for a program that only mints tokens.

use hubcast_aws::access_keys::AccessKeySettings;

use super::reader::Reader;

/// Where the access keys are, and nothing else.
#[derive(Debug)]
pub struct KeysConfig {
    /// `ACCESS_KEY_PARAMETER` or `ACCESS_KEYS`
    pub access_keys: AccessKeySettings,
}

impl KeysConfig {
    pub(super) fn from_reader(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self { access_keys: reader.access_keys()? })
    }
}
