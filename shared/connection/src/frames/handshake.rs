//! The handshake: from a socket that is connected to one that is ready.
//!
//! A client fails for good when anything reaches it before the handshake's
//! answer. So the answer is posted and its 200 awaited before the first channel
//! row makes the socket deliverable. What each part does is told there:
//! [`limit`](super::limit), [`entrance`](super::entrance),
//! [`inbox`](super::inbox), [`arrival`](super::arrival).

use std::sync::Arc;

use bytes::Bytes;
use hubcast_membership::presence::Disconnect;
use hubcast_model::context::Caller;
use hubcast_model::ports::{
    BlockStore, ChannelStore, ConnectionGateway, GrantStore, InboxStore, MembershipStore,
    SessionStore, ShardStore, SocketStore, StoreError, UsageStore,
};
use hubcast_model::report::chain as report;
use hubcast_model::socket::Socket;
use hubcast_model::time::Clock;
use signalr_protocol::handshake::{ACCEPTED, HandshakeError, HandshakeRequest};

use super::arrival::Newcomer;
use super::entrance::{Beginning, Entrance, Entry};
use super::exit::Exit;
use super::inbox::{Inboxes, uses_before_rows};
use super::limit::LimitCheck;
use super::liveness::Liveness;
use super::post::post;
use super::step::{Answer, End, Step, unavailable};

/// Takes handshakes on. A socket that has become ready goes to `arrival`.
#[derive(Debug)]
pub(super) struct Handshake<S, G, C, P, A> {
    pub(super) store: Arc<S>,
    pub(super) gateway: Arc<G>,
    pub(super) liveness: Arc<Liveness<S, C>>,
    pub(super) limit: Arc<LimitCheck<S, G, C, P>>,
    pub(super) entrance: Entrance<S, C>,
    pub(super) inboxes: Inboxes<S, G, C>,
    pub(super) exit: Arc<Exit<S, G, P>>,
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
            return self.refuse(caller, refusal.to_string()).await;
        }
        match self.limit.refusal(caller).await {
            Ok(None) => {}
            Ok(Some(refusal)) => return self.refuse(caller, refusal).await,
            Err(err) => return unbegun(&err),
        }
        match self.entrance.begin(caller).await {
            Ok(Beginning::Begun(socket)) => self.take_on(caller, socket).await,
            Ok(Beginning::Repeated) => Step::End(End::broken("A second handshake.")),
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
    /// Answers the client, and makes its socket ready.
    async fn take_on(&self, caller: &Caller, socket: Socket) -> Step {
        let accepted = Bytes::from_static(ACCEPTED.as_bytes());
        let (posted, in_use) = tokio::join!(
            post(&*self.gateway, &socket.id, accepted),
            uses_before_rows(&*self.store, &socket)
        );
        if let Err(err) = posted {
            return self.exit.unanswered(&socket, &err).await;
        }
        if let Err(err) = self.inboxes.empty(caller, &socket, &in_use).await {
            return self.exit.unwelcome(&socket, &err).await;
        }
        match self.entrance.enter(caller, &socket, &in_use).await {
            Ok(Entry::Ready(groups)) => {
                self.arrival.answer(caller, Newcomer { socket, groups, in_use }).await
            }
            Ok(Entry::Early) => self.exit.early(&socket).await,
            Ok(Entry::Lost) => self.exit.lost(&socket).await,
            Ok(Entry::Blocked) => self.exit.blocked(&socket).await,
            Err(err) => unavailable(&err),
        }
    }
}

impl<S: SocketStore, G, C: Clock, P, A> Handshake<S, G, C, P, A> {
    /// Refuses a handshake. A client past its handshake reads Close records only.
    async fn refuse(&self, caller: &Caller, refusal: String) -> Step {
        let detail = refusal.clone();
        Step::End(self.liveness.protocol_end(caller, refusal, &detail).await)
    }
}

/// The table did not answer before the client did get its answer.
fn unbegun(err: &StoreError) -> Step {
    tracing::error!(error = %report(err), "a handshake could not begin");
    Step::End(End::Refuse(HandshakeError::Malformed.to_string()))
}
