//! The handshake: from a socket that is connected to one that is ready.
//!
//! What is sent after the client's start has returned must arrive. So all rows
//! are written first, and then the client gets its answer. A client fails for
//! good when anything reaches it before this answer, so whoever finds a row
//! waits until the socket is ready ([ADR 99](../../../../docs/adr/0099-rows-come-before-the-answer.md)).
//! What each part does is told there: [`limit`](super::limit),
//! [`entrance`](super::entrance), [`acceptance`](super::acceptance),
//! [`inbox`](super::inbox), [`arrival`](super::arrival).

use std::sync::Arc;
use std::time::Duration;

use hubcast_membership::membership::Groups;
use hubcast_membership::presence::Disconnect;
use hubcast_model::context::Caller;
use hubcast_model::ports::{
    BlockStore, ChannelStore, ConnectionGateway, Consistency, GrantStore, InboxStore,
    MembershipStore, SessionStore, ShardStore, SocketStore, StoreError, UsageStore,
};
use hubcast_model::report::chain as report;
use hubcast_model::socket::Socket;
use hubcast_model::time::Clock;
use signalr_protocol::handshake::{HandshakeError, HandshakeRequest};
use tokio::time::timeout;

use super::acceptance::{Unanswered, accept, time_left};
use super::arrival::Newcomer;
use super::budget::Budget;
use super::entrance::{Beginning, Entrance, Entry};
use super::exit::Exit;
use super::inbox::Inboxes;
use super::limit::LimitCheck;
use super::liveness::Liveness;
use super::step::{Answer, End, SESSION_OVER, Step, unavailable};

/// Takes handshakes on. A socket that has become ready goes to `arrival`.
#[derive(Debug)]
pub(super) struct Handshake<S, G, C, P, A> {
    pub(super) store: Arc<S>,
    pub(super) gateway: Arc<G>,
    pub(super) budget: Arc<Budget>,
    pub(super) liveness: Arc<Liveness<S, C>>,
    pub(super) limit: Arc<LimitCheck<S, G, C, P>>,
    pub(super) entrance: Entrance<S, C>,
    pub(super) inboxes: Inboxes<S, G, C>,
    pub(super) exit: Arc<Exit<S, P>>,
    pub(super) arrival: A,
}

impl<S, G, C, P, A> Answer<HandshakeRequest> for Handshake<S, G, C, P, A>
where
    S: BlockStore
        + ChannelStore
        + GrantStore
        + InboxStore
        + MembershipStore
        + SessionStore
        + ShardStore
        + SocketStore
        + UsageStore,
    G: ConnectionGateway,
    C: Clock,
    P: Disconnect,
    A: Answer<Newcomer>,
{
    async fn answer(&self, caller: &Caller, request: HandshakeRequest) -> Step {
        if let Err(refusal) = request.accept() {
            return Step::End(End::Refuse(refusal.to_string()));
        }
        if caller.admission.principal.is_over(self.liveness.clock.now()) {
            return Step::End(End::Refuse(SESSION_OVER.to_owned()));
        }
        match self.limit.refusal(caller).await {
            Ok(None) => {}
            Ok(Some(refusal)) => return Step::End(End::Refuse(refusal)),
            Err(err) => return unbegun(&err),
        }
        match self.entrance.begin(caller).await {
            Ok(Beginning::Begun(socket)) => self.take_on(caller, socket).await,
            Ok(Beginning::Repeated) => Step::End(End::Broken("A second handshake.".to_owned())),
            Ok(Beginning::Unknown) => Step::End(End::Drop),
            Err(err) => unbegun(&err),
        }
    }
}

impl<S, G, C, P, A> Handshake<S, G, C, P, A>
where
    S: BlockStore
        + ChannelStore
        + GrantStore
        + InboxStore
        + MembershipStore
        + SessionStore
        + ShardStore
        + SocketStore
        + UsageStore,
    G: ConnectionGateway,
    C: Clock,
    P: Disconnect,
    A: Answer<Newcomer>,
{
    /// Writes the rows, answers the client, and makes its socket ready.
    async fn take_on(&self, caller: &Caller, socket: Socket) -> Step {
        let entry = self.entrance.enter(caller, &socket);
        let Ok(entry) = timeout(self.time_left(&socket), entry).await else {
            return self.exit.unanswered(&socket, &Unanswered::TooLate).await;
        };
        if let Err(err) = accept(&*self.gateway, &socket, self.time_left(&socket)).await {
            return self.exit.unanswered(&socket, &err).await;
        }
        self.budget.note_through(&socket.id, self.liveness.clock.now());
        match entry {
            Ok(Entry::Written(groups)) => self.admit(caller, socket, groups).await,
            Ok(Entry::Lost) => self.exit.lost(&socket).await,
            Ok(Entry::Blocked) => self.exit.blocked(&socket).await,
            Err(err) => unavailable(&err),
        }
    }

    /// Gives a client that has its answer what waited for it, and lets everybody else through.
    async fn admit(&self, caller: &Caller, socket: Socket, groups: Groups) -> Step {
        let in_use = match self.store.uses(&socket.hub, Consistency::Strong).await {
            Ok(in_use) => in_use,
            Err(err) => return self.exit.unwelcome(&socket, &err.into()).await,
        };
        if let Err(err) = self.inboxes.empty(caller, &socket, &in_use).await {
            return self.exit.unwelcome(&socket, &err).await;
        }
        match self.entrance.finish(&socket).await {
            Ok(true) => self.arrival.answer(caller, Newcomer { socket, groups, in_use }).await,
            Ok(false) => self.exit.lost(&socket).await,
            Err(err) => unavailable(&err),
        }
    }
}

impl<S, G, C: Clock, P, A> Handshake<S, G, C, P, A> {
    fn time_left(&self, socket: &Socket) -> Duration {
        time_left(socket, self.liveness.clock.now())
    }
}

/// The table did not answer before the client did get its answer.
fn unbegun(err: &StoreError) -> Step {
    tracing::error!(error = %report(err), "a handshake could not begin");
    Step::End(End::Refuse(HandshakeError::Malformed.to_string()))
}
