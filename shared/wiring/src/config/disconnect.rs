//! What `$disconnect` needs.

use hubcast_aws::upstream::UpstreamUrls;

use super::LinesConfig;
use super::reader::Reader;

/// What `$disconnect` needs.
#[derive(Debug)]
pub struct DisconnectConfig {
    /// `TABLE_NAME`
    pub table: String,
    /// `UPSTREAM_QUEUE_URL`, `TIMERS_QUEUE_URL`
    pub upstream: Option<UpstreamUrls>,
    /// `STATEFUL_*`, `MANAGEMENT_ENDPOINT`, `TIMERS_QUEUE_URL`
    pub lines: LinesConfig,
}

impl DisconnectConfig {
    pub(super) fn from_reader(reader: &mut Reader<'_>) -> Option<Self> {
        let (table, upstream, lines) = (reader.table(), reader.upstream_urls(), reader.lines());
        Some(Self { table: table?, upstream: upstream?, lines: lines? })
    }
}
