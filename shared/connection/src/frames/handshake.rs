//! The handshake: from a socket that is connected to one that is ready.
//!
//! A client fails for good when anything reaches it before the handshake's
//! answer. So the answer is posted and its 200 awaited before the first
//! channel row makes the socket deliverable. Rows for user, connection and hub
//! come first, then lasting memberships and blocks are read: whoever changes
//! those writes them first and reads the user's sockets after, so that one of
//! the two always sees the other.

use std::collections::BTreeSet;

use bytes::Bytes;
use signalr_protocol::handshake::{ACCEPTED, HandshakeError, HandshakeRequest};
use signalr_protocol::texts;

use super::{End, Frames, Step, unavailable};
use hubcast_membership::membership::{Groups, effective, join, leave};
use hubcast_model::channel::{ChannelKey, ShardCounts};
use hubcast_model::context::Caller;
use hubcast_model::id::{GroupName, KeyedName, SocketId, UserId};
use hubcast_model::later::Uses;
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, ConnectionGateway, Consistency,
    GrantStore, InboxStore, MembershipStore, PendingStore, PostError, ResultStore, SessionStore,
    ShardStore, SocketStore, StoreError, UpstreamQueue, UsageStore,
};
use hubcast_model::report::chain as report;
use hubcast_model::socket::Socket;
use hubcast_model::time::Clock;

/// How often the answer is posted when the gateway says that it took nothing.
const POSTS: u32 = 4;
const FIRST_PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

/// How the rows of a handshake came out.
enum Entry {
    /// In these groups.
    Ready(Groups),
    /// Something was kept for the user in this moment.
    Early,
    /// The socket went away, or another took over its connection id.
    Lost,
    Blocked,
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
    pub(super) async fn handshake(&self, caller: &Caller, record: &str) -> Step {
        let request = HandshakeRequest::parse(record);
        if let Err(refusal) = request.and_then(|request| request.accept()) {
            return self.refused(caller, refusal.to_string()).await;
        }
        match self.refusal(caller).await {
            Ok(None) => {}
            Ok(Some(refusal)) => return self.refused(caller, refusal).await,
            Err(err) => return unbegun(&err),
        }
        let socket = match self.begin(caller).await {
            Ok(Ok(socket)) => socket,
            Ok(Err(end)) => return Step::End(end),
            Err(err) => return unbegun(&err),
        };
        let accepted = Bytes::from_static(ACCEPTED.as_bytes());
        let (posted, in_use) =
            tokio::join!(self.post(&socket.id, accepted), self.in_use_so_far(&socket));
        if let Err(err) = posted {
            return self.unanswered(&socket, &err).await;
        }
        if let Err(missed) = self.empty_inbox(caller, &socket, &in_use).await {
            return self.missed(&socket, &missed).await;
        }
        match self.enter(caller, &socket, &in_use).await {
            Ok(Entry::Ready(groups)) => self.settled_in(caller, &socket, groups, &in_use).await,
            Ok(Entry::Early) => self.early(&socket).await,
            Ok(Entry::Lost) => self.lost(&socket).await,
            Ok(Entry::Blocked) => self.blocked(&socket).await,
            Err(err) => unavailable(&err),
        }
    }

    /// A socket past its handshake reads Close records only.
    async fn refused(&self, caller: &Caller, refusal: String) -> Step {
        match self.broken(caller, &refusal).await {
            End::Refuse(_) => Step::End(End::Refuse(refusal)),
            end => Step::End(end),
        }
    }

    /// A ready socket makes room, or goes when there is none; then it is shown what hangs there.
    async fn settled_in(
        &self,
        caller: &Caller,
        socket: &Socket,
        groups: Groups,
        in_use: &Uses,
    ) -> Step {
        self.announce(socket).await;
        match self.keep_limit(caller, socket).await {
            Ok(Step::Silent) => self.welcome(socket, groups.into_keys(), in_use).await,
            Ok(step) => step,
            Err(err) => unavailable(&err),
        }
    }

    /// Takes the handshake on, once per socket.
    async fn begin(&self, caller: &Caller) -> Result<Result<Socket, End>, StoreError> {
        let counts = self.shards.for_writing(&self.store).await?;
        let channels = first_channels(caller, counts);
        if let Some(socket) = self.store.begin_handshake(&caller.socket, &channels).await? {
            return Ok(Ok(socket));
        }
        let found = self.store.socket(&caller.socket, Consistency::Strong).await?;
        Ok(Err(match found {
            Some(_) => End::fatal(format!("{} A second handshake.", texts::CLOSED_WITH_ERROR)),
            None => End::Drop,
        }))
    }

