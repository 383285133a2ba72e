//! What backends ask for by a call, and are answered: the REST API's use cases, without HTTP.
//!
//! Sends, closes and removals of channel rows are enqueued, in the message
//! group of what they must not overtake; reads go to the table; adds are
//! written to the table at once. So a message that was sent before a removal
//! still reaches, and one that is sent after an add does.

mod envelope;
mod execute;
mod filter;
mod invoke;
mod list;
mod membership;
mod payload;
mod roster;
mod send;
mod stream;
pub mod webhook;

use hubcast_membership::shards::Shards;
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, GrantStore, InboxStore,
    MembershipStore, NotificationSender, PendingStore, QueueError, SessionStore, ShardStore,
    SocketStore, StoreError, UsageStore,
};
use hubcast_model::time::Clock;

pub use execute::Command;
pub use filter::{Filter, FilterError, Operand, Place};
pub use invoke::InvokeError;
pub use list::{Count, Cursor, Listed};
pub use payload::{Payload, PayloadError, item_from_record};
pub use send::{Closing, Sending};
pub use stream::StreamEnd;

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// Nobody has this connection.
    #[error("there is no such connection")]
    NoConnection,
    /// The message is larger than what a socket takes.
    #[error("the message takes {bytes} bytes as a client reads it; at most {most} are allowed")]
    TooLarge {
        /// What it takes.
        bytes: usize,
        /// What it may take.
        most: usize,
    },
    /// More connections are meant than one call can serve.
    #[error(
        "the filter means too many connections for one call; at most {most} are allowed, and fewer for long messages"
    )]
    TooMany {
        /// How many it may be.
        most: usize,
    },
    /// The table did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue did not answer; what was sent may be on it all the same.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// The use cases of backends, with the ports they work on.
#[derive(Debug)]
pub struct Backend<S, Q, C> {
    store: S,
    queue: Q,
    clock: C,
    shards: Shards,
}

impl<S, Q, C> Backend<S, Q, C>
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
        + GrantStore,
    Q: NotificationSender,
    C: Clock,
{
    /// The use cases over these ports.
    pub const fn new(store: S, queue: Q, clock: C, shards: Shards) -> Self {
        Self { store, queue, clock, shards }
    }
}
