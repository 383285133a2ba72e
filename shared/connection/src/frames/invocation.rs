//! The methods that clients may invoke.
//!
//! Exactly one completion when the caller waits for one, none otherwise. It
//! comes only once all rows of the handshake are written: a connection that
//! got an answer hears everything that is sent from then on.

use std::collections::BTreeSet;

use serde::Deserialize;
use signalr_protocol::message::{
    Completion, HubMessage, Invocation, Json, Outcome, StreamInvocation,
};
use signalr_protocol::texts;

use super::arrival::Missed;
use super::{End, Frames, Step, failed, unavailable};
use hubcast_membership::membership::{Groups, join, leave};
use hubcast_model::access::Standing;
use hubcast_model::channel::ChannelKey;
use hubcast_model::context::Caller;
use hubcast_model::event::Call;
use hubcast_model::id::{GroupName, KeyedName};
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, ConnectionGateway, GrantStore,
    InboxStore, MembershipStore, PendingStore, ResultStore, SessionStore, ShardStore, SocketStore,
    StoreError, UpstreamQueue, UsageStore,
};
use hubcast_model::report::chain;
use hubcast_model::socket::Socket;
use hubcast_model::time::Clock;

/// The methods there are. None of them streams.
enum Method {
    JoinGroup,
    LeaveGroup,
    GetConnectionId,
}

impl Method {
    fn named(target: &str) -> Option<Self> {
        match target.to_ascii_lowercase().as_str() {
            "joingroup" => Some(Self::JoinGroup),
            "leavegroup" => Some(Self::LeaveGroup),
            "getconnectionid" => Some(Self::GetConnectionId),
            _ => None,
        }
    }
}

