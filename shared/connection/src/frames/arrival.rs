//! What follows once a newcomer is ready: backends hear of it, it makes room, it is shown boards.

use std::sync::Arc;

use hubcast_membership::membership::Groups;
use hubcast_membership::presence::{Announce, Disconnect};
use hubcast_model::context::Caller;
use hubcast_model::journey::connection::ready;
use hubcast_model::ports::{BoardStore, ChannelStore, ConnectionGateway, SocketStore, UsageStore};
use hubcast_model::retention::Uses;
use hubcast_model::socket::Socket;
use hubcast_model::time::Clock;

use super::boards::Boards;
use super::exit::Exit;
use super::limit::LimitCheck;
use super::step::{Answer, Step, unavailable};

/// A socket that has just become ready.
#[derive(Debug)]
pub(super) struct Newcomer {
    /// Its record, as the handshake began.
    pub(super) socket: Socket,
    /// The groups that it entered.
    pub(super) groups: Groups,
    /// What is in use on its hub, read after its rows were written.
    pub(super) in_use: Uses,
}

/// Receives newcomers.
#[derive(Debug)]
pub(super) struct Arrival<S, G, C, P> {
    pub(super) presence: Arc<P>,
    pub(super) limit: Arc<LimitCheck<S, G, C, P>>,
    pub(super) boards: Arc<Boards<S, G, C>>,
    pub(super) exit: Arc<Exit<S, P>>,
}

impl<S, G, C, P> Answer<Newcomer> for Arrival<S, G, C, P>
where
    S: BoardStore + ChannelStore + SocketStore + UsageStore,
    G: ConnectionGateway,
    C: Clock,
    P: Announce + Disconnect,
{
    async fn answer(&self, caller: &Caller, newcomer: Newcomer) -> Step {
        let Newcomer { socket, groups, in_use } = newcomer;
        ready(&socket, self.limit.closer.clock.now());
        self.presence.announce(&socket.id).await;
        match self.limit.enforce(caller).await {
            Ok(None) => {}
            Ok(Some(end)) => return Step::End(end),
            Err(err) => return unavailable(&err),
        }
        let groups = groups.into_keys().collect();
        match self.boards.show_all(&socket, groups, &in_use).await {
            Ok(()) => Step::Silent,
            Err(err) => self.exit.unwelcome(&socket, &err).await,
        }
    }
}
