//! What every port to the channel table speaks of.

use super::Cause;
use crate::channel::{ChannelKey, Member};
use crate::id::SocketId;
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
