//! What backends hear of clients.

use hubcast_model::client::{Client, ClientRecord};
use hubcast_model::id::SocketId;
use hubcast_model::ports::{ClientStore, PendingStore, StoreError};
use hubcast_model::time::Timestamp;
use hubcast_model::trace::Traceparent;
use hubcast_model::values::Values;

use super::MemoryStore;
use crate::journal::lock;

/// An invocation that was handed to backends.
#[derive(Debug)]
pub(super) struct Pending {
    expires: Timestamp,
    completed_by: Option<String>,
}

impl ClientStore for MemoryStore {
    async fn put_client(
        &self,
        socket: &SocketId,
        client: &Client,
        _expires: Timestamp,
    ) -> Result<(), StoreError> {
        self.meet("put_client").await?;
        let known =
            ClientRecord { client: client.clone(), is_announced: false, why: None, trace: None };
        lock(&self.state).clients.insert(socket.clone(), known);
        Ok(())
    }

    async fn client(&self, socket: &SocketId) -> Result<Option<ClientRecord>, StoreError> {
        self.meet("client").await?;
        Ok(lock(&self.state).clients.get(socket).cloned())
    }

    async fn renew_claims(&self, socket: &SocketId, claims: &Values) -> Result<bool, StoreError> {
        self.meet("renew_claims").await?;
        let mut state = lock(&self.state);
        let known = state.clients.get_mut(socket);
        Ok(known.map(|known| known.client.claims = claims.clone()).is_some())
    }

    async fn mark_announced(&self, socket: &SocketId) -> Result<bool, StoreError> {
        self.meet("mark_announced").await?;
        let mut state = lock(&self.state);
        let known = state.clients.get_mut(socket);
        Ok(known.map(|known| known.is_announced = true).is_some())
    }

    async fn note_end(
        &self,
        socket: &SocketId,
        why: &str,
        trace: Option<&Traceparent>,
    ) -> Result<(), StoreError> {
        self.meet("note_end").await?;
        if let Some(known) = lock(&self.state).clients.get_mut(socket) {
            known.why.get_or_insert_with(|| why.to_owned());
            known.trace = known.trace.take().or_else(|| trace.cloned());
        }
        Ok(())
    }

    async fn take_client(&self, socket: &SocketId) -> Result<Option<ClientRecord>, StoreError> {
        self.meet("take_client").await?;
        Ok(lock(&self.state).clients.remove(socket))
    }
}

impl PendingStore for MemoryStore {
    async fn put_pending(
        &self,
        socket: &SocketId,
        invocation_id: &str,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<bool, StoreError> {
        self.meet("put_pending").await?;
        let mut state = lock(&self.state);
        let key = (socket.clone(), invocation_id.to_owned());
        let is_waiting = |known: &Pending| known.completed_by.is_none() && known.expires > now;
        if state.pending.get(&key).is_some_and(is_waiting) {
            return Ok(false);
        }
        state.pending.insert(key, Pending { expires, completed_by: None });
        Ok(true)
    }

    async fn complete_pending(
        &self,
        socket: &SocketId,
        invocation_id: &str,
        by: &str,
    ) -> Result<bool, StoreError> {
        self.meet("complete_pending").await?;
        let mut state = lock(&self.state);
        let key = (socket.clone(), invocation_id.to_owned());
        let Some(pending) = state.pending.get_mut(&key) else {
            return Ok(false);
        };
        Ok(pending.completed_by.get_or_insert_with(|| by.to_owned()) == by)
    }

    async fn waiting(&self, socket: &SocketId, now: Timestamp) -> Result<Vec<String>, StoreError> {
        self.meet("waiting").await?;
        let state = lock(&self.state);
        let of_socket = state.pending.iter().filter(|((of, _), _)| of == socket);
        let waits = |known: &Pending| known.completed_by.is_none() && known.expires > now;
        Ok(of_socket.filter(|(_, it)| waits(it)).map(|((_, id), _)| id.clone()).collect())
    }

    async fn is_noted(&self, socket: &SocketId, invocation_id: &str) -> Result<bool, StoreError> {
        self.meet("is_noted").await?;
        let key = (socket.clone(), invocation_id.to_owned());
        Ok(lock(&self.state).pending.contains_key(&key))
    }

    async fn is_settled(&self, socket: &SocketId, invocation_id: &str) -> Result<bool, StoreError> {
        self.meet("is_settled").await?;
        let key = (socket.clone(), invocation_id.to_owned());
        let state = lock(&self.state);
        Ok(state.pending.get(&key).is_some_and(|pending| pending.completed_by.is_some()))
    }
}
