//! The channel table, as the rules see it.

use std::collections::BTreeMap;
use std::future::Future;

use super::{Cause, LaterStore, SessionStore, UpstreamStore};
use crate::access::{Block, Membership};
use crate::channel::{ChannelKey, ChannelRow, Member, ShardCounts};
use crate::id::{ConnectionId, GroupName, HubName, SocketId, UserId};
use crate::socket::Socket;
use crate::time::Timestamp;

/// Why the table could not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Throttled, unreachable or failing: worth another try later.
    #[error("the table is unavailable for {operation}")]
    Unavailable {
        /// The operation of this port.
        operation: &'static str,
        /// What the adapter saw.
        #[source]
        source: Cause,
    },
    /// An item that hubcast did not write, or not like this.
    #[error("the table holds an item that cannot be read: {what}")]
    Corrupt {
        /// Which attribute of which kind of item.
        what: &'static str,
    },
}

/// How fresh a read must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consistency {
    /// All writes answered before the read count.
    Strong,
    /// May lag behind by a moment; half the price.
    Eventual,
}

/// Which page of a channel's members is wanted.
#[derive(Debug, Clone, Copy)]
pub struct PageQuery<'a> {
    /// The channel (and shard).
    pub key: &'a ChannelKey,
    /// How fresh the answer must be.
    pub consistency: Consistency,
    /// Rows that have expired by then do not count.
    pub now: Timestamp,
    /// The page starts after this socket.
    pub after: Option<&'a SocketId>,
    /// The most rows to look at, expired ones included; as many as a page takes when `None`.
    pub limit: Option<usize>,
}

/// One page of a channel's members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The members on this page whose rows have not expired.
    pub members: Vec<Member>,
    /// The socket after which the next page starts; `None` on the last page.
    pub next: Option<SocketId>,
}

