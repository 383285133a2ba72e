//! The group methods: a client joins a group, or leaves one.

use std::collections::BTreeSet;
use std::sync::Arc;

use hubcast_membership::membership::{Groups, join_charged, leave};
use hubcast_membership::shards::Shards;
use hubcast_model::access::Standing;
use hubcast_model::channel::ShardCounts;
use hubcast_model::context::Caller;
use hubcast_model::id::{GroupName, KeyedName};
use hubcast_model::ports::{
    BoardStore, ChannelStore, ConnectionGateway, Consistency, GrantStore, MembershipStore,
    ShardStore, SocketStore, StoreError, UsageStore,
};
use hubcast_model::report::chain;
use hubcast_model::socket::Socket;
use hubcast_model::time::Clock;
use hubcast_model::work::Allowance;
use signalr_protocol::message::{Invocation, Outcome};
use signalr_protocol::texts;

use super::boards::Boards;
use super::completion::{MethodResult, complete};
use super::joinable::{may_join, still_may_join};
use super::known::{Known, Look};
use super::refusal::{group_argument, too_many, unauthorized};
use super::standing::standing;
use super::step::{Answer, End, Step};
use super::welcome::WelcomeError;

/// The methods that are about groups.
#[derive(Debug, Clone, Copy)]
pub(super) enum GroupMethod {
    Join,
    Leave,
}

/// A call of a group method.
#[derive(Debug)]
pub(super) struct GroupCall {
    /// The record of the caller's socket, which is ready.
    pub(super) look: Look,
    pub(super) method: GroupMethod,
    /// The call as the client sent it.
    pub(super) call: Invocation,
    /// What is known to the records of the frame.
    pub(super) known: Arc<Known>,
}

/// The price of a join that writes, beside the price of its call.
const JOIN_UNITS: u32 = 1;

/// Why a method has no outcome.
enum Failure {
    /// The table did not answer.
    Store(StoreError),
    /// The socket is in a group of which it did not see everything.
    Torn,
}

impl From<StoreError> for Failure {
    fn from(err: StoreError) -> Self {
        Self::Store(err)
    }
}

/// Answers calls of the group methods.
#[derive(Debug)]
pub(super) struct GroupMethods<S, G, C> {
    pub(super) store: Arc<S>,
    pub(super) clock: Arc<C>,
    pub(super) shards: Arc<Shards>,
    pub(super) boards: Arc<Boards<S, G, C>>,
    /// The most groups of one connection that its client may join.
    pub(super) groups_max: usize,
    /// How much work a connection may do.
    pub(super) allowance: Allowance,
}

impl<S, G, C> Answer<GroupCall> for GroupMethods<S, G, C>
where
    S: BoardStore
        + ChannelStore
        + GrantStore
        + MembershipStore
        + ShardStore
        + SocketStore
        + UsageStore,
    G: ConnectionGateway,
    C: Clock,
{
    async fn answer(&self, caller: &Caller, message: GroupCall) -> Step {
        let result = match group_argument(&message.call) {
            Ok(group) => match message.method {
                GroupMethod::Join => self.join(caller, &message, &group).await,
                GroupMethod::Leave => self.leave(&message, &group).await.map_err(Failure::Store),
            },
            Err(refusal) => Ok(refusal),
        };
        match result {
            Ok(outcome) => complete(message.call, Ok(outcome)),
            Err(Failure::Store(err)) => complete(message.call, Err(err)),
            Err(Failure::Torn) => Step::End(End::reconnect(texts::CLOSED_WITH_ERROR)),
        }
    }
}

impl<S, G, C> GroupMethods<S, G, C>
where
    S: BoardStore
        + ChannelStore
        + GrantStore
        + MembershipStore
        + ShardStore
        + SocketStore
        + UsageStore,
    G: ConnectionGateway,
    C: Clock,
{
    async fn join(
        &self,
        caller: &Caller,
        call: &GroupCall,
        group: &GroupName,
    ) -> Result<Outcome, Failure> {
        if !may_join(&*self.store, caller, group, self.clock.now()).await? {
            return Ok(unauthorized(&call.call, group));
        }
        let keyed = group.keyed();
        if self.is_in(&call.look.socket, &keyed).await?
            && !self.is_denied(&call.look.socket, &keyed).await?
        {
            return Ok(Outcome::Void);
        }
        if count_others(&call.look.socket, &keyed) >= self.groups_max {
            return Ok(too_many(&call.call, self.groups_max));
        }
        call.known.forget_look();
        match self.join_unless_denied(caller, call, group).await? {
            Outcome::Void => self.show_or_leave(call, keyed).await,
            refusal => Ok(refusal),
        }
    }

    /// Shows the board of the group. A client that gets an error may try again, and is to be shown
    /// the board then. So it leaves the group, of which it did not see everything.
    async fn show_or_leave(&self, call: &GroupCall, group: KeyedName) -> Result<Outcome, Failure> {
        let shown = self.show(call, group.clone()).await;
        if !matches!(shown, Ok(Outcome::Void)) {
            let undone = self.undo(&call.look.socket, group).await;
            let is_undone = undone.unwrap_or_else(|err| {
                tracing::error!(error = %chain(&err), "a join could not be taken back");
                false
            });
            if !is_undone {
                return Err(Failure::Torn);
            }
        }
        Ok(shown?)
    }

    /// Takes a join back. False when others gave the socket this membership, which is not taken
    /// away: the socket ends instead, and its client comes back to what it is in.
    async fn undo(&self, socket: &Socket, group: KeyedName) -> Result<bool, StoreError> {
        if socket.groups().any(|named| named == group) {
            return Ok(false);
        }
        let counts = self.shards.for_writing(&*self.store).await?;
        leave(&*self.store, counts, socket, &BTreeSet::from([group.clone()])).await?;
        // A user who was added meanwhile may have been joined before this leave was through.
        let standing = standing(&*self.store, socket, &group, self.clock.now()).await?;
        Ok(standing != Some(Standing::Member))
    }

    /// Shows the board of the group before the answer.
    async fn show(&self, call: &GroupCall, group: KeyedName) -> MethodResult {
        let socket = &call.look.socket;
        match self.boards.show_group(socket, group).await {
            Ok(()) => Ok(Outcome::Void),
            Err(WelcomeError::Store(err)) => Err(err),
            Err(err) => {
                tracing::warn!(error = %chain(&err), socket_id = %socket.id, "a join missed something");
                Ok(Outcome::Error(texts::unexpected(&call.call.target)))
            }
        }
    }
}

