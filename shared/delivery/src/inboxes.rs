//! Inboxes: messages that wait for their user.
//!
//! A message is put into the inbox when none of the user's sockets is there,
//! and the user's channel is read again afterwards; a handshake looks into the
//! inbox again after it has written the socket's row. So one of the two always
//! sees the other. The message is taken back then and goes out live, unless
//! the handshake has delivered it already.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::batch::Case;
use hubcast_model::envelope::{Audience, Content, Notification, Retention};
use hubcast_model::frame::content_text;
use hubcast_model::id::{ConnectionId, HubName, UserId};
use hubcast_model::ports::{InboxStore, StoreError, UsageStore};
use hubcast_model::retention::{
    INBOX_MAX, INBOX_MAX_BYTES, Inbox, InboxMessage, Kept, Source, Use,
};
use hubcast_model::time::{Clock, Timestamp};

/// A message that has to wait when its user is away.
#[derive(Debug)]
pub(crate) struct InboxEntry {
    /// The user's inbox.
    pub(crate) inbox: Inbox,
    /// The message as it waits there.
    pub(crate) message: InboxMessage,
    /// The user, whose sockets get the message as long as there are any.
    pub(crate) audience: Audience,
    /// The connections that are left out.
    pub(crate) excluded: BTreeSet<ConnectionId>,
}

impl InboxEntry {
    /// The entry for a notification; `None` when the notification is not kept, or not at `now` any
    /// more.
    fn of(case: Case<'_>, notification: &Notification, now: Timestamp) -> Option<Self> {
        let Retention::Inbox(lifetime) = &notification.retention else {
            return None;
        };
        let user = single_user(notification)?;
        let expires = end_of(case, notification, *lifetime);
        let record = content_text(&notification.content)?;
        let entry = Self {
            inbox: Inbox::of(&notification.hub, user),
            message: InboxMessage {
                position: case.position(),
                progress_key: case.element.key.clone(),
                record,
                expires,
            },
            audience: Audience::Users(vec![user.clone()]),
            excluded: notification.excluded.clone(),
        };
        (expires > now).then_some(entry)
    }

    /// The user's hub.
    pub(crate) const fn hub(&self) -> &HubName {
        &self.inbox.hub
    }
}

/// Puts messages into inboxes, and takes them back.
#[derive(Debug)]
pub(crate) struct Inboxes<'a, S, C> {
    /// The table.
    pub(crate) store: &'a S,
    /// The time.
    pub(crate) clock: &'a C,
}

impl<S, C> Inboxes<'_, S, C>
where
    S: InboxStore + UsageStore,
    C: Clock,
{
    /// The entry for a notification whose user is away; `None` when the notification is not kept.
    pub(crate) fn entry(&self, case: Case<'_>, notification: &Notification) -> Option<InboxEntry> {
        InboxEntry::of(case, notification, self.clock.now())
    }

    /// Puts a message into its inbox. Safe to repeat.
    pub(crate) async fn put(&self, entry: &InboxEntry) -> Result<(), StoreError> {
        self.store.note_use(entry.hub(), Use::Inboxes).await?;
        self.store.put_inbox_message(&entry.inbox, &entry.message).await
    }

    /// Takes a message back; false when a handshake has delivered it before.
    pub(crate) async fn take_back(&self, entry: &InboxEntry) -> Result<bool, StoreError> {
        self.store.take_back(&entry.inbox, &entry.message.position).await
    }

    /// Removes the oldest messages from an inbox that holds too much; answers how many.
    pub(crate) async fn make_room(&self, inbox: &Inbox) -> Result<usize, StoreError> {
        let messages = self.store.inbox_messages(inbox, self.clock.now()).await?;
        let oldest = messages.iter().take(messages.len() - newest(&messages));
        let oldest: Vec<_> = oldest.map(|message| message.position.clone()).collect();
        if !oldest.is_empty() {
            tracing::warn!(dropped = oldest.len(), "an inbox is full; its oldest messages go");
            self.store.remove_inbox_messages(inbox, &oldest).await?;
        }
        Ok(oldest.len())
    }
}

/// Where the record of an element comes from that goes out live.
pub(crate) fn source_of(case: Case<'_>) -> Source {
    let left = case.message.left.as_ref();
    let position = left.map_or_else(|| case.position(), |left| left.among_left.clone());
    Source { position: Some(position), kept: kept(case) }
}

/// What becomes of an element that goes out live, if its client does not take it; `None` when the
/// element is not kept.
fn kept(case: Case<'_>) -> Option<Kept> {
    let notification = case.element.notification()?;
    let Retention::Inbox(lifetime) = &notification.retention else {
        return None;
    };
    let user = single_user(notification)?;
    let until = end_of(case, notification, *lifetime);
    let hub = notification.hub.clone();
    Some(Kept { hub, user: user.clone(), position: case.position(), until })
}

/// The one user of a message, if its audience is one.
fn single_user(notification: &Notification) -> Option<&UserId> {
    let Content::Message { audience: Audience::Users(users), .. } = &notification.content else {
        return None;
    };
    let [user] = users.as_slice() else {
        return None;
    };
    Some(user)
}

/// When a message is of no use any more that waits for so long.
fn end_of(case: Case<'_>, notification: &Notification, lifetime: Duration) -> Timestamp {
    let end = case.message.sent_at.plus(lifetime);
    notification.expires_at.map_or(end, |at| at.min(end))
}

/// How many of the newest messages an inbox may hold.
fn newest(messages: &[InboxMessage]) -> usize {
    let (mut bytes, mut count) = (0, 0);
    let fits = |message: &&InboxMessage| {
        bytes += message.record.len();
        count += 1;
        bytes <= INBOX_MAX_BYTES && count <= INBOX_MAX
    };
    messages.iter().rev().take_while(fits).count()
}
