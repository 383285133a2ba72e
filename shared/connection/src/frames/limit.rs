//! How many connections a user may have at once.
//!
//! Counting and entering are two steps, so every socket enters first and then
//! looks at all of the user's sockets in the same order, oldest first: of those
//! that enter at the same time each sees the others, and all agree on who goes.
//! Sockets that are gone without having been removed do not count; they are
//! looked for only at the limit.

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use signalr_protocol::message::{Close, HubMessage};

use super::{CLOSED_MARK, End, Frames, Step};
use hubcast_model::channel::ChannelKey;
use hubcast_model::context::Caller;
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, ConnectionGateway, Consistency,
    GrantStore, InboxStore, MembershipStore, PageQuery, PendingStore, ResultStore, SessionStore,
    ShardStore, SocketStore, StoreError, UpstreamQueue, UsageStore,
};
use hubcast_model::report::chain as report;
use hubcast_model::socket::{Socket, SocketState};
use hubcast_model::time::Clock;

const EVICTED: &str = "A newer connection of the user took the place of this one.";
/// How many sockets are asked about at once.
const LOOKS_AT_ONCE: usize = 16;

/// How many connections a user may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimit {
    /// The most connections of one user on one hub.
    pub most: usize,
    /// What happens to one more.
    pub at_limit: AtLimit,
}

/// What happens to a connection beyond the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtLimit {
    /// It is let in, and the user's oldest one is ended.
    Evict,
    /// It is refused.
    Refuse,
}

impl ConnectionLimit {
    fn refusal(self) -> String {
        format!("The user has too many connections: at most {} are allowed.", self.most)
    }
}

impl<S, G, C, U> Frames<S, G, C, U>
where
    S: SocketStore
        + ClaimStore
        + SessionStore
        + ClientStore
        + PendingStore
        + ChannelStore
        + ShardStore
        + BoardStore
        + InboxStore
        + UsageStore
        + MembershipStore
        + BlockStore
        + GrantStore
        + ResultStore,
    G: ConnectionGateway,
    C: Clock,
    U: UpstreamQueue,
{
    /// Why a socket may not even shake hands: its user is at the limit and it is not to make room.
    pub(super) async fn refusal(&self, caller: &Caller) -> Result<Option<String>, StoreError> {
        let limit = self.settings.connections;
        let Some(limit) = limit.filter(|limit| limit.at_limit == AtLimit::Refuse) else {
            return Ok(None);
        };
        let sockets = self.sockets_beyond(limit.most, caller).await?;
        let others = sockets.iter().filter(|socket| socket.id != caller.socket).count();
        Ok((others >= limit.most).then(|| limit.refusal()))
    }

    /// Ends what is beyond the limit now that a socket has entered.
    pub(super) async fn keep_limit(
        &self,
        caller: &Caller,
        entered: &Socket,
    ) -> Result<Step, StoreError> {
        let Some(limit) = self.settings.connections else {
            return Ok(Step::Silent);
        };
        // One more than allowed is what makes a difference here.
        let sockets = self.sockets_beyond(limit.most + 1, caller).await?;
        let excess = sockets.len().saturating_sub(limit.most);
        if excess == 0 {
            return Ok(Step::Silent);
        }
        let (go, why) = match limit.at_limit {
            AtLimit::Evict => (sockets.get(..excess), EVICTED.to_owned()),
            // One that came earlier may enter later, so others may have slipped in.
            AtLimit::Refuse => (sockets.get(limit.most..), limit.refusal()),
        };
        let go = go.unwrap_or_default();
        if go.iter().any(|socket| socket.id == entered.id) {
            self.disconnect(&entered.id).await?;
            return Ok(Step::End(End::fatal(why)));
        }
        self.evict(go, why).await?;
        Ok(Step::Silent)
    }

    /// The user's sockets, oldest first; without the dead ones when there seem to be `many`.
    async fn sockets_beyond(
        &self,
        many: usize,
        caller: &Caller,
    ) -> Result<Vec<Socket>, StoreError> {
        let mut sockets = self.sockets_of_user(caller).await?;
        if sockets.len() >= many {
            let alive = stream::iter(sockets).map(|socket| self.if_alive(socket, caller));
            let alive: Vec<Result<Option<Socket>, StoreError>> =
                alive.buffered(LOOKS_AT_ONCE).collect().await;
            sockets = alive.into_iter().filter_map(Result::transpose).collect::<Result<_, _>>()?;
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
        let key = ChannelKey::user(&principal.hub, user);
        let (now, strong) = (self.clock.now(), Consistency::Strong);
        let (mut sockets, mut after) = (Vec::new(), None);
        loop {
            let (consistency, after_socket) = (strong, after.as_ref());
            let query = PageQuery { key: &key, consistency, now, after: after_socket, limit: None };
            let page = self.store.members(query).await?;
            for member in page.members {
                let socket = self.store.socket(&member.socket, strong).await?;
                sockets.extend(socket.filter(|socket| socket.state != SocketState::Closed));
            }
            after = page.next;
            if after.is_none() {
                return Ok(sockets);
            }
        }
    }

    /// A socket unless it is gone; then its rows go too. Without an answer it counts.
    async fn if_alive(
        &self,
        socket: Socket,
        caller: &Caller,
    ) -> Result<Option<Socket>, StoreError> {
        if socket.id == caller.socket {
            return Ok(Some(socket));
        }
        match self.gateway.is_connected(&socket.id).await {
            Ok(true) => Ok(Some(socket)),
            Ok(false) => {
                self.disconnect(&socket.id).await?;
                Ok(None)
            }
            Err(err) => {
                tracing::warn!(error = %report(&err), "a socket could not be looked for");
                Ok(Some(socket))
            }
        }
    }

    /// Ends sockets: a Close first, then nothing reaches them any more, and after a moment to
    /// read it they are cut off. The new client has its answer by then and waits for none of this.
    async fn evict(&self, sockets: &[Socket], why: String) -> Result<(), StoreError> {
        let close = Close { error: Some(why), allow_reconnect: false };
        let close = HubMessage::Close(close).encode();
        let close = Bytes::from(close);
        for socket in sockets {
            if let Err(err) = self.gateway.post(&socket.id, close.clone()).await {
                tracing::warn!(error = %report(&err), "an evicted socket was not told");
            }
            self.disconnect(&socket.id).await?;
            self.store.mark_closed(&socket.id, self.clock.now().plus(CLOSED_MARK)).await?;
        }
        tokio::time::sleep(self.settings.close_grace).await;
        for socket in sockets {
            self.drop_socket(&socket.id).await;
        }
        Ok(())
    }
}
