//! The connections whose beginning an endpoint has not taken.

use hubcast_model::id::{ConnectionId, HubName};
use hubcast_model::ports::{StandingStore, StoreError};
use hubcast_model::standing::Standing;
use hubcast_model::time::Timestamp;

use super::MemoryStore;
use crate::journal::lock;

impl StandingStore for MemoryStore {
    async fn standing(
        &self,
        hub: &HubName,
        connection: &ConnectionId,
    ) -> Result<Standing, StoreError> {
        self.meet("standing").await?;
        let key = (hub.clone(), connection.clone());
        Ok(lock(&self.state).standings.get(&key).copied().unwrap_or(Standing::Taken))
    }

    async fn put_standing(
        &self,
        hub: &HubName,
        connection: &ConnectionId,
        standing: Standing,
        _expires: Timestamp,
    ) -> Result<(), StoreError> {
        self.meet("put_standing").await?;
        lock(&self.state).standings.insert((hub.clone(), connection.clone()), standing);
        Ok(())
    }
}
