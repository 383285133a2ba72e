//! Shard counts that can change while connections live.
//!
//! Before a writer uses a count it records it; readers read as many shards as
//! were ever recorded. So raising or lowering a count loses nobody.

use tokio::sync::OnceCell;

use hubcast_model::channel::ShardCounts;
use hubcast_model::ports::{ShardStore, StoreError};

/// The shard counts of this configuration, and whether they are on record.
#[derive(Debug)]
pub struct Shards {
    configured: ShardCounts,
    recorded: OnceCell<()>,
}

impl Shards {
    /// Shard counts as configured.
    pub const fn new(configured: ShardCounts) -> Self {
        Self { configured, recorded: OnceCell::const_new() }
    }

    /// The counts to write rows by; recorded before the first answer.
    pub async fn for_writing(&self, store: &impl ShardStore) -> Result<ShardCounts, StoreError> {
        self.recorded.get_or_try_init(|| store.raise_shard_counts(self.configured)).await?;
        Ok(self.configured)
    }

    /// The counts to read rows by: the largest ever recorded.
    pub async fn for_reading(&self, store: &impl ShardStore) -> Result<ShardCounts, StoreError> {
        let recorded = store.shard_counts().await?;
        Ok(recorded.map_or(self.configured, |recorded| recorded.max(self.configured)))
    }
}