/// The answer to a method that was understood.
pub(super) type Answer = Result<Outcome, StoreError>;

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
    pub(super) async fn invocation(&self, caller: &Caller, call: Invocation) -> Step {
        let socket = match self.settled(caller).await {
            Ok(socket) => socket,
            Err(end) => return end,
        };
        let outcome = match Method::named(&call.target) {
            Some(Method::JoinGroup) => self.join_group(caller, &socket, &call).await,
            Some(Method::LeaveGroup) => self.leave_group(&socket, &call).await,
            Some(Method::GetConnectionId) => Ok(own_id(caller)),
            None => {
                return self.hand_up(caller, Call { invocation: call, is_stream: false }).await;
            }
        };
        completion(call, outcome)
    }

    /// Streams come from backends alone.
    pub(super) async fn stream(&self, caller: &Caller, call: StreamInvocation) -> Step {
        let StreamInvocation { invocation_id, target, arguments, stream_ids } = call;
        if Method::named(&target).is_some() {
            return Step::Reply(failed(invocation_id, texts::not_streaming(&target)));
        }
        if self.upstream.is_none() {
            return Step::Reply(failed(invocation_id, texts::unknown_method(&target)));
        }
        if let Err(end) = self.settled(caller).await {
            return end;
        }
        let invocation_id = Some(invocation_id);
        let invocation = Invocation { invocation_id, target, arguments, stream_ids };
        self.hand_up(caller, Call { invocation, is_stream: true }).await
    }

    /// The caller's record; the step instead for one that is not on record.
    async fn settled(&self, caller: &Caller) -> Result<Socket, Step> {
        match self.ready(caller).await {
            Ok(Some(socket)) => Ok(socket),
            Ok(None) => Err(self.unready(caller).await),
            Err(err) => Err(unavailable(&err)),
        }
    }

    /// The end of a caller that has not shaken hands, or is not on record.
    async fn unready(&self, caller: &Caller) -> Step {
        let end = match self.broken(caller, "An invocation came before the handshake.").await {
            refused @ End::Refuse(_) => refused,
            _ => End::reconnect("The connection is not known."),
        };
        Step::End(end)
    }

    async fn join_group(&self, caller: &Caller, socket: &Socket, call: &Invocation) -> Answer {
        let group = match group_argument(call) {
            Ok(group) => group,
            Err(refusal) => return Ok(refusal),
        };
        if !self.may_join(caller, &group).await? {
            return Ok(refused(call, &group));
        }
        let keyed = group.keyed();
        let others = socket.channels.iter().filter_map(ChannelKey::group_of);
        let joined = others.filter(|other| *other != keyed).count();
        let groups_max = self.settings.groups_max;
        if joined >= groups_max {
            let detail = format!("A connection may be in at most {groups_max} groups.");
            return Ok(Outcome::Error(texts::invalid_arguments(&call.target, &detail)));
        }
        match self.join_unless_denied(socket, call, &group).await? {
            Outcome::Void => self.joined(socket, call, keyed).await,
            refused => Ok(refused),
        }
    }

    /// Shows what hangs in the group before the answer. A client that gets an error may try again.
    async fn joined(&self, socket: &Socket, call: &Invocation, group: KeyedName) -> Answer {
        match self.show_group(socket, group).await {
            Ok(()) => Ok(Outcome::Void),
            Err(Missed::Store(err)) => Err(err),
            Err(missed) => {
                tracing::warn!(error = %chain(&missed), socket.id = %socket.id, "a join missed something");
                Ok(Outcome::Error(texts::unexpected(&call.target)))
            }
        }
    }

    async fn may_join(&self, caller: &Caller, group: &GroupName) -> Result<bool, StoreError> {
        if caller.admission.joinable.allows(group) {
            return Ok(true);
        }
        Ok(self.token_groups(caller).await?.contains(group))
    }

    /// Joins first and asks after, as everyone does who races with a change of membership.
    async fn join_unless_denied(
        &self,
        socket: &Socket,
        call: &Invocation,
        group: &GroupName,
    ) -> Answer {
        let counts = self.shards.for_writing(&self.store).await?;
        let keyed = group.keyed();
        let groups = Groups::from([(keyed.clone(), None)]);
        loop {
            if !join(&self.store, counts, socket, &groups).await? {
                return Ok(Outcome::Error(texts::unexpected(&call.target)));
            }
            if !self.is_denied(socket, &keyed).await? {
                return Ok(Outcome::Void);
            }
            leave(&self.store, counts, socket, &BTreeSet::from([keyed.clone()])).await?;
            // Who was added since may have been joined before this leave was through.
            if self.is_denied(socket, &keyed).await? {
                return Ok(refused(call, group));
            }
        }
    }

    async fn is_denied(&self, socket: &Socket, group: &KeyedName) -> Result<bool, StoreError> {
        let Some(user) = &socket.user else {
            return Ok(false);
        };
        let lasting = self.store.memberships(&socket.hub, user, self.clock.now()).await?;
        Ok(lasting.iter().any(|row| row.group == *group && row.standing == Standing::Denied))
    }

    async fn leave_group(&self, socket: &Socket, call: &Invocation) -> Answer {
        let group = match group_argument(call) {
            Ok(group) => group,
            Err(refusal) => return Ok(refusal),
        };
        let counts = self.shards.for_writing(&self.store).await?;
        leave(&self.store, counts, socket, &BTreeSet::from([group.keyed()])).await?;
        Ok(Outcome::Void)
    }
}

pub(super) fn completion(call: Invocation, outcome: Answer) -> Step {
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(err) => {
            tracing::error!(error = %chain(&err), "an invocation failed");
            Outcome::Error(texts::unexpected(&call.target))
        }
    };
    let Some(invocation_id) = call.invocation_id else {
        return Step::Silent;
    };
    Step::Reply(HubMessage::Completion(Completion { invocation_id, outcome }).encode())
}

fn own_id(caller: &Caller) -> Outcome {
    let id = serde_json::to_string(caller.connection().as_str()).unwrap_or_default();
    Json::deserialize(&mut serde_json::Deserializer::from_str(&id))
        .map_or(Outcome::Void, Outcome::Result)
}

fn group_argument(call: &Invocation) -> Result<GroupName, Outcome> {
    let refusal = |detail: String| Outcome::Error(texts::invalid_arguments(&call.target, &detail));
    let [name]: [String; 1] = serde_json::from_str(call.arguments.get())
        .map_err(|_| refusal("It takes one argument, the name of the group.".to_owned()))?;
    GroupName::parse(&name).map_err(|err| refusal(format!("The name of the group {err}.")))
}

fn refused(call: &Invocation, group: &GroupName) -> Outcome {
    let group = texts::echo(group.as_str());
    let detail = format!(
        "The group '{group}' is not one that your token names or that clients may join; ask the backend to add you."
    );
    Outcome::Error(texts::unauthorized(&call.target, &detail))
}
