//! The carrier: a round is posted, sockets that stall are sent off, and the
//! outcomes are folded into the ledger.

use tokio::time::Instant;

use crate::closer::{Closer, Ends};
use crate::ledger::Ledger;
use crate::poster::Poster;
use crate::round::Round;
use crate::stall::mark_stalled;
use hubcast_model::ports::{
    ChannelStore, ClaimStore, ClientStore, ConnectionGateway, PendingStore, SessionStore,
    SocketStore, UpstreamQueue,
};
use hubcast_model::time::Clock;

/// Carries rounds of elements that may have been posted before.
#[derive(Debug)]
pub(crate) struct Carrier<'a, S, G, U, C> {
    /// Posts.
    pub(crate) poster: Poster<'a, S, G, C>,
    /// Ends sockets.
    pub(crate) closer: Closer<'a, S, G, U, C>,
}

impl<S, G, U, C> Carrier<'_, S, G, U, C>
where
    S: ChannelStore + ClaimStore + ClientStore + PendingStore + SessionStore + SocketStore,
    G: ConnectionGateway,
    U: UpstreamQueue,
    C: Clock,
{
    /// Posts a round before the deadline; answers the sockets that are to end.
    pub(crate) async fn carry(
        &self,
        mut round: Round,
        ledger: &mut Ledger,
        deadline: Instant,
    ) -> Ends {
        self.closer.learn_holders(&mut round).await;
        // A client goes as soon as it reads its Close.
        self.closer.note_reasons(&round).await;
        let mut outcomes = self.poster.post(&round, deadline).await;
        mark_stalled(&round, &mut outcomes, ledger, self.poster.has_succeeded_lately());
        self.closer.send_off_stalled(&round, &outcomes).await;
        ledger.fold(&round, &outcomes);
        let mut ends = Ends::default();
        ends.add(round, &outcomes);
        ends
    }
}
