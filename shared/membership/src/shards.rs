//! Shard counts that can change while connections live.
//!
//! A writer records a count before using the count. Readers read as many shards
//! as were ever recorded. So raising or lowering a count loses no member.

use tokio::sync::OnceCell;

use hubcast_model::channel::ShardCounts;
use hubcast_model::ports::{ShardStore, StoreError};

/// The shard counts of this configuration, and whether they are on record.
#[derive(Debug)]
pub struct Shards {
    /// The counts of this configuration.
    configured: ShardCounts,
    /// Set once this instance has recorded the counts.
    recorded: OnceCell<()>,
}

impl Shards {
    /// Shard counts as configured.
    pub const fn new(configured: ShardCounts) -> Self {
        Self { configured, recorded: OnceCell::const_new() }
    }

    /// The counts to write rows by. They are recorded before the first answer.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn for_writing(&self, store: &impl ShardStore) -> Result<ShardCounts, StoreError> {
        self.recorded.get_or_try_init(|| store.raise_shard_counts(self.configured)).await?;
        Ok(self.configured)
    }

    /// The counts to read rows by: the largest ever recorded.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn for_reading(&self, store: &impl ShardStore) -> Result<ShardCounts, StoreError> {
        let recorded = store.shard_counts().await?;
        Ok(recorded.map_or(self.configured, |recorded| recorded.max(self.configured)))
    }
}
