//! How many connections a user may have at once.
//!
//! Counting and entering are two steps, so every socket enters first and then
//! looks at all of the user's sockets in the same order, oldest first. Of those
//! that enter at the same time each sees the others, and all agree on who goes.
//! Sockets that are gone without having been removed do not count; they are
//! looked for only at the limit.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use hubcast_membership::presence::Disconnect;
use hubcast_model::channel::ChannelKey;
use hubcast_model::context::Caller;
use hubcast_model::journey::connection::Ending;
use hubcast_model::ports::{
    ChannelStore, ConnectionGateway, Consistency, PageQuery, SocketStore, StoreError,
};
use hubcast_model::report::chain as report;
use hubcast_model::socket::{Socket, SocketState};
use hubcast_model::time::Clock;

use super::closer::{Closer, cut};
use super::farewell::{Farewell, Stage};
use super::step::End;

const EVICTED: &str = "A newer connection of the user took the place of this one.";
/// How many sockets are looked for at once.
const LOOKS_AT_ONCE: usize = 16;

/// How many connections a user may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimit {
    /// The most connections of one user on one hub.
    pub most: usize,
    /// What happens when the user opens one more.
    pub at_limit: AtLimit,
}

/// What happens when a user who is at the limit opens one more connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtLimit {
    /// The new connection is let in, and the user's oldest one is ended.
    Evict,
    /// The new connection is refused.
    Refuse,
}

impl ConnectionLimit {
    fn refusal(self) -> String {
        format!("The user has too many connections: at most {} are allowed.", self.most)
    }

    /// The sockets that have to go, of a user's `sockets` in order of age; and what they are told.
    fn excess(self, mut sockets: Vec<Socket>) -> Option<Excess> {
        let count = sockets.len().checked_sub(self.most).filter(|count| *count > 0)?;
        match self.at_limit {
            AtLimit::Evict => {
                sockets.truncate(count);
                Some(Excess { sockets, why: EVICTED.to_owned() })
            }
            // A socket that came earlier may enter later, so others may have slipped in.
            AtLimit::Refuse => {
                let newest = sockets.split_off(self.most);
                Some(Excess { sockets: newest, why: self.refusal() })
            }
        }
    }
}

/// The sockets beyond the limit.
struct Excess {
    sockets: Vec<Socket>,
    /// What their clients are told.
    why: String,
}

/// Holds users to the limit of their connections.
#[derive(Debug)]
pub(super) struct LimitCheck<S, G, C, P> {
    /// The limit; any number of connections when `None`.
    pub(super) limit: Option<ConnectionLimit>,
    pub(super) closer: Closer<S, G, C>,
    pub(super) presence: Arc<P>,
}

