//! Sessions of client tokens.

use hubcast_model::id::{ConnectionId, SocketId};
use hubcast_model::ports::{SessionStore, StoreError};
use hubcast_model::session::SessionId;
use hubcast_model::time::Timestamp;

use super::MemoryStore;
use crate::journal::lock;

impl SessionStore for MemoryStore {
    async fn join_session(
        &self,
        session: &SessionId,
        socket: &SocketId,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        self.meet("join_session").await?;
        let mut state = lock(&self.state);
        let session = state.sessions.entry(session.clone()).or_default();
        session.sockets.insert(socket.clone(), until);
        Ok(())
    }

    async fn leave_session(
        &self,
        session: &SessionId,
        socket: &SocketId,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        self.meet("leave_session").await?;
        let mut state = lock(&self.state);
        let session = state.sessions.entry(session.clone()).or_default();
        session.until = session.until.max(Some(until));
        session.sockets.remove(socket);
        Ok(())
    }

    async fn session_lasts(&self, session: &SessionId, now: Timestamp) -> Result<bool, StoreError> {
        self.meet("session_lasts").await?;
        let state = lock(&self.state);
        Ok(state.sessions.get(session).is_some_and(|session| {
            session.sockets.values().chain(&session.until).any(|until| *until > now)
        }))
    }

    async fn use_up(
        &self,
        session: &SessionId,
        connection: &ConnectionId,
        _expires: Timestamp,
    ) -> Result<bool, StoreError> {
        self.meet("use_up").await?;
        let mut state = lock(&self.state);
        let session = state.sessions.entry(session.clone()).or_default();
        let is_by_same = session.used_by.get_or_insert_with(|| connection.clone()) == connection;
        Ok(is_by_same && session.spent_by.is_none())
    }

    async fn spend(&self, session: &SessionId, socket: &SocketId) -> Result<bool, StoreError> {
        self.meet("spend").await?;
        let mut state = lock(&self.state);
        let session = state.sessions.entry(session.clone()).or_default();
        if session.used_by.is_none() {
            return Ok(false);
        }
        Ok(session.spent_by.get_or_insert_with(|| socket.clone()) == socket)
    }

    async fn is_used_up(&self, session: &SessionId) -> Result<bool, StoreError> {
        self.meet("is_used_up").await?;
        let state = lock(&self.state);
        Ok(state.sessions.get(session).is_some_and(|session| session.used_by.is_some()))
    }
}
