//! The authentication of open connections, as backends read and renew it.

use hubcast_membership::renewal::{Renewal, RenewalStore, find};
use hubcast_model::context::Admission;
use hubcast_model::id::ConnectionId;
use hubcast_model::ports::StoreError;
use hubcast_model::time::Clock;

use super::{BackendError, Roster};

pub use hubcast_membership::renewal::{Open, Renewed};

/// The tokens of the connections of a hub.
#[derive(Debug)]
pub struct Authentication<'a, S, C> {
    roster: Roster<'a, S, C>,
}

impl<'a, S, C> Authentication<'a, S, C> {
    pub(crate) const fn new(roster: Roster<'a, S, C>) -> Self {
        Self { roster }
    }
}

impl<S, C> Authentication<'_, S, C>
where
    S: RenewalStore,
    C: Clock,
{
    /// The open connection of this id, whose session has an end.
    ///
    /// # Errors
    /// When there is none, or the table does not answer.
    pub async fn find(&self, connection: &ConnectionId) -> Result<Open, BackendError> {
        let table = self.roster.table;
        let found = find(&table.store, self.roster.hub, connection, table.clock.now()).await?;
        found.ok_or(BackendError::NoConnection)
    }

    /// Has a connection follow a fresh token of its user.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn renew(&self, open: &Open, fresh: &Admission) -> Result<Renewed, StoreError> {
        let table = self.roster.table;
        let now = table.clock.now();
        Renewal::at(&table.store, &table.shards, now).await?.renew(open, fresh).await
    }
}
