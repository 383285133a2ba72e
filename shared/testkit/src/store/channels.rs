//! Channel rows and shard counts.

use std::ops::Bound;

use hubcast_model::channel::{ChannelKey, ChannelRow, ShardCounts};
use hubcast_model::id::SocketId;
use hubcast_model::ports::{ChannelStore, Consistency, Page, PageQuery, ShardStore, StoreError};
use hubcast_model::time::Timestamp;

use super::MemoryStore;
use crate::journal::lock;

impl ChannelStore for MemoryStore {
    async fn put_rows(&self, rows: &[ChannelRow]) -> Result<(), StoreError> {
        for row in rows {
            self.meet("put_rows").await?;
            let (member, expires) = (row.member.clone(), row.expires);
            let mut state = lock(&self.state);
            let channel = state.rows.entry(row.key.clone()).or_default();
            channel.insert(member.socket.clone(), (member, expires));
        }
        Ok(())
    }

    async fn delete_rows(&self, socket: &SocketId, keys: &[ChannelKey]) -> Result<(), StoreError> {
        for key in keys {
            self.meet("delete_rows").await?;
            let mut state = lock(&self.state);
            if let Some(channel) = state.rows.get_mut(key) {
                channel.remove(socket);
            }
        }
        Ok(())
    }

    async fn row_end(
        &self,
        socket: &SocketId,
        key: &ChannelKey,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.meet("row_end").await?;
        let state = lock(&self.state);
        Ok(state.rows.get(key).and_then(|rows| rows.get(socket)).map(|(_, expires)| *expires))
    }

    async fn members(&self, query: PageQuery<'_>) -> Result<Page, StoreError> {
        let PageQuery { key, consistency, now, after, limit } = query;
        let page_size = limit.unwrap_or(usize::MAX).clamp(1, self.page_size);
        self.meet("members").await?;
        if consistency == Consistency::Eventual {
            self.journal().note("outdated members");
        }
        let state = lock(&self.state);
        let Some(channel) = state.rows.get(key) else {
            return Ok(Page { members: Vec::new(), next: None });
        };
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        // As in the real table a page is cut first and filtered after, so it may be empty.
        let mut page: Vec<_> =
            channel.range::<SocketId, _>((start, Bound::Unbounded)).take(page_size + 1).collect();
        let is_last = page.len() <= page_size;
        page.truncate(page_size);
        let next = page.last().map(|(socket, _)| (*socket).clone()).filter(|_| !is_last);
        let valid = page.into_iter().filter(|(_, (_, expires))| *expires > now);
        Ok(Page { members: valid.map(|(_, (member, _))| member.clone()).collect(), next })
    }
}

impl ShardStore for MemoryStore {
    async fn shard_counts(&self) -> Result<Option<ShardCounts>, StoreError> {
        self.meet("shard_counts").await?;
        Ok(lock(&self.state).counts)
    }

    async fn raise_shard_counts(&self, counts: ShardCounts) -> Result<(), StoreError> {
        self.meet("raise_shard_counts").await?;
        let mut state = lock(&self.state);
        state.counts = Some(state.counts.map_or(counts, |recorded| recorded.max(counts)));
        Ok(())
    }
}
