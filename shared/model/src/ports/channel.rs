//! Channels, as the rules see them.

use std::future::Future;

use super::{Page, PageQuery, StoreError};
use crate::channel::{ChannelKey, ChannelRow, ShardCounts};
use crate::id::SocketId;
use crate::time::Timestamp;

/// The rows of channels: one for each member.
pub trait ChannelStore: Send + Sync {
    /// Writes rows, in any order; all are written when this answers without an error.
    fn put_rows(&self, rows: &[ChannelRow]) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Deletes the rows of `socket` under `keys`; missing ones are no error.
    fn delete_rows(
        &self,
        socket: &SocketId,
        keys: &[ChannelKey],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// When the row of `socket` under `key` ends; `None` when there is no such row. Strongly
    /// consistent.
    fn row_end(
        &self,
        socket: &SocketId,
        key: &ChannelKey,
    ) -> impl Future<Output = Result<Option<Timestamp>, StoreError>> + Send;

    /// Reads a page of a channel's members, in order of socket.
    fn members(
        &self,
        query: PageQuery<'_>,
    ) -> impl Future<Output = Result<Page, StoreError>> + Send;
}

/// How many shards the channels of each kind have.
pub trait ShardStore: Send + Sync {
    /// The largest shard counts ever raised to; the given ones if none were.
    fn shard_counts(&self) -> impl Future<Output = Result<Option<ShardCounts>, StoreError>> + Send;

    /// Raises the recorded shard counts to at least `counts`; never lowers them.
    fn raise_shard_counts(
        &self,
        counts: ShardCounts,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
