//! The group methods: a client joins a group, or leaves one.

use std::collections::BTreeSet;
use std::sync::Arc;

use hubcast_membership::membership::{Groups, join, leave};
use hubcast_membership::shards::Shards;
use hubcast_model::access::Standing;
use hubcast_model::context::Caller;
use hubcast_model::id::{GroupName, KeyedName};
use hubcast_model::ports::{
    BoardStore, ChannelStore, ConnectionGateway, GrantStore, MembershipStore, ShardStore,
    SocketStore, StoreError, UsageStore,
};
use hubcast_model::report::chain;
use hubcast_model::socket::Socket;
use hubcast_model::time::Clock;
use signalr_protocol::message::{Invocation, Outcome};
use signalr_protocol::texts;

use super::boards::Boards;
use super::completion::{MethodResult, complete};
use super::grant::token_groups;
use super::step::{Answer, Step};
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
    pub(super) socket: Socket,
    pub(super) method: GroupMethod,
    /// The call as the client sent it.
    pub(super) call: Invocation,
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
                GroupMethod::Leave => self.leave(&message.socket, &group).await,
            },
            Err(refusal) => Ok(refusal),
        };
        complete(message.call, result)
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
    async fn join(&self, caller: &Caller, call: &GroupCall, group: &GroupName) -> MethodResult {
        if !self.may_join(caller, group).await? {
            return Ok(unauthorized(&call.call, group));
        }
        if count_others(&call.socket, &group.keyed()) >= self.groups_max {
            return Ok(too_many(&call.call, self.groups_max));
        }
        match self.join_unless_denied(call, group).await? {
            Outcome::Void => self.show(call, group.keyed()).await,
            refusal => Ok(refusal),
        }
    }

    /// Shows the board of the group before the answer. A client that gets an error may try again.
    async fn show(&self, call: &GroupCall, group: KeyedName) -> MethodResult {
        let socket = &call.socket;
        match self.boards.show_group(socket, group).await {
            Ok(()) => Ok(Outcome::Void),
            Err(WelcomeError::Store(err)) => Err(err),
            Err(err) => {
                tracing::warn!(error = %chain(&err), socket.id = %socket.id, "a join missed something");
                Ok(Outcome::Error(texts::unexpected(&call.call.target)))
            }
        }
    }
}

impl<S: GrantStore, G, C: Clock> GroupMethods<S, G, C> {
    async fn may_join(&self, caller: &Caller, group: &GroupName) -> Result<bool, StoreError> {
        if caller.admission.joinable.allows(group) {
            return Ok(true);
        }
        Ok(token_groups(&*self.store, caller, self.clock.now()).await?.contains(group))
    }
}

impl<S, G, C> GroupMethods<S, G, C>
where
    S: ChannelStore + MembershipStore + ShardStore + SocketStore,
    C: Clock,
{
    /// Joins first and reads the denials afterwards, as everyone does who races with a change of
    /// membership.
    async fn join_unless_denied(&self, call: &GroupCall, group: &GroupName) -> MethodResult {
        let (store, socket) = (&*self.store, &call.socket);
        let counts = self.shards.for_writing(store).await?;
        let keyed = group.keyed();
        let groups = Groups::from([(keyed.clone(), None)]);
        loop {
            if !join(store, counts, socket, &groups).await? {
                return Ok(Outcome::Error(texts::unexpected(&call.call.target)));
            }
            if !self.is_denied(socket, &keyed).await? {
                return Ok(Outcome::Void);
            }
            leave(store, counts, socket, &BTreeSet::from([keyed.clone()])).await?;
            // A user who was added meanwhile may have been joined before this leave was through.
            if self.is_denied(socket, &keyed).await? {
                return Ok(unauthorized(&call.call, group));
            }
        }
    }
}

impl<S: MembershipStore, G, C: Clock> GroupMethods<S, G, C> {
    async fn is_denied(&self, socket: &Socket, group: &KeyedName) -> Result<bool, StoreError> {
        let Some(user) = &socket.user else {
            return Ok(false);
        };
        let lasting = self.store.memberships(&socket.hub, user, self.clock.now()).await?;
        Ok(lasting.iter().any(|row| row.group == *group && row.standing == Standing::Denied))
    }
}

impl<S: ChannelStore + ShardStore + SocketStore, G, C> GroupMethods<S, G, C> {
    async fn leave(&self, socket: &Socket, group: &GroupName) -> MethodResult {
        let counts = self.shards.for_writing(&*self.store).await?;
        leave(&*self.store, counts, socket, &BTreeSet::from([group.keyed()])).await?;
        Ok(Outcome::Void)
    }
}

/// The group that a call names; what the caller is answered when it names none.
fn group_argument(call: &Invocation) -> Result<GroupName, Outcome> {
    let refusal = |detail: String| Outcome::Error(texts::invalid_arguments(&call.target, &detail));
    let [name]: [String; 1] = serde_json::from_str(call.arguments.get())
        .map_err(|_| refusal("It takes one argument, the name of the group.".to_owned()))?;
    GroupName::parse(&name).map_err(|err| refusal(format!("The name of the group {err}.")))
}

/// How many groups a socket is in besides this one.
fn count_others(socket: &Socket, group: &KeyedName) -> usize {
    socket.groups().filter(|other| other != group).count()
}

fn too_many(call: &Invocation, groups_max: usize) -> Outcome {
    let detail = format!("A connection may be in at most {groups_max} groups.");
    Outcome::Error(texts::invalid_arguments(&call.target, &detail))
}

fn unauthorized(call: &Invocation, group: &GroupName) -> Outcome {
    let group = texts::echo(group.as_str());
    let detail = format!(
        "The group '{group}' is not one that your token names or that clients may join; ask the backend to add you."
    );
    Outcome::Error(texts::unauthorized(&call.target, &detail))
}
