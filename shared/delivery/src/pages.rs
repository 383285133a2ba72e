//! The members of a job's channels, page by page, in order of socket.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::audiences::Listing;
use crate::job_run::JobRun;
use crate::round::Target;
use hubcast_model::channel::ChannelKey;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{ChannelStore, Consistency, Page, PageQuery, StoreError};
use hubcast_model::time::Timestamp;

/// So many rows are looked at in one step.
const PAGE_ROWS: usize = 1000;
/// How many channels of a job are read at once.
const READS_AT_ONCE: usize = 16;

/// The next members of a job's channels.
#[derive(Debug)]
pub(crate) struct MemberPage {
    /// The members' sockets in order, each once.
    pub(crate) targets: Vec<Target>,
    /// The socket after which the next page starts; `None` on the last page.
    pub(crate) next: Option<SocketId>,
}

/// Reads the next page of a run.
pub(crate) async fn next_page(
    store: &impl ChannelStore,
    run: &JobRun<'_>,
    now: Timestamp,
) -> Result<MemberPage, StoreError> {
    let limit = Some((PAGE_ROWS / run.channels.len().max(1)).max(10));
    // What is sent after a client's start has returned reaches the client.
    let (consistency, after) = (Consistency::Strong, run.after());
    let mut reads = Vec::with_capacity(run.channels.len());
    for key in &run.channels {
        let query = PageQuery { key, consistency, now, after, limit };
        reads.push(async move { Ok((key, store.members(query).await?)) });
    }
    let pages: Vec<(&ChannelKey, Page)> =
        stream::iter(reads).buffer_unordered(READS_AT_ONCE).try_collect().await?;
    // Beyond the shortest page it is not known what the others hold.
    let next = pages.iter().filter_map(|(_, page)| page.next.clone()).min();
    let mut found = BTreeMap::new();
    for (key, page) in pages {
        let known = page.members.into_iter().filter(|member| {
            next.as_ref().is_none_or(|next| member.socket <= *next)
                && !run.notification.excluded.contains(&member.connection)
        });
        found.extend(known.map(|member| {
            let listing = Listing { key: Some(key.clone()), member };
            (listing.member.socket.clone(), listing.into_target(now))
        }));
    }
    Ok(MemberPage { targets: found.into_values().collect(), next })
}