impl<S, G, C, P> LimitCheck<S, G, C, P>
where
    S: ChannelStore + SocketStore,
    G: ConnectionGateway,
    C: Clock,
    P: Disconnect,
{
    /// Why a socket may not even shake hands: its user is at the limit, and the limit refuses.
    pub(super) async fn refusal(&self, caller: &Caller) -> Result<Option<String>, StoreError> {
        let Some(limit) = self.limit.filter(|limit| limit.at_limit == AtLimit::Refuse) else {
            return Ok(None);
        };
        let sockets = self.sockets_beyond(limit.most, caller).await?;
        let others = sockets.iter().filter(|socket| socket.id != caller.socket).count();
        Ok((others >= limit.most).then(|| limit.refusal()))
    }

    /// Ends the sockets beyond the limit, now that the caller's socket has entered. Answers the
    /// end of the caller's own socket when that has to go.
    pub(super) async fn enforce(&self, caller: &Caller) -> Result<Option<End>, StoreError> {
        let Some(limit) = self.limit else {
            return Ok(None);
        };
        // Dead sockets make a difference only when there seems to be one more than allowed.
        let sockets = self.sockets_beyond(limit.most + 1, caller).await?;
        let Some(excess) = limit.excess(sockets) else {
            return Ok(None);
        };
        if excess.sockets.iter().any(|socket| socket.id == caller.socket) {
            self.presence.note_end(&caller.socket, &excess.why).await;
            self.presence.disconnect(&caller.socket, &Ending::OverLimit).await?;
            return Ok(Some(End::fatal(excess.why)));
        }
        self.evict(excess).await?;
        Ok(None)
    }

    /// The user's sockets, oldest first; without the dead ones when there seem to be `many`.
    async fn sockets_beyond(
        &self,
        many: usize,
        caller: &Caller,
    ) -> Result<Vec<Socket>, StoreError> {
        let mut sockets = self.sockets_of_user(caller).await?;
        if sockets.len() >= many {
            sockets = self.only_alive(sockets, caller).await?;
        }
        sockets.sort_by(|one, other| {
            (one.connected_at, &one.id).cmp(&(other.connected_at, &other.id))
        });
        Ok(sockets)
    }

    async fn sockets_of_user(&self, caller: &Caller) -> Result<Vec<Socket>, StoreError> {
        let principal = &caller.admission.principal;
        let Some(user) = &principal.user else {
            return Ok(Vec::new());
        };
        let store = &self.closer.store;
        let key = ChannelKey::user(&principal.hub, user);
        let (now, strong) = (self.closer.clock.now(), Consistency::Strong);
        let (mut sockets, mut after) = (Vec::new(), None);
        loop {
            let (consistency, after_socket) = (strong, after.as_ref());
            let query = PageQuery { key: &key, consistency, now, after: after_socket, limit: None };
            let page = store.members(query).await?;
            for member in page.members {
                let socket = store.socket(&member.socket, strong).await?;
                sockets.extend(socket.filter(|socket| socket.state != SocketState::Closed));
            }
            after = page.next;
            if after.is_none() {
                return Ok(sockets);
            }
        }
    }

    async fn only_alive(
        &self,
        sockets: Vec<Socket>,
        caller: &Caller,
    ) -> Result<Vec<Socket>, StoreError> {
        let looks = sockets.into_iter().map(|socket| self.if_alive(socket, caller));
        let alive: Vec<Result<Option<Socket>, StoreError>> =
            stream::iter(looks).buffered(LOOKS_AT_ONCE).collect().await;
        alive.into_iter().filter_map(Result::transpose).collect()
    }

    /// A socket unless it is gone; then its rows go too. A socket that cannot be looked for counts.
    async fn if_alive(
        &self,
        socket: Socket,
        caller: &Caller,
    ) -> Result<Option<Socket>, StoreError> {
        if socket.id == caller.socket {
            return Ok(Some(socket));
        }
        match self.closer.gateway.is_connected(&socket.id).await {
            Ok(true) => Ok(Some(socket)),
            Ok(false) => {
                self.presence.disconnect(&socket.id, &Ending::Gone).await?;
                Ok(None)
            }
            Err(err) => {
                tracing::warn!(error = %report(&err), "a socket could not be looked for");
                Ok(Some(socket))
            }
        }
    }

    /// Ends sockets. Each gets a Close, then nothing reaches it any more, and after a moment to
    /// read the Close it is cut. The new client has its answer by then and waits for none of this.
    async fn evict(&self, excess: Excess) -> Result<(), StoreError> {
        let Excess { mut sockets, why } = excess;
        // A socket that is joining must not hear anything yet, and comes here by itself.
        sockets.retain(|socket| socket.state == SocketState::Ready);
        let farewell = Farewell::of(End::fatal(why.clone()), Stage::Through);
        let close = Bytes::from(farewell.record());
        for socket in &sockets {
            // A client goes as soon as it reads its Close.
            self.presence.note_end(&socket.id, &why).await;
            if let Err(err) = self.closer.gateway.post(&socket.id, close.clone()).await {
                tracing::warn!(error = %report(&err), "an evicted socket was not told");
            }
            self.presence.disconnect(&socket.id, &Ending::OverLimit).await?;
            self.closer.mark_closed(&socket.id).await?;
        }
        tokio::time::sleep(self.closer.close_grace).await;
        for socket in &sockets {
            cut(&*self.closer.gateway, &socket.id).await;
        }
        Ok(())
    }
}
