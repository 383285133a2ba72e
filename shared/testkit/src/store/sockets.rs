//! Sockets and claims.

use hubcast_model::channel::ChannelKey;
use hubcast_model::id::{ConnectionId, HubName, SocketId};
use hubcast_model::ports::{ClaimStore, Consistency, SocketStore, StoreError};
use hubcast_model::socket::{Socket, SocketState};
use hubcast_model::time::Timestamp;
use hubcast_model::work::Charge;

use super::{Claim, MemoryStore, Record, State};
use crate::journal::lock;

impl State {
    /// The record of a known socket that is in one of these states.
    pub(super) fn socket_in(
        &mut self,
        id: &SocketId,
        states: &[SocketState],
    ) -> Option<&mut Socket> {
        match self.sockets.get_mut(id)? {
            Record::Socket(socket) => Some(socket).filter(|socket| states.contains(&socket.state)),
            Record::ClosedMark => None,
        }
    }
}

impl ClaimStore for MemoryStore {
    async fn take_claim(
        &self,
        hub: &HubName,
        connection: &ConnectionId,
        socket: &SocketId,
        _expires: Timestamp,
    ) -> Result<bool, StoreError> {
        self.meet("take_claim").await?;
        let mut state = lock(&self.state);
        let key = (hub.clone(), connection.clone());
        let is_finished = |claim: &Claim| claim.is_finished && claim.holder != *socket;
        if state.claims.get(&key).is_some_and(is_finished) {
            return Ok(false);
        }
        state.claims.insert(key, Claim { holder: socket.clone(), is_finished: false });
        Ok(true)
    }

    async fn release_claim(
        &self,
        hub: &HubName,
        connection: &ConnectionId,
        socket: &SocketId,
    ) -> Result<(), StoreError> {
        self.meet("release_claim").await?;
        let mut state = lock(&self.state);
        let key = (hub.clone(), connection.clone());
        if state.claims.get(&key).is_some_and(|claim| claim.holder == *socket) {
            state.claims.remove(&key);
        }
        Ok(())
    }
}

impl SocketStore for MemoryStore {
    async fn create_socket(&self, socket: &Socket) -> Result<(), StoreError> {
        self.meet("create_socket").await?;
        let record = Record::Socket(socket.clone());
        lock(&self.state).sockets.insert(socket.id.clone(), record);
        Ok(())
    }

    async fn socket(
        &self,
        id: &SocketId,
        _consistency: Consistency,
    ) -> Result<Option<Socket>, StoreError> {
        self.meet("socket").await?;
        Ok(lock(&self.state).sockets.get(id).cloned().and_then(Record::socket))
    }

    async fn begin_handshake(
        &self,
        id: &SocketId,
        channels: &[ChannelKey],
        now: Timestamp,
    ) -> Result<Option<Socket>, StoreError> {
        self.meet("begin_handshake").await?;
        let mut state = lock(&self.state);
        let socket = state.socket_in(id, &[SocketState::Connecting]);
        Ok(socket.map(|socket| {
            socket.state = SocketState::Joining;
            socket.handshake_at = Some(now);
            socket.channels.extend(channels.iter().cloned());
            socket.clone()
        }))
    }

    async fn finish_handshake(&self, socket: &Socket) -> Result<bool, StoreError> {
        self.meet("finish_handshake").await?;
        let mut state = lock(&self.state);
        let key = (socket.hub.clone(), socket.connection.clone());
        let holds = |claim: &Claim| claim.holder == socket.id;
        if socket.is_claimed() && !state.claims.get(&key).is_some_and(holds) {
            return Ok(false);
        }
        let Some(joining) = state.socket_in(&socket.id, &[SocketState::Joining]) else {
            return Ok(false);
        };
        joining.state = SocketState::Ready;
        if let Some(claim) = state.claims.get_mut(&key) {
            claim.is_finished = true;
        }
        Ok(true)
    }

    async fn note_channels(
        &self,
        id: &SocketId,
        channels: &[ChannelKey],
        charge: Option<Charge>,
    ) -> Result<Option<Socket>, StoreError> {
        self.meet("note_channels").await?;
        let mut state = lock(&self.state);
        let socket = state.socket_in(id, &[SocketState::Joining, SocketState::Ready]);
        Ok(socket.map(|socket| {
            if let Some(charge) = charge {
                socket.paid_at = Some(charge.onto(socket.paid_at));
            }
            socket.channels.extend(channels.iter().cloned());
            socket.clone()
        }))
    }

    async fn forget_channels(
        &self,
        id: &SocketId,
        channels: &[ChannelKey],
    ) -> Result<(), StoreError> {
        self.meet("forget_channels").await?;
        if let Some(Record::Socket(socket)) = lock(&self.state).sockets.get_mut(id) {
            socket.channels.retain(|key| !channels.contains(key));
        }
        Ok(())
    }

    async fn mark_closed(
        &self,
        id: &SocketId,
        told_at: Timestamp,
        _expires: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.meet("mark_closed").await?;
        let mut state = lock(&self.state);
        let earlier = state.closes.get(id).copied();
        state.closes.entry(id.clone()).or_insert(told_at);
        match state.sockets.entry(id.clone()).or_insert(Record::ClosedMark) {
            Record::ClosedMark => {}
            Record::Socket(socket) => socket.state = SocketState::Closed,
        }
        Ok(earlier)
    }

    async fn delete_socket(&self, id: &SocketId) -> Result<Option<Socket>, StoreError> {
        self.meet("delete_socket").await?;
        let mut state = lock(&self.state);
        state.closes.remove(id);
        Ok(state.sockets.remove(id).and_then(Record::socket))
    }
}
