//! Big audiences: decided once, then cut into jobs.

use std::collections::BTreeMap;

use super::Publisher;
use super::batch::{Item, State};
use super::job;
use super::letter::PROGRESS_LIFETIME;
use super::resolve::Source;
use hubcast_model::envelope::Audience;
use hubcast_model::id::HubName;
use hubcast_model::ports::{
    BlockStore, BoardStore, Cause, ChannelStore, ClaimStore, ClientStore, ConnectionGateway,
    GrantStore, InboxStore, MembershipStore, NotificationQueue, PendingStore, Progress,
    ProgressStore, Rest, SessionStore, ShardStore, SocketStore, StoreError, UpstreamQueue,
    UsageStore,
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
    /// Writes down that jobs carry an element out, before the first of them is enqueued: were it
    /// decided again, members that came or went could turn it into posts for some and jobs for all.
    pub(super) async fn decide_jobs(&self, key: &str) -> Result<(), StoreError> {
        let progress = Progress { rest: Rest::Jobs(key.to_owned()), ..Progress::default() };
        let expires = self.clock.now().plus(PROGRESS_LIFETIME);
        self.store.put_progress(&BTreeMap::from([(key.to_owned(), progress)]), expires).await
    }

    /// Enqueues the jobs of an element. Safe to repeat: a job's key is its own.
    pub(super) async fn hand_on(
        &self,
        (source, item): (&Source<'_>, &Item),
        hub: &HubName,
        audience: &Audience,
        key: &str,
    ) -> Result<State, Cause> {
        let counts = self.shards.for_reading(&self.store).await?;
        let slices = job::slices(audience, hub, counts);
        let element = item.json.as_deref().unwrap_or_default();
        let jobs = job::messages(slices, (&source.message.group, key), element)?;
        self.queue.enqueue_jobs(&jobs).await?;
        Ok(State::HandedOn { jobs: jobs.len() })
    }
}
