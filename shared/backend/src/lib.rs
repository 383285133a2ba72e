//! What backends ask for by a call, and are answered: the REST API's use cases, without HTTP.
//!
//! Sends, closes and removals of channel rows are enqueued, in the message
//! group of what they must not overtake; reads go to the table; adds are
//! written to the table at once. So a message that was sent before a removal
//! still reaches, and one that is sent after an add does.
//!
//! [`Backend`] holds the ports. Each of its methods gives one small type, which
//! uses a few of them: [`Sender`] the queue, [`Roster`], [`Lists`] and
//! [`Census`] the table, [`Memberships`], [`Invocations`],
//! [`Streams`] and [`Execution`] both.

mod authentication;
mod census;
mod command;
mod envelopes;
mod execution;
mod filter;
mod invocations;
mod lists;
mod memberships;
mod payload;
mod roster;
mod sender;
mod streams;
pub mod webhook;

use hubcast_membership::shards::Shards;
use hubcast_model::id::HubName;
use hubcast_model::ports::{QueueError, StoreError};

pub use authentication::{Authentication, Open, Renewed};
pub use census::{Census, Count};
pub use command::Command;
pub use envelopes::Envelope;
pub use execution::Execution;
pub use filter::{Anchor, Filter, FilterError, Operand};
pub use invocations::{ClientAnswer, Invocations, InvokeError};
pub use lists::Lists;
pub use memberships::Memberships;
pub use payload::{Payload, PayloadError, item_from_json, item_from_record};
pub use roster::{Cursor, ListPage, Roster};
pub use sender::{Closing, Sender, Sending, StreamEnd, StreamSending};
pub use streams::Streams;

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// Nobody has this connection.
    #[error("there is no such connection")]
    NoConnection,
    /// The stream has ended, or its client has cancelled it.
    #[error("the stream has ended")]
    NoStream,
    /// The message is larger than what a socket takes.
    #[error("the message takes {bytes} bytes as a client reads it; at most {most} are allowed")]
    TooLarge {
        /// The size of the record, in bytes.
        bytes: usize,
        /// The largest record that a socket takes, in bytes.
        most: usize,
    },
    /// More connections are meant than one call can serve.
    #[error(
        "the filter means too many connections for one call; at most {most} are allowed, and fewer for long messages"
    )]
    TooMany {
        /// The most connections that one call serves.
        most: usize,
    },
    /// The table did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue did not answer; what was sent may be on it all the same.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// The table, and what reading and writing it takes.
#[derive(Debug)]
pub struct Table<S, C> {
    /// The rows.
    pub store: S,
    /// Tells which rows have expired.
    pub clock: C,
    /// Into how many shards channels are split.
    pub shards: Shards,
}

/// The ports of the use cases. Whoever wants one of these asks for the type that does it.
#[derive(Debug)]
pub struct Backend<S, Q, C> {
    table: Table<S, C>,
    queue: Q,
}

impl<S, Q, C> Backend<S, Q, C> {
    /// The use cases over these ports.
    pub const fn new(store: S, queue: Q, clock: C, shards: Shards) -> Self {
        Self { table: Table { store, clock, shards }, queue }
    }

    /// Sends and closes on a hub.
    pub const fn sender<'a>(&'a self, hub: &'a HubName) -> Sender<'a, Q> {
        Sender::new(&self.queue, hub)
    }

    /// Who is on a hub.
    pub const fn roster<'a>(&'a self, hub: &'a HubName) -> Roster<'a, S, C> {
        Roster::new(&self.table, hub)
    }

    /// The users and the groups of a hub, page by page.
    pub const fn lists<'a>(&'a self, hub: &'a HubName) -> Lists<'a, S, C> {
        Lists::new(self.roster(hub))
    }

    /// How many are on a hub.
    pub const fn census<'a>(&'a self, hub: &'a HubName) -> Census<'a, S, C> {
        Census::new(self.roster(hub))
    }

    /// Who is in which groups of a hub.
    pub const fn memberships<'a>(&'a self, hub: &'a HubName) -> Memberships<'a, S, Q, C> {
        Memberships::new(self.roster(hub), self.sender(hub))
    }

    /// The tokens of the connections of a hub.
    pub const fn authentication<'a>(&'a self, hub: &'a HubName) -> Authentication<'a, S, C> {
        Authentication::new(self.roster(hub))
    }

    /// Calls that clients of a hub answer.
    pub const fn invocations<'a>(&'a self, hub: &'a HubName) -> Invocations<'a, S, Q, C> {
        Invocations::new(self.roster(hub), self.sender(hub))
    }

    /// Streams that clients of a hub asked for.
    pub const fn streams<'a>(&'a self, hub: &'a HubName) -> Streams<'a, S, Q, C> {
        Streams::new(self.roster(hub), self.sender(hub))
    }

    /// Commands for the connections of a hub that a filter means.
    pub const fn execution<'a>(&'a self, hub: &'a HubName) -> Execution<'a, S, Q, C> {
        Execution::new(self.roster(hub), self.sender(hub))
    }
}
