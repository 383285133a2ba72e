//! The dispatcher: big audiences are decided once, then cut into jobs.

use crate::batch::Case;
use crate::job::{self, JobOrigin};
use crate::progress::ProgressRows;
use hubcast_membership::shards::Shards;
use hubcast_model::envelope::Audience;
use hubcast_model::id::HubName;
use hubcast_model::ports::{
    Cause, NotificationQueue, Progress, ProgressStore, Rest, ShardStore, StoreError,
};
use hubcast_model::time::Clock;

/// An audience that jobs deliver to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BigAudience<'a> {
    /// The hub.
    pub(crate) hub: &'a HubName,
    /// The audience.
    pub(crate) audience: &'a Audience,
}

/// Hands elements on to jobs.
#[derive(Debug)]
pub(crate) struct Dispatcher<'a, S, Q, C> {
    /// The progress of elements.
    pub(crate) progress: ProgressRows<'a, S, C>,
    /// The queues.
    pub(crate) queue: &'a Q,
    /// The shard counts.
    pub(crate) shards: &'a Shards,
}

impl<S, Q, C> Dispatcher<'_, S, Q, C>
where
    S: ProgressStore + ShardStore,
    Q: NotificationQueue,
    C: Clock,
{
    /// Writes down that jobs carry an element out, before the first of them is enqueued: were that
    /// decided again, members that came or went could turn the element into posts for some and
    /// jobs for all.
    pub(crate) async fn decide(&self, key: &str) -> Result<(), StoreError> {
        let progress = Progress { rest: Rest::Jobs(key.to_owned()), ..Progress::default() };
        self.progress.write_one(key, progress).await
    }

    /// Enqueues the jobs of an element, whose keys begin with `key`; answers how many. Safe to
    /// repeat: a job's key is its own.
    pub(crate) async fn enqueue(
        &self,
        case: Case<'_>,
        big: BigAudience<'_>,
        key: &str,
    ) -> Result<usize, Cause> {
        let counts = self.shards.for_reading(self.progress.store).await?;
        let slices = job::slices(big.audience, big.hub, counts);
        let element = case.element.json.as_deref().unwrap_or_default();
        let origin = JobOrigin { group: &case.message.group, key, element };
        let jobs = job::messages(slices, origin)?;
        self.queue.enqueue_jobs(&jobs).await?;
        Ok(jobs.len())
    }
}