impl<S: ChannelStore, G, C> GroupMethods<S, G, C> {
    /// Whether a socket is in a group for as long as it hears anything. The record names a row before the
    /// row is written, so the row has to be there too.
    async fn is_in(&self, socket: &Socket, group: &KeyedName) -> Result<bool, StoreError> {
        let mut keys = socket.channels.iter();
        let Some(key) = keys.find(|key| key.group_of().as_ref() == Some(group)) else {
            return Ok(false);
        };
        let end = self.store.row_end(&socket.id, key).await?;
        Ok(end.is_some_and(|end| end >= socket.hears_until()))
    }
}

impl<S, G, C> GroupMethods<S, G, C>
where
    S: ChannelStore + GrantStore + MembershipStore + ShardStore + SocketStore,
    C: Clock,
{
    /// Joins first and reads the denials afterwards, as everyone does who races with a change of
    /// membership. A fresh token may also come meanwhile that does not allow the group.
    async fn join_unless_denied(
        &self,
        caller: &Caller,
        call: &GroupCall,
        group: &GroupName,
    ) -> MethodResult {
        let (store, socket) = (&*self.store, &call.look.socket);
        let charge = self.allowance.charge(JOIN_UNITS, self.clock.now(), socket.paid_at);
        let mut charge = Some(charge);
        let counts = self.shards.for_writing(store).await?;
        let keyed = group.keyed();
        let groups = Groups::from([(keyed.clone(), None)]);
        loop {
            if !join_charged(store, counts, socket, &groups, charge.take()).await? {
                return Ok(Outcome::Error(texts::unexpected(&call.call.target)));
            }
            let is_denied = self.is_denied(socket, &keyed).await?;
            if !is_denied && still_may_join(store, caller, group, self.clock.now()).await? {
                return Ok(Outcome::Void);
            }
            leave(store, counts, socket, &BTreeSet::from([keyed.clone()])).await?;
            // A user who was added meanwhile may have been joined before this leave was through.
            if !is_denied || self.is_denied(socket, &keyed).await? {
                return Ok(unauthorized(&call.call, group));
            }
        }
    }
}

impl<S: MembershipStore, G, C: Clock> GroupMethods<S, G, C> {
    async fn is_denied(&self, socket: &Socket, group: &KeyedName) -> Result<bool, StoreError> {
        let standing = standing(&*self.store, socket, group, self.clock.now()).await?;
        Ok(standing == Some(Standing::Denied))
    }
}

impl<S: ChannelStore + ShardStore + SocketStore, G, C> GroupMethods<S, G, C> {
    async fn leave(&self, call: &GroupCall, group: &GroupName) -> MethodResult {
        let group = group.keyed();
        let counts = self.shards.for_writing(&*self.store).await?;
        let Some(socket) = self.left_by(call, counts, &group).await? else {
            return Ok(Outcome::Void);
        };
        call.known.forget_look();
        leave(&*self.store, counts, &socket, &BTreeSet::from([group])).await?;
        Ok(Outcome::Void)
    }

    /// The record of a socket that has something of a group to leave; `None` when the socket never
    /// joined the group.
    async fn left_by(
        &self,
        call: &GroupCall,
        counts: ShardCounts,
        group: &KeyedName,
    ) -> Result<Option<Socket>, StoreError> {
        let Some(socket) = self.certain(call, group).await? else {
            return Ok(None);
        };
        let names_it = socket.groups().any(|named| named == *group);
        // A leave that stopped half-way may have left a row that the record does not name.
        let today = counts.group_key(&socket.hub, group, &socket.id);
        let is_there = names_it || self.store.row_end(&socket.id, &today).await?.is_some();
        Ok(is_there.then_some(socket))
    }

    /// The socket's record, read so that a group that it does not name is none of the socket's.
    async fn certain(
        &self,
        call: &GroupCall,
        group: &KeyedName,
    ) -> Result<Option<Socket>, StoreError> {
        let look = &call.look;
        if look.is_certain || look.socket.groups().any(|named| named == *group) {
            return Ok(Some(look.socket.clone()));
        }
        let socket = self.store.socket(&look.socket.id, Consistency::Strong).await?;
        if let Some(socket) = &socket {
            call.known.keep_look(Look { socket: socket.clone(), is_certain: true });
        }
        Ok(socket)
    }
}

/// How many groups a socket is in besides this one.
fn count_others(socket: &Socket, group: &KeyedName) -> usize {
    socket.groups().filter(|other| other != group).count()
}
