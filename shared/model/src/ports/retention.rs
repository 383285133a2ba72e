//! What is there for those who come later, as the rules see it.

use std::future::Future;

use super::{Consistency, StoreError};
use crate::id::HubName;
use crate::retention::{Board, Inbox, InboxMessage, QueuePosition, RetainedValue, Use, Uses};
use crate::time::Timestamp;

/// Which of the features for latecomers a hub uses at all.
pub trait UsageStore: Send + Sync {
    /// Notes, for good, that something is in use on a hub.
    fn note_use(
        &self,
        hub: &HubName,
        what: Use,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// What is in use on a hub.
    fn uses(
        &self,
        hub: &HubName,
        consistency: Consistency,
    ) -> impl Future<Output = Result<Uses, StoreError>> + Send;
}

/// The boards: retained values of users, groups and hubs.
pub trait BoardStore: Send + Sync {
    /// Hangs a value up, or takes it down, unless what stands there says more recent things.
    fn put_retained(
        &self,
        board: &Board,
        value: &RetainedValue,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The values of a board that were not taken down and have not expired at `now`, in order of
    /// key; strongly consistent.
    fn retained(
        &self,
        board: &Board,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<RetainedValue>, StoreError>> + Send;
}

/// The inboxes: messages for users who are away.
pub trait InboxStore: Send + Sync {
    /// Has a message wait; the same place twice is one message.
    fn put_inbox_message(
        &self,
        inbox: &Inbox,
        message: &InboxMessage,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The messages of an inbox that have not expired at `now`, in order of place; strongly
    /// consistent.
    fn inbox_messages(
        &self,
        inbox: &Inbox,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<InboxMessage>, StoreError>> + Send;

    /// Removes messages from an inbox; missing ones are no error.
    fn remove_inbox_messages(
        &self,
        inbox: &Inbox,
        positions: &[QueuePosition],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Takes one message back; false when another removed it before.
    fn take_back(
        &self,
        inbox: &Inbox,
        position: &QueuePosition,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}
