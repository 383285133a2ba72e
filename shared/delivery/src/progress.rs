//! The progress of elements and jobs, as it is kept in the table.

use std::collections::BTreeMap;
use std::time::Duration;

use hubcast_model::ports::{Progress, ProgressStore, StoreError};
use hubcast_model::report::chain;
use hubcast_model::time::Clock;

/// How long progress is kept: as long as a dead-letter queue keeps messages at the most.
pub(crate) const PROGRESS_LIFETIME: Duration = Duration::from_hours(14 * 24);

/// Keeps progress, by progress key.
#[derive(Debug)]
pub(crate) struct ProgressRows<'a, S, C> {
    /// The table.
    pub(crate) store: &'a S,
    /// The time.
    pub(crate) clock: &'a C,
}

impl<S: ProgressStore, C: Clock> ProgressRows<'_, S, C> {
    /// The progress under these keys; nothing is read for no keys.
    pub(crate) async fn read(
        &self,
        keys: &[String],
    ) -> Result<BTreeMap<String, Progress>, StoreError> {
        if keys.is_empty() {
            return Ok(BTreeMap::new());
        }
        self.store.progress(keys).await
    }

    /// Writes rows.
    pub(crate) async fn write(&self, rows: &BTreeMap<String, Progress>) -> Result<(), StoreError> {
        let expires = self.clock.now().plus(PROGRESS_LIFETIME);
        self.store.put_progress(rows, expires).await
    }

    /// Writes one row.
    pub(crate) async fn write_one(&self, key: &str, progress: Progress) -> Result<(), StoreError> {
        self.write(&BTreeMap::from([(key.to_owned(), progress)])).await
    }

    /// Writes rows at the end of an invocation; false, and a line in the log, when they could not
    /// be written.
    pub(crate) async fn keep(&self, rows: &BTreeMap<String, Progress>) -> bool {
        let kept = self.write(rows).await;
        if let Err(err) = &kept {
            tracing::error!(error = %chain(err), "progress is lost; duplicates may follow");
        }
        kept.is_ok()
    }
}
