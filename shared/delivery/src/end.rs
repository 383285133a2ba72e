//! Sockets that end: gone ones, those told to go, and those that hold others up.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use signalr_protocol::message::{Close, HubMessage};

use super::Publisher;
use super::outcome::{SocketOutcome, Stop};
use super::plan::{ItemRef, Plan};
use super::post::few_of;
use hubcast_membership::presence::disconnect;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, ConnectionGateway, GrantStore,
    InboxStore, MembershipStore, NotificationQueue, PendingStore, ProgressStore, SessionStore,
    ShardStore, SocketStore, StoreError, UpstreamQueue, UsageStore,
};
use hubcast_model::report::chain;
use hubcast_model::time::Clock;

/// So recent a success to others shows that the gateway works.
const EVIDENCE: Duration = Duration::from_secs(10);

/// What invocations did before this one about what is posted again.
pub(super) struct Before<F> {
    /// Whether an element was posted to some sockets and failed with others.
    pub(super) is_resumed: F,
    /// How many sockets the last try reached, a moment ago and maybe elsewhere.
    pub(super) reached: usize,
}

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
    /// Ends every socket whose end the posts brought about.
    pub(super) async fn end_sockets(&self, plan: &Plan, outcomes: &[SocketOutcome]) {
        self.prune(plan, outcomes).await;
        self.end_closed(plan, outcomes).await;
    }

    /// Removes the rows of sockets that are gone, and ends the socket in case it is not.
    async fn prune(&self, plan: &Plan, outcomes: &[SocketOutcome]) {
        let mut ends = Vec::new();
        for outcome in outcomes {
            if outcome.stop == Some(Stop::Gone) {
                // A socket that is alive all the same would stay connected and deaf.
                ends.push(self.end(plan, &outcome.socket));
            }
        }
        self.all(ends).await;
    }

    /// Ends the sockets that were told to go, after they had time to read it: a client that is
    /// cut off before would come back. One that could not be told, because the gateway refused its
    /// Close for good, goes all the same.
    async fn end_closed(&self, plan: &Plan, outcomes: &[SocketOutcome]) {
        let mut ends = Vec::new();
        for outcome in outcomes {
            let settled = outcome.delivered.iter().chain(&outcome.refused);
            let mut parcels = settled.filter_map(|at| plan.parcels.get(*at));
            if parcels.any(|parcel| parcel.ends) {
                ends.push(self.end(plan, &outcome.socket));
            }
        }
        if !ends.is_empty() {
            tokio::time::sleep(self.settings.close_grace).await;
            self.all(ends).await;
        }
    }

    /// Sends sockets to connect anew that failed for the second time, for the elements that were
    /// posted before, while others do not fail: one slow socket never holds a group.
    pub(super) async fn end_stalled(
        &self,
        plan: &Plan,
        outcomes: &mut [SocketOutcome],
        before: Before<impl Fn(ItemRef) -> bool>,
    ) {
        if !self.others_succeed(outcomes, before.reached) {
            return;
        }
        for outcome in outcomes.iter_mut().filter(|outcome| outcome.stop == Some(Stop::Failed)) {
            if SocketOutcome::items(plan, &outcome.left).any(&before.is_resumed) {
                outcome.stop = Some(Stop::Stalled);
            }
        }
        let mut ends = Vec::new();
        for outcome in &*outcomes {
            if outcome.stop == Some(Stop::Stalled) {
                tracing::warn!(socket.id = %outcome.socket, "a stalled socket is ended");
                ends.push(self.send_off(plan, &outcome.socket));
            }
        }
        self.all(ends).await;
    }

    /// Whether few sockets fail, and others do not: then it is not the gateway that fails.
    fn others_succeed(&self, outcomes: &[SocketOutcome], reached_before: usize) -> bool {
        let failed = outcomes.iter().filter(|outcome| outcome.is_open()).count();
        let succeeded = outcomes.iter().filter(|outcome| outcome.posts > 0).count();
        let is_evident = reached_before > 0 || self.pace.has_succeeded_within(EVIDENCE);
        is_evident && failed <= few_of(succeeded.max(reached_before))
    }

    async fn send_off(&self, plan: &Plan, socket: &SocketId) {
        let close = Close { error: None, allow_reconnect: true };
        let record = Bytes::from(HubMessage::Close(close).encode());
        if let Err(err) = self.gateway.post(socket, record).await {
            // It was to be expected; the client finds itself cut off then, and comes back too.
            tracing::debug!(error = %chain(&err), "a stalled socket could not be told");
        }
        self.end(plan, socket).await;
    }

    async fn all<F: Future<Output = ()>>(&self, futures: Vec<F>) {
        let concurrency = self.settings.concurrency.max(1);
        stream::iter(futures).buffer_unordered(concurrency).collect::<()>().await;
    }

    async fn end(&self, plan: &Plan, socket: &SocketId) {
        if let Err(err) = self.gateway.delete(socket).await {
            tracing::warn!(error = %chain(&err), "a socket could not be ended");
        }
        if let Err(err) = self.remove_socket(plan, socket).await {
            tracing::warn!(error = %chain(&err), "rows of an ended socket remain");
        }
    }

    async fn remove_socket(&self, plan: &Plan, socket: &SocketId) -> Result<(), StoreError> {
        disconnect(&self.store, self.upstream.as_ref(), socket, self.clock.now()).await?;
        let found_by: BTreeSet<_> = plan.found_by.get(socket).cloned().unwrap_or_default();
        let keys: Vec<_> = found_by.into_iter().collect();
        self.store.delete_rows(socket, &keys).await
    }
}