    /// Posts the answer, or what follows it. Only what surely did not arrive is posted again, since
    /// a client takes a second answer for a broken record.
    pub(super) async fn post(&self, socket: &SocketId, frame: Bytes) -> Result<(), PostError> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..POSTS {
            match self.gateway.post(socket, frame.clone()).await {
                Err(PostError::Throttled | PostError::Unreached(_)) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                outcome => return outcome,
            }
        }
        self.gateway.post(socket, frame).await
    }

    /// Without a sure answer the client's start fails in any case: it is cut off to try anew.
    async fn unanswered(&self, socket: &Socket, err: &PostError) -> Step {
        tracing::warn!(error = %report(err), socket.id = %socket.id, "a handshake went unanswered");
        if let Err(err) = self.disconnect(&socket.id).await {
            tracing::warn!(error = %report(&err), "a socket's rows could not be removed");
        }
        Step::End(End::Drop)
    }

    /// Writes all rows and makes the socket ready.
    async fn enter(
        &self,
        caller: &Caller,
        socket: &Socket,
        in_use: &Uses,
    ) -> Result<Entry, StoreError> {
        self.store.put_rows(&socket.rows(&socket.channels, None)).await?;
        let is_early = self.is_early(socket, in_use).await?;
        let token_groups = self.token_groups(caller).await?;
        if let Some(user) = &socket.user {
            let block = self.store.block(&socket.hub, user).await?;
            if block.refuses(caller.admission.principal.issued_at, self.clock.now()) {
                return Ok(Entry::Blocked);
            }
        }
        if is_early {
            return Ok(Entry::Early);
        }
        let Some(groups) = self.enter_groups(socket, &token_groups).await? else {
            return Ok(Entry::Lost);
        };
        let finished = self.store.finish_handshake(socket).await?;
        Ok(if finished { Entry::Ready(groups) } else { Entry::Lost })
    }

    /// Joins the groups of token and table, and undoes what was taken away meanwhile, until
    /// nothing was; `None` when the socket is not there any more.
    async fn enter_groups(
        &self,
        socket: &Socket,
        token: &[GroupName],
    ) -> Result<Option<Groups>, StoreError> {
        let counts = self.shards.for_writing(&self.store).await?;
        loop {
            let groups = self.groups_now(socket, token).await?;
            if groups.is_empty() {
                return Ok(Some(groups));
            }
            if !join(&self.store, counts, socket, &groups).await? {
                return Ok(None);
            }
            let kept = self.groups_now(socket, token).await?;
            let vanished: BTreeSet<KeyedName> =
                groups.keys().filter(|group| !kept.contains_key(group)).cloned().collect();
            if vanished.is_empty() {
                return Ok(Some(groups));
            }
            leave(&self.store, counts, socket, &vanished).await?;
        }
    }

    async fn groups_now(&self, socket: &Socket, token: &[GroupName]) -> Result<Groups, StoreError> {
        let lasting = match &socket.user {
            Some(user) => self.store.memberships(&socket.hub, user, self.clock.now()).await?,
            None => Vec::new(),
        };
        Ok(effective(token, &lasting))
    }

    /// The groups that the caller's token names.
    pub(super) async fn token_groups(&self, caller: &Caller) -> Result<Vec<GroupName>, StoreError> {
        let principal = &caller.admission.principal;
        if !principal.groups_in_grant {
            return Ok(principal.groups.clone());
        }
        let token_id = principal.token_id.as_deref().unwrap_or_default();
        let grant = self.store.grant(token_id, self.clock.now()).await?;
        grant.ok_or(StoreError::Corrupt { what: "the grant of a token" })
    }

    /// Nothing may reach a blocked user any more, whether or not the client reads its Close.
    async fn blocked(&self, socket: &Socket) -> Step {
        match self.disconnect(&socket.id).await {
            Ok(_) => Step::End(End::fatal("You have been signed out.")),
            Err(err) => {
                tracing::error!(error = %report(&err), "a blocked socket's rows remain");
                Step::End(End::Drop)
            }
        }
    }

    /// Removes what was written for a socket that is not to be.
    async fn lost(&self, socket: &Socket) -> Step {
        let disconnected = self.disconnect(&socket.id).await;
        let keys: Vec<ChannelKey> = socket.channels.iter().cloned().collect();
        let deleted = self.store.delete_rows(&socket.id, &keys).await;
        match disconnected.map(|_| ()).and(deleted) {
            Ok(()) => Step::End(End::Drop),
            Err(err) => unavailable(&err),
        }
    }
}

/// The table did not answer before the client did get its answer.
fn unbegun(err: &StoreError) -> Step {
    tracing::error!(error = %report(err), "a handshake could not begin");
    Step::End(End::Refuse(HandshakeError::Malformed.to_string()))
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
