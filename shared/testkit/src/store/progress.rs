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

    async fn take_turn(
        &self,
        name: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.meet("take_turn").await?;
        let turns = &mut lock(&self.state).turns;
        let is_free = turns.get(name).is_none_or(|end| *end <= now);
        if is_free {
            turns.insert(name.to_owned(), until);
        }
        Ok(is_free)
    }

    async fn end_turn(&self, name: &str) -> Result<(), StoreError> {
        self.meet("end_turn").await?;
        lock(&self.state).turns.remove(name);
        Ok(())
    }
}
