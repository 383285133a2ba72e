//! What follows once a newcomer is ready: backends hear of it, it makes room, it is shown boards.

use std::sync::Arc;

use hubcast_membership::membership::Groups;
use hubcast_membership::presence::{Announce, Disconnect};
use hubcast_model::context::Caller;
use hubcast_model::ports::{
    BoardStore, ChannelStore, ConnectionGateway, InboxStore, SocketStore, UsageStore,
};
use hubcast_model::retention::{Use, Uses};
use hubcast_model::socket::Socket;
use hubcast_model::time::Clock;

use super::boards::Boards;
use super::exit::Exit;
use super::inbox::has_message;
use super::limit::LimitCheck;
use super::step::{Answer, Step, unavailable};
use super::welcome::WelcomeError;

/// A socket that has just become ready.
#[derive(Debug)]
pub(super) struct Newcomer {
    /// Its record, as the handshake began.
    pub(super) socket: Socket,
    /// The groups that it entered.
    pub(super) groups: Groups,
    /// What seemed to be in use on its hub before its rows were written.
    pub(super) in_use: Uses,
}

/// What a newcomer was given.
enum Welcome {
    /// Everything.
    Complete,
    /// Not the message in an inbox that nobody knew of before the rows were written.
    Early,
}

/// Receives newcomers.
#[derive(Debug)]
pub(super) struct Arrival<S, G, C, P> {
    pub(super) store: Arc<S>,
    pub(super) clock: Arc<C>,
    pub(super) presence: Arc<P>,
    pub(super) limit: Arc<LimitCheck<S, G, C, P>>,
    pub(super) boards: Arc<Boards<S, G, C>>,
    pub(super) exit: Arc<Exit<S, G, P>>,
}

impl<S, G, C, P> Answer<Newcomer> for Arrival<S, G, C, P>
where
    S: BoardStore + ChannelStore + InboxStore + SocketStore + UsageStore,
    G: ConnectionGateway,
    C: Clock,
    P: Announce + Disconnect,
{
    async fn answer(&self, caller: &Caller, newcomer: Newcomer) -> Step {
        let socket = newcomer.socket.clone();
        self.presence.announce(&socket.id).await;
        match self.limit.enforce(caller).await {
            Ok(None) => {}
            Ok(Some(end)) => return Step::End(end),
            Err(err) => return unavailable(&err),
        }
        match self.welcome(newcomer).await {
            Ok(Welcome::Complete) => Step::Silent,
            Ok(Welcome::Early) => self.exit.early(&socket).await,
            Err(err) => self.exit.unwelcome(&socket, &err).await,
        }
    }
}

impl<S, G, C, P> Arrival<S, G, C, P>
where
    S: BoardStore + InboxStore + UsageStore,
    G: ConnectionGateway,
    C: Clock,
{
    async fn welcome(&self, newcomer: Newcomer) -> Result<Welcome, WelcomeError> {
        let Newcomer { socket, groups, in_use } = newcomer;
        let in_use_now = self.boards.uses(&socket).await?;
        if !in_use.contains(&Use::Inboxes)
            && has_message(&*self.store, &socket, &in_use_now, self.clock.now()).await?
        {
            return Ok(Welcome::Early);
        }
        let groups = groups.into_keys().collect();
        self.boards.show_all(&socket, groups, &in_use_now).await?;
        Ok(Welcome::Complete)
    }
}
