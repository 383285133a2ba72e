//! The ends of a socket whose handshake was taken on, and that cannot stay.
//!
//! Each of them removes the socket's rows, so that nothing reaches it any more.

use std::sync::Arc;

use hubcast_membership::presence::Disconnect;
use hubcast_model::channel::ChannelKey;
use hubcast_model::journey::connection::Ending;
use hubcast_model::ports::ChannelStore;
use hubcast_model::report::chain as report;
use hubcast_model::socket::Socket;

use super::acceptance::Unanswered;
use super::step::{End, Step, unavailable};
use super::welcome::WelcomeError;

/// Ends sockets that cannot stay.
#[derive(Debug)]
pub(super) struct Exit<S, P> {
    pub(super) store: Arc<S>,
    pub(super) presence: Arc<P>,
}

impl<S: ChannelStore, P: Disconnect> Exit<S, P> {
    /// The end of a socket that may have got no answer to its handshake. The client's start fails
    /// in any case, so the socket is cut and the client tries anew.
    pub(super) async fn unanswered(&self, socket: &Socket, err: &Unanswered) -> Step {
        tracing::warn!(error = %report(err), socket_id = %socket.id, "a handshake went unanswered");
        if let Err(err) = self.presence.disconnect(&socket.id, &Ending::Unanswered).await {
            tracing::warn!(error = %report(&err), "a socket's rows could not be removed");
        }
        Step::End(End::Drop)
    }

    /// The end of a blocked user's socket. Nothing may reach the socket any more, whether or not
    /// the client reads its Close.
    pub(super) async fn blocked(&self, socket: &Socket) -> Step {
        self.presence.note_end(&socket.id, "The user is blocked or signed out.").await;
        match self.presence.disconnect(&socket.id, &Ending::Blocked).await {
            Ok(_) => Step::End(End::fatal("You have been signed out.")),
            Err(err) => {
                tracing::error!(error = %report(&err), "a blocked socket's rows remain");
                Step::End(End::Drop)
            }
        }
    }

    /// The end of a socket that went away, or lost its connection id. Its rows may have been
    /// written after its record went, so they are deleted once more.
    pub(super) async fn lost(&self, socket: &Socket) -> Step {
        let disconnected = self.presence.disconnect(&socket.id, &Ending::Lost).await;
        let keys: Vec<ChannelKey> = socket.channels.iter().cloned().collect();
        let deleted = self.store.delete_rows(&socket.id, &keys).await;
        match disconnected.map(|_| ()).and(deleted) {
            Ok(()) => Step::End(End::Drop),
            Err(err) => unavailable(&err),
        }
    }

    /// The end of a socket that was not given everything. Its client returns and gets the rest.
    pub(super) async fn unwelcome(&self, socket: &Socket, err: &WelcomeError) -> Step {
        tracing::warn!(error = %report(err), socket_id = %socket.id, "a connection missed something");
        self.return_later(socket, End::reconnect("Messages could not be delivered.")).await
    }

    /// Has the client connect anew; nothing more is taken for this socket.
    async fn return_later(&self, socket: &Socket, end: End) -> Step {
        match self.presence.disconnect(&socket.id, &Ending::Missed).await {
            Ok(_) => Step::End(end),
            Err(err) => unavailable(&err),
        }
    }
}
