//! The ends of sessions, which fresh tokens move.

use hubcast_model::context::Admission;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{DeadlineStore, StoreError};
use hubcast_model::socket::{Socket, SocketState};
use hubcast_model::time::Timestamp;

use super::MemoryStore;
use crate::journal::lock;

const THERE: [SocketState; 1] = [SocketState::Ready];

impl DeadlineStore for MemoryStore {
    async fn move_deadline(
        &self,
        socket: &SocketId,
        deadline: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Option<Socket>, StoreError> {
        self.meet("move_deadline").await?;
        let mut state = lock(&self.state);
        let goes_on = |socket: &&mut Socket| socket.session_expires.is_none_or(|end| end > now);
        Ok(state.socket_in(socket, &THERE).filter(goes_on).map(|socket| {
            socket.session_expires = deadline;
            socket.clone()
        }))
    }

    async fn renew_admission(
        &self,
        socket: &SocketId,
        admission: &Admission,
    ) -> Result<Option<Socket>, StoreError> {
        self.meet("renew_admission").await?;
        let mut state = lock(&self.state);
        let deadline = admission.principal.session_expires;
        let ends_so = |socket: &&mut Socket| socket.session_expires == deadline;
        Ok(state.socket_in(socket, &THERE).filter(ends_so).map(|socket| {
            socket.admission = Some(Box::new(admission.clone()));
            socket.clone()
        }))
    }
}
