//! The inbox of a newcomer's user.
//!
//! The inbox is emptied after the socket's rows are written and before the
//! socket is ready. A message that is put into the inbox before the rows are
//! there is found. Whoever puts a message there later finds the rows, and waits
//! until the socket is ready. So no message overtakes an older one, and none
//! comes twice.

use std::sync::Arc;

use bytes::Bytes;
use hubcast_model::context::Caller;
use hubcast_model::frame::coalesce;
use hubcast_model::journey::connection::replayed;
use hubcast_model::ports::{BlockStore, ConnectionGateway, InboxStore};
use hubcast_model::retention::{Inbox, InboxMessage, Kept, Source, Use, Uses};
use hubcast_model::socket::Socket;
use hubcast_model::time::Clock;

use super::post::{SourcedFrame, post_if_there_is_room};
use super::welcome::WelcomeError;
use crate::connect::is_blocked;

/// Delivers inboxes to newcomers.
#[derive(Debug)]
pub(super) struct Inboxes<S, G, C> {
    pub(super) store: Arc<S>,
    pub(super) gateway: Arc<G>,
    pub(super) clock: Arc<C>,
}

impl<S: InboxStore + BlockStore, G: ConnectionGateway, C: Clock> Inboxes<S, G, C> {
    /// Delivers the messages for the socket's user, until none is left.
    pub(super) async fn empty(
        &self,
        caller: &Caller,
        socket: &Socket,
        in_use: &Uses,
    ) -> Result<(), WelcomeError> {
        let Some(inbox) = inbox_of(socket, in_use) else {
            return Ok(());
        };
        loop {
            let messages = self.store.inbox_messages(&inbox, self.clock.now()).await?;
            // A blocked user gets nothing; the handshake's own look at the block ends the socket.
            let (principal, now) = (&caller.admission.principal, self.clock.now());
            if messages.is_empty() || is_blocked(&*self.store, principal, now).await? {
                return Ok(());
            }
            if !self.deliver(socket, &inbox, &messages).await? {
                return Ok(());
            }
        }
    }

    /// Posts first and removes then. After a failure in between the messages come again. False when
    /// a line has no room for more: the rest waits for the user's next connection.
    async fn deliver(
        &self,
        socket: &Socket,
        inbox: &Inbox,
        messages: &[InboxMessage],
    ) -> Result<bool, WelcomeError> {
        let records = messages.iter().map(|message| Bytes::from(message.record.clone()));
        for frame in coalesce(records.enumerate()) {
            let delivered = frame.parcels.iter().filter_map(|at| messages.get(*at));
            let sources = sources(socket, delivered.clone());
            let post = SourcedFrame { frame: frame.body, sources: &sources };
            if !post_if_there_is_room(&*self.gateway, &socket.id, post).await? {
                return Ok(false);
            }
            delivered.clone().for_each(|message| replayed(socket, &message.progress_key));
            let positions: Vec<_> = delivered.map(|message| message.position.clone()).collect();
            self.store.remove_inbox_messages(inbox, &positions).await?;
        }
        Ok(true)
    }
}

/// Where the records of these messages come from, for lines: what a line's client does not take goes
/// back.
fn sources<'a>(socket: &Socket, messages: impl Iterator<Item = &'a InboxMessage>) -> Vec<Source> {
    let Some(user) = socket.user.as_ref().filter(|_| socket.id.is_line()) else {
        return Vec::new();
    };
    let kept = |message: &InboxMessage| Kept {
        hub: socket.hub.clone(),
        user: user.clone(),
        position: message.position.clone(),
        until: message.expires,
    };
    // The place in the queue would say nothing about what went out live meanwhile.
    messages.map(|message| Source { position: None, kept: Some(kept(message)) }).collect()
}

/// The inbox of the socket's user; `None` when there cannot be a message in it.
fn inbox_of(socket: &Socket, in_use: &Uses) -> Option<Inbox> {
    let user = socket.user.as_ref().filter(|_| in_use.contains(&Use::Inboxes))?;
    Some(Inbox::of(&socket.hub, user))
}
