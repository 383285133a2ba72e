//! The end of a session, which a fresh token may have moved.
//!
//! The deadline that the authorizer found rides on every event and cannot
//! change. So the record is looked at once that deadline has passed, and not
//! before: connections that are never refreshed pay nothing.

use std::sync::Arc;

use hubcast_model::context::Caller;
use hubcast_model::ports::{Consistency, SocketStore, StoreError};
use hubcast_model::socket::ROW_LIFETIME;
use hubcast_model::time::{Clock, Timestamp};

use super::budget::Budget;
use super::step::End;

/// Looks at the ends of sessions.
#[derive(Debug)]
pub(super) struct Deadlines<S, C> {
    pub(super) store: Arc<S>,
    pub(super) clock: Arc<C>,
}

impl<S: SocketStore, C: Clock> Deadlines<S, C> {
    /// The end of a client whose session is over.
    pub(super) async fn due(&self, caller: &Caller, budget: &Budget) -> Option<End> {
        let now = self.clock.now();
        let deadline = caller.admission.principal.session_expires?;
        if deadline > now || budget.is_renewed(&caller.socket, now) {
            return None;
        }
        match self.renewed_until(caller, now).await {
            Ok(Some(until)) => {
                budget.note_renewed(&caller.socket, until, now);
                None
            }
            Ok(None) => Some(End::over()),
            Err(err) => Some(End::unavailable(&err)),
        }
    }

    /// Until when a fresh token lets the session go on; `None` when none does.
    async fn renewed_until(
        &self,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        if !caller.admission.is_renewable() {
            return Ok(None);
        }
        let socket = self.store.socket(&caller.socket, Consistency::Strong).await?;
        let socket = socket.filter(|socket| socket.is_in_session(now));
        let endless = caller.connected_at.plus(ROW_LIFETIME);
        Ok(socket.map(|socket| socket.session_end().unwrap_or(endless)))
    }
}