/// Sockets and the claims on connection ids. Whoever removes a socket answers for its session too,
/// and for what backends are to hear of it.
pub trait SocketStore: SessionStore + UpstreamStore {
    /// Takes the claim on `connection` for `socket`; false when its holder finished a handshake.
    ///
    /// A claim whose holder never finished passes on, since a proxy may retry an upgrade.
    fn take_claim(
        &self,
        hub: &HubName,
        connection: &ConnectionId,
        socket: &SocketId,
        expires: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Removes the claim on `connection` if `socket` holds it.
    fn release_claim(
        &self,
        hub: &HubName,
        connection: &ConnectionId,
        socket: &SocketId,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Records a socket as given.
    fn create_socket(&self, socket: &Socket)
    -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Reads a socket's record; `None` when there is none.
    fn socket(
        &self,
        id: &SocketId,
        consistency: Consistency,
    ) -> impl Future<Output = Result<Option<Socket>, StoreError>> + Send;

    /// Moves a socket from `Connecting` to `Joining` and notes the rows it is about to have.
    ///
    /// Answers the record as it is then, or `None` when the socket is gone or not `Connecting`.
    fn begin_handshake(
        &self,
        id: &SocketId,
        channels: &[ChannelKey],
    ) -> impl Future<Output = Result<Option<Socket>, StoreError>> + Send;

    /// Moves a socket from `Joining` to `Ready`, and marks its claim as finished, in one step.
    ///
    /// False when the socket is gone or closed, or its claim is another's by now.
    fn finish_handshake(
        &self,
        socket: &Socket,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Notes rows that a socket is about to have, and answers the record as it is then.
    ///
    /// `None`, and nothing noted, unless the socket is `Joining` or `Ready`.
    fn note_channels(
        &self,
        id: &SocketId,
        channels: &[ChannelKey],
    ) -> impl Future<Output = Result<Option<Socket>, StoreError>> + Send;

    /// Forgets rows that a socket is about to lose; nothing happens when the socket is gone.
    fn forget_channels(
        &self,
        id: &SocketId,
        channels: &[ChannelKey],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Marks a socket, known or not, as `Closed` until `expires`; true when it already was.
    fn mark_closed(
        &self,
        id: &SocketId,
        expires: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Deletes a socket's record and answers it; `None` when another was first.
    fn delete_socket(
        &self,
        id: &SocketId,
    ) -> impl Future<Output = Result<Option<Socket>, StoreError>> + Send;
}

/// Channel rows and the shard counts that spread them. Whoever brings sockets into a channel
/// answers for what is there for them, too.
pub trait ChannelStore: LaterStore {
    /// Writes rows, in any order; all are written when this answers without an error.
    fn put_rows(&self, rows: &[ChannelRow]) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Deletes the rows of `socket` under `keys`; missing ones are no error.
    fn delete_rows(
        &self,
        socket: &SocketId,
        keys: &[ChannelKey],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Reads a page of a channel's members, in order of socket.
    fn members(
        &self,
        query: PageQuery<'_>,
    ) -> impl Future<Output = Result<Page, StoreError>> + Send;

    /// The largest shard counts ever raised to; the given ones if none were.
    fn shard_counts(&self) -> impl Future<Output = Result<Option<ShardCounts>, StoreError>> + Send;

    /// Raises the recorded shard counts to at least `counts`; never lowers them.
    fn raise_shard_counts(
        &self,
        counts: ShardCounts,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Lasting memberships, blocks and grants.
pub trait AccessStore: Send + Sync {
    /// Writes a lasting membership or denial.
    fn put_membership(
        &self,
        hub: &HubName,
        user: &UserId,
        membership: &Membership,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The user's memberships and denials that have not expired at `now`; strongly consistent.
    fn memberships(
        &self,
        hub: &HubName,
        user: &UserId,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<Membership>, StoreError>> + Send;

    /// Adds to what is held against the user, on one hub or on all (`None`).
    fn put_block(
        &self,
        hub: Option<&HubName>,
        user: &UserId,
        block: Block,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Lifts the `until` of the user's block on one hub or on all; `not_before` stays.
    fn lift_block(
        &self,
        hub: Option<&HubName>,
        user: &UserId,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// What is held against the user on this hub and on all; strongly consistent.
    fn block(
        &self,
        hub: &HubName,
        user: &UserId,
    ) -> impl Future<Output = Result<Block, StoreError>> + Send;

    /// Keeps the groups of a token that has too many to carry them.
    fn put_grant(
        &self,
        token_id: &str,
        groups: &[GroupName],
        expires: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Keeps the groups of a token until `expires` at least, if they are still there.
    fn extend_grant(
        &self,
        token_id: &str,
        expires: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The groups kept for a token; `None` when there are none or they expired at `now`.
    fn grant(
        &self,
        token_id: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Vec<GroupName>>, StoreError>> + Send;
}

/// How far one element of a queue message, or one job, is after an invocation that could not
/// finish it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// The sockets that still have to get it, of those looked up so far.
    pub left: Vec<SocketId>,
    /// What remains besides them.
    pub rest: Rest,
    /// How many sockets got it.
    pub reached: usize,
    /// How many times in a row it was tried and came no further.
    pub fruitless: u32,
}

/// What remains of an element or a job besides the sockets left.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Rest {
    /// Nothing.
    #[default]
    Nothing,
    /// It was decided that jobs carry it out, and some may not be enqueued yet. Their keys begin
    /// with this.
    Jobs(String),
    /// The pages of a job's channels after this socket.
    PagesAfter(SocketId),
}

impl Progress {
    /// Whether nothing remains to be done.
    pub fn is_finished(&self) -> bool {
        self.left.is_empty() && self.rest == Rest::Nothing
    }

    /// How many sockets got it, when the last try brought it further.
    pub const fn reached_lately(&self) -> usize {
        if self.fruitless == 0 { self.reached } else { 0 }
    }
}

/// What is done of notifications that could not be finished in one go.
pub trait ProgressStore: Send + Sync {
    /// Keeps how far each element or job is, by progress key, until `expires`.
    fn put_progress(
        &self,
        rows: &BTreeMap<String, Progress>,
        expires: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Reads how far the elements and jobs with these keys are; keys without a row are left out.
    fn progress(
        &self,
        keys: &[String],
    ) -> impl Future<Output = Result<BTreeMap<String, Progress>, StoreError>> + Send;
}
