//! A client shows a fresh token for its open connection: the refresh use case.

use std::future::Future;

use hubcast_membership::renewal::{Renewal, RenewalStore, find};
use hubcast_membership::shards::Shards;
use hubcast_model::context::Admission;
use hubcast_model::id::{ConnectionId, HubName};
use hubcast_model::ports::StoreError;
use hubcast_model::time::Clock;

pub use hubcast_membership::renewal::{Open, Renewed};

/// Refreshes open connections.
pub trait Refresh: Send + Sync {
    /// The open connection of this id on a hub. `None` when there is none, or when its session has
    /// no end that a fresh token could move.
    ///
    /// # Errors
    /// When the table does not answer.
    fn find(
        &self,
        hub: &HubName,
        connection: &ConnectionId,
    ) -> impl Future<Output = Result<Option<Open>, StoreError>> + Send;

    /// Has a connection follow a fresh token of its user.
    ///
    /// # Errors
    /// When the table does not answer.
    fn renew(
        &self,
        open: &Open,
        fresh: &Admission,
    ) -> impl Future<Output = Result<Renewed, StoreError>> + Send;
}

/// The rules of a refresh, with the ports that they need.
#[derive(Debug)]
pub struct Refreshing<S, C> {
    store: S,
    clock: C,
    shards: Shards,
}

impl<S, C> Refreshing<S, C> {
    /// The rules over these ports.
    pub const fn new(store: S, clock: C, shards: Shards) -> Self {
        Self { store, clock, shards }
    }
}

impl<S, C> Refresh for Refreshing<S, C>
where
    S: RenewalStore,
    C: Clock,
{
    async fn find(
        &self,
        hub: &HubName,
        connection: &ConnectionId,
    ) -> Result<Option<Open>, StoreError> {
        find(&self.store, hub, connection, self.clock.now()).await
    }

    async fn renew(&self, open: &Open, fresh: &Admission) -> Result<Renewed, StoreError> {
        let now = self.clock.now();
        Renewal::at(&self.store, &self.shards, now).await?.renew(open, fresh).await
    }
}
