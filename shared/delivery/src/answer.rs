//! Answers of backends to what clients invoked.
//!
//! Each invocation that was handed to backends gets one answer: the first to
//! settle it, which may also be the envelope that ends the wait. Whoever did
//! may go on after a crash, since it settles in the name of the element.

use super::Publisher;
use super::plan::Found;
use hubcast_model::envelope::{Answer, Content};
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, ConnectionGateway, GrantStore,
    InboxStore, MembershipStore, NotificationQueue, PendingStore, ProgressStore, SessionStore,
    ShardStore, SocketStore, StoreError, UpstreamQueue, UsageStore,
};
use hubcast_model::time::Clock;

impl<S, G, Q, C, U> Publisher<S, G, Q, C, U>
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
        + ProgressStore,
    G: ConnectionGateway,
    Q: NotificationQueue,
    C: Clock,
    U: UpstreamQueue,
{
    /// Those of an answer's sockets that wait for it; all sockets of anything else.
    ///
    /// Where nothing is handed to backends nobody waits, and answers pass. So do items: they
    /// settle nothing, and clients drop those of a stream that has ended.
    pub(super) async fn waiting(
        &self,
        content: &Content,
        key: &str,
        sockets: Vec<Found>,
    ) -> Result<Vec<Found>, StoreError> {
        let Content::Answer { invocation_id, answer, .. } = content else {
            return Ok(sockets);
        };
        if self.upstream.as_ref().is_none() || matches!(answer, Answer::Item(_)) {
            return Ok(sockets);
        }
        let mut waiting = Vec::new();
        for found in sockets {
            if self.store.complete_pending(&found.socket, invocation_id, key).await? {
                waiting.push(found);
            }
        }
        Ok(waiting)
    }
}
