//! What a client answers when a backend invoked it.

use signalr_protocol::message::{Completion, Outcome};

use super::{Frames, Step, unavailable};
use hubcast_model::context::Caller;
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientResult, ClientStore, ConnectionGateway,
    GrantStore, InboxStore, InvocationKey, MembershipStore, PendingStore, ResultStore,
    SessionStore, ShardStore, SocketStore, UpstreamQueue, UsageStore,
};
use hubcast_model::time::Clock;

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
    /// Keeps an answer for whoever waits for it; one that nobody waits for is left.
    pub(super) async fn completion(&self, caller: &Caller, completion: Completion) -> Step {
        let key = InvocationKey {
            hub: caller.admission.principal.hub.clone(),
            connection: caller.connection(),
            invocation: completion.invocation_id,
        };
        let result = match completion.outcome {
            Outcome::Void => ClientResult::Void,
            Outcome::Result(json) => ClientResult::Value(json.get().to_owned()),
            Outcome::Error(error) => ClientResult::Error(error),
        };
        match self.store.put_result(&key, &result).await {
            Ok(_is_awaited) => Step::Silent,
            Err(err) => unavailable(&err),
        }
    }
}
