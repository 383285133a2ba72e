//! The envelope: what a backend puts on the notifications queue.
//!
//! A superset of the `SignalRMessage` and `SignalRGroupAction` of Azure
//! Functions. A [`Notification`] is what one element of it says. Whoever takes
//! an envelope from a queue reads it by [`parse`], whoever sends one writes it
//! by [`Notification::to_json`]; nobody else knows the properties' names.

mod content;
mod read;
mod rejection;
mod retention;
mod write;

pub use crate::audience::Audience;
pub use content::{Action, Answer, Content, Scope};
pub use read::{Element, EnvelopeRules, parse, read};
pub use rejection::{RejectReason, Rejection};
pub use retention::Retention;
pub use write::{joined, with_hub};

use std::collections::BTreeSet;

use crate::id::{ConnectionId, HubName};
use crate::message_group::MessageGroup;
use crate::time::Timestamp;

/// The most elements that one queue message may hold.
pub const ELEMENTS_MAX: usize = 100;
/// The most ids in one list of users or groups.
pub const IDS_MAX: usize = 500;

/// Stands for all hubs; no hub is called so.
const EVERYWHERE: &str = "*";

/// One thing to deliver or to do.
#[derive(Debug, Clone)]
pub struct Notification {
    /// The hub it is for; the default one when a block is for all of them.
    pub hub: HubName,
    /// Connections that are left out.
    pub excluded: BTreeSet<ConnectionId>,
    /// What to deliver or do, and for whom.
    pub content: Content,
    /// What a message leaves behind for those who are not there.
    pub retention: Retention,
    /// When it is not worth delivering any more; never, when `None`.
    pub expires_at: Option<Timestamp>,
}

impl Notification {
    /// A notification for everyone whom its content means, which leaves nothing behind and does not
    /// expire.
    pub const fn new(hub: HubName, content: Content) -> Self {
        let excluded = BTreeSet::new();
        Self { hub, excluded, content, retention: Retention::Nothing, expires_at: None }
    }

    /// The message group that keeps this notification in order with others for the same audience.
    /// Of several users or groups the first one counts.
    pub fn message_group(&self) -> MessageGroup {
        self.content.message_group(&self.hub)
    }
}
