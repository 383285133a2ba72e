//! What is left of notifications.

use std::collections::BTreeMap;

use hubcast_model::ports::{Progress, ProgressStore, StoreError};
use hubcast_model::time::Timestamp;

use super::MemoryStore;
use crate::journal::lock;

impl ProgressStore for MemoryStore {
    async fn put_progress(
        &self,
        rows: &BTreeMap<String, Progress>,
        expires: Timestamp,
    ) -> Result<(), StoreError> {
        self.meet("put_progress").await?;
        let rows = rows.iter().map(|(key, progress)| (key.clone(), (progress.clone(), expires)));
        lock(&self.state).progress.extend(rows);
        Ok(())
    }

    async fn progress(&self, keys: &[String]) -> Result<BTreeMap<String, Progress>, StoreError> {
        self.meet("progress").await?;
        let state = lock(&self.state);
        let row = |key: &String| Some((key.clone(), state.progress.get(key)?.0.clone()));
        Ok(keys.iter().filter_map(row).collect())
    }
}
