//! The connections whose beginning an endpoint has not taken.

use hubcast_model::id::{ConnectionId, HubName};
use hubcast_model::ports::{StoreError, UptakeStore};
use hubcast_model::time::Timestamp;
use hubcast_model::uptake::Uptake;

use super::MemoryStore;
use crate::journal::lock;

impl UptakeStore for MemoryStore {
    async fn uptake(&self, hub: &HubName, connection: &ConnectionId) -> Result<Uptake, StoreError> {
        self.meet("uptake").await?;
        let key = (hub.clone(), connection.clone());
        Ok(lock(&self.state).uptakes.get(&key).copied().unwrap_or(Uptake::Taken))
    }

    async fn put_uptake(
        &self,
        hub: &HubName,
        connection: &ConnectionId,
        uptake: Uptake,
        _expires: Timestamp,
    ) -> Result<(), StoreError> {
        self.meet("put_uptake").await?;
        lock(&self.state).uptakes.insert((hub.clone(), connection.clone()), uptake);
        Ok(())
    }
}
