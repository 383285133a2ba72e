//! Answers of clients that backends wait for.

use hubcast_model::ports::{ClientResult, InvocationKey, ResultStore, StoreError};
use hubcast_model::time::Timestamp;

use super::MemoryStore;
use crate::journal::lock;

impl ResultStore for MemoryStore {
    async fn expect_result(
        &self,
        key: &InvocationKey,
        _expires: Timestamp,
    ) -> Result<(), StoreError> {
        self.meet("expect_result").await?;
        lock(&self.state).results.insert(key.clone(), None);
        Ok(())
    }

    async fn awaits_result(&self, key: &InvocationKey) -> Result<bool, StoreError> {
        self.meet("awaits_result").await?;
        Ok(lock(&self.state).results.get(key).is_some_and(Option::is_none))
    }

    async fn put_result(
        &self,
        key: &InvocationKey,
        result: &ClientResult,
    ) -> Result<bool, StoreError> {
        self.meet("put_result").await?;
        match lock(&self.state).results.get_mut(key) {
            Some(awaited @ None) => {
                *awaited = Some(result.clone());
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn result(&self, key: &InvocationKey) -> Result<Option<ClientResult>, StoreError> {
        self.meet("result").await?;
        Ok(lock(&self.state).results.get(key).cloned().flatten())
    }

    async fn forget_result(&self, key: &InvocationKey) -> Result<(), StoreError> {
        self.meet("forget_result").await?;
        lock(&self.state).results.remove(key);
        Ok(())
    }
}
