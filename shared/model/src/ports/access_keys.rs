//! The access keys, as those who sign and check with them see them.

use std::future::Future;

use super::Cause;
use crate::settings::AccessKeys;

/// How recently keys must have been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// As they were read last.
    Cached,
    /// Read anew, unless that was done a moment ago: no kept key fits a signature, and keys may
    /// have been rotated meanwhile.
    Renewed,
}

/// Where the access keys come from.
pub trait AccessKeySource: Send + Sync {
    /// The keys that sign and verify.
    fn access_keys(
        &self,
        freshness: Freshness,
    ) -> impl Future<Output = Result<AccessKeys, Cause>> + Send;
}

/// Keys that never change while the program runs, as in local use.
impl AccessKeySource for AccessKeys {
    async fn access_keys(&self, _: Freshness) -> Result<Self, Cause> {
        Ok(self.clone())
    }
}
