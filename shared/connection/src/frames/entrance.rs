//! The rows of a newcomer: from a handshake that is taken on to a socket that is ready.
//!
//! All rows are written before the client gets its answer. So whatever is sent
//! after the answer finds the socket, and whoever finds a socket that is not
//! ready waits.
//!
//! The rows for user, connection and hub are written first, then the lasting
//! memberships and the block are read. Whoever changes those writes them first
//! and reads the user's sockets afterwards. So one of the two always sees the
//! other.

use std::collections::BTreeSet;
use std::sync::Arc;

use hubcast_membership::membership::{Groups, effective, join, leave};
use hubcast_membership::shards::Shards;
use hubcast_membership::token::{is_blocked, token_groups};
use hubcast_model::channel::{ChannelKey, ShardCounts};
use hubcast_model::context::Caller;
use hubcast_model::id::{GroupName, KeyedName, UserId};
use hubcast_model::ports::{
    BlockStore, ChannelStore, Consistency, GrantStore, MembershipStore, SessionStore, ShardStore,
    SocketStore, StoreError,
};
use hubcast_model::session::Reuse;
use hubcast_model::socket::Socket;
use hubcast_model::time::Clock;

/// How a handshake began.
#[derive(Debug)]
pub(super) enum Beginning {
    /// It was taken on. This is the socket's record.
    Begun(Socket),
    /// The socket has shaken hands before.
    Repeated,
    /// The socket is not on record, or another socket spent the token that is good for one.
    Unknown,
}

/// How the rows of a newcomer came out.
#[derive(Debug)]
pub(super) enum Entry {
    /// The rows are written, those of these groups too.
    Written(Groups),
    /// The socket went away.
    Lost,
    /// The user is blocked or has logged out.
    Blocked,
}

/// Writes the rows of newcomers.
#[derive(Debug)]
pub(super) struct Entrance<S, C> {
    pub(super) store: Arc<S>,
    pub(super) clock: Arc<C>,
    pub(super) shards: Arc<Shards>,
}

impl<S: SessionStore + ShardStore + SocketStore, C: Clock> Entrance<S, C> {
    /// Takes a handshake on, once per socket.
    pub(super) async fn begin(&self, caller: &Caller) -> Result<Beginning, StoreError> {
        if !spend(&*self.store, caller).await? {
            return Ok(Beginning::Unknown);
        }
        let counts = self.shards.for_writing(&*self.store).await?;
        let channels = first_channels(caller, counts);
        if let Some(socket) =
            self.store.begin_handshake(&caller.socket, &channels, self.clock.now()).await?
        {
            return Ok(Beginning::Begun(socket));
        }
        let record = self.store.socket(&caller.socket, Consistency::Strong).await?;
        Ok(if record.is_some() { Beginning::Repeated } else { Beginning::Unknown })
    }
}

impl<S: SocketStore, C> Entrance<S, C> {
    /// Makes the socket ready. False when the socket went away, or another socket took over its
    /// connection id.
    pub(super) async fn finish(&self, socket: &Socket) -> Result<bool, StoreError> {
        self.store.finish_handshake(socket).await
    }
}

impl<S, C> Entrance<S, C>
where
    S: BlockStore + ChannelStore + GrantStore + MembershipStore + ShardStore + SocketStore,
    C: Clock,
{
    /// Writes all rows.
    pub(super) async fn enter(
        &self,
        caller: &Caller,
        socket: &Socket,
    ) -> Result<Entry, StoreError> {
        self.store.put_rows(&socket.rows(&socket.channels, None)).await?;
        let (store, principal) = (&*self.store, &caller.admission.principal);
        let token_groups = token_groups(store, principal, self.clock.now()).await?;
        if is_blocked(store, principal, self.clock.now()).await? {
            return Ok(Entry::Blocked);
        }
        let groups = self.enter_groups(socket, &token_groups).await?;
        Ok(groups.map_or(Entry::Lost, Entry::Written))
    }
}

impl<S, C> Entrance<S, C>
where
    S: ChannelStore + MembershipStore + ShardStore + SocketStore,
    C: Clock,
{
    /// Joins the groups of token and table, and leaves those that were taken away meanwhile, until
    /// none was. `None` when the socket is not there any more.
    async fn enter_groups(
        &self,
        socket: &Socket,
        token: &[GroupName],
    ) -> Result<Option<Groups>, StoreError> {
        let counts = self.shards.for_writing(&*self.store).await?;
        loop {
            let groups = self.groups_now(socket, token).await?;
            if groups.is_empty() {
                return Ok(Some(groups));
            }
            if !join(&*self.store, counts, socket, &groups).await? {
                return Ok(None);
            }
            let current = self.groups_now(socket, token).await?;
            let vanished: BTreeSet<KeyedName> =
                groups.keys().filter(|group| !current.contains_key(group)).cloned().collect();
            if vanished.is_empty() {
                return Ok(Some(groups));
            }
            leave(&*self.store, counts, socket, &vanished).await?;
        }
    }

    async fn groups_now(&self, socket: &Socket, token: &[GroupName]) -> Result<Groups, StoreError> {
        let lasting = match &socket.user {
            Some(user) => self.store.memberships(&socket.hub, user, self.clock.now()).await?,
            None => Vec::new(),
        };
        Ok(effective(token, &lasting))
    }
}

/// Spends a token that may be used once; false when another socket did. Until here a proxy may have
/// tried the same connection again.
async fn spend(store: &impl SessionStore, caller: &Caller) -> Result<bool, StoreError> {
    match &caller.admission.principal.session {
        Some(session) if session.reuse == Reuse::Once => {
            store.spend(&session.id, &caller.socket).await
        }
        _ => Ok(true),
    }
}

/// The channels of every socket: its user, its own id if it has one, and its hub.
fn first_channels(caller: &Caller, counts: ShardCounts) -> Vec<ChannelKey> {
    let principal = &caller.admission.principal;
    let hub = &principal.hub;
    let user = principal.user.as_ref().map(|user: &UserId| ChannelKey::user(hub, user));
    let own = principal.connection.as_ref().map(|own| ChannelKey::connection(hub, own));
    let all = counts.hub_key(hub, &caller.socket);
    user.into_iter().chain(own).chain([all]).collect()
}
