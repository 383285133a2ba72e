//! What the rules need from the outside world.
//!
//! The store is cut by what it is about: sockets, sessions, channels, what is there for those who
//! come later, access and progress.
//! Methods are single, conditional row operations; their order, which is what
//! makes races harmless, belongs to the use cases. Every adapter passes the
//! contract suite of `hubcast-testkit`.

mod access;
mod access_keys;
mod channel;
mod client;
mod deadline;
mod erasure;
mod gateway;
mod log;
mod progress;
mod queue;
mod result;
mod retention;
mod sender;
mod session;
mod socket;
mod store;
mod upstream;
mod uptake;
mod webhook;

use std::error::Error;

pub use access::{BlockStore, GrantStore, MembershipStore};
pub use access_keys::{AccessKeySource, Freshness};
pub use channel::{ChannelStore, ShardStore};
pub use client::{ClientStore, PendingStore};
pub use deadline::DeadlineStore;
pub use erasure::{ErasureStore, Personal};
pub use gateway::{ConnectionGateway, PostError};
pub use log::{JourneyLog, LogError, Reading};
pub use progress::{Progress, ProgressStore, Rest};
pub use queue::{DeadLetter, JobMessage, NotificationQueue, QueueError, QueuedMessage};
pub use result::{ClientResult, InvocationKey, ResultStore};
pub use retention::{BoardStore, InboxStore, UsageStore};
pub use sender::{NotificationSender, Outgoing};
pub use session::SessionStore;
pub use socket::{ClaimStore, SocketStore};
pub use store::{Consistency, Page, PageQuery, StoreError};
pub use upstream::{BATCH_MAX, NoUpstream, Untaken, UpstreamMessage, UpstreamQueue};
pub use uptake::UptakeStore;
pub use webhook::{AnswerQueue, DeadEvent, Webhook, WebhookAnswer, WebhookError, WebhookRequest};

/// The cause behind a port's error.
pub type Cause = Box<dyn Error + Send + Sync>;

/// Names several ports at once: who has all of them, has the one trait.
///
/// ```
/// use hubcast_model::ports::{BlockStore, SocketStore};
///
/// hubcast_model::several_ports! {
///     /// The rows of this example.
///     pub trait Rows = BlockStore + SocketStore;
/// }
/// fn takes_rows<S: Rows>(rows: &S) -> (&impl BlockStore, &impl SocketStore) {
///     (rows, rows)
/// }
/// ```
#[macro_export]
macro_rules! several_ports {
    ($(#[$doc:meta])* $visibility:vis trait $name:ident = $first:ident $(+ $port:ident)*;) => {
        $(#[$doc])*
        $visibility trait $name: $first $(+ $port)* {}

        impl<S: $first $(+ $port)*> $name for S {}
    };
}
