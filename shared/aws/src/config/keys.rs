//! Where the access keys are: for functions, and for a program that only mints tokens.

use hubcast_model::settings::AccessKeys;

use super::reader::Reader;

/// Where the access keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessKeySettings {
    /// `ACCESS_KEYS`: right here, for local use.
    Plain(AccessKeys),
    /// `ACCESS_KEY_PARAMETER`: a parameter of the Systems Manager, by name.
    Parameter(String),
    /// `ACCESS_KEY_PARAMETER`: a secret of the Secrets Manager, by ARN.
    Secret(String),
}

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
