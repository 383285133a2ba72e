//! Sockets that end: gone ones, those told to go, and those that hold others up.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use signalr_protocol::message::{Close, HubMessage};

use crate::cuts::Cuts;
use crate::outcome::{Fate, Outcome, Stop};
use crate::round::{Dismissal, Holder, Round, Routes};
use hubcast_membership::presence::{disconnect, note_end};
use hubcast_model::id::SocketId;
use hubcast_model::journey::connection::{Ending, Leaving, told_to_go};
use hubcast_model::ports::{
    ChannelStore, ClaimStore, ClientStore, ConnectionGateway, Consistency, PendingStore,
    SessionStore, SocketStore, StoreError, UpstreamQueue,
};
use hubcast_model::report::chain;
use hubcast_model::socket::Socket;
use hubcast_model::time::Clock;
use hubcast_model::trace::{self, Traceparent};

/// A socket that was told to go.
#[derive(Debug)]
struct Told {
    socket: SocketId,
    ending: Ending,
    /// The trace within which it was.
    trace: Option<Traceparent>,
}

/// The sockets that rounds brought to their end.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    /// The sockets that do not exist any more.
    gone: Vec<SocketId>,
    /// The sockets that are not on record. Somebody else ends them.
    off_record: Vec<SocketId>,
    /// The sockets that were told to go. A socket that could not be told, because the gateway
    /// refused its Close for good, goes all the same.
    told: Vec<Told>,
    /// The rows that led to the sockets of all rounds.
    routes: Routes,
}

impl Ends {
    /// Adds the ends of a round that was posted.
    pub(crate) fn add(&mut self, round: Round, outcomes: &[Outcome]) {
        for outcome in outcomes {
            match outcome.stop {
                Some(Stop::Gone) => self.gone.push(outcome.socket.clone()),
                Some(Stop::OffRecord) => self.off_record.push(outcome.socket.clone()),
                _ => {}
            }
            if let Some(dismissal) = dismissal(&round, outcome) {
                log_leaving(&round, &outcome.socket, dismissal);
                let ending = Ending::Asked(dismissal.message_id.clone());
                let (socket, trace) = (outcome.socket.clone(), dismissal.trace.clone());
                self.told.push(Told { socket, ending, trace });
            }
        }
        self.routes.extend(round.routes);
    }
}

/// By what a socket ends that was told to go, or could not be told for good.
fn dismissal<'r>(round: &'r Round, outcome: &Outcome) -> Option<&'r Dismissal> {
    let is_final = |fate: Fate| matches!(fate, Fate::Delivered | Fate::Refused);
    let frames = outcome.frames.iter().filter(|frame| is_final(frame.fate));
    let mut parcels = frames.flat_map(|frame| &frame.parcels);
    parcels.find_map(|at| round.parcel(*at)?.ended_by.as_ref())
}

/// Tells the log who is told to go: most clients leave before hubcast ends them, and the line of
/// their end knows no reason.
fn log_leaving(round: &Round, socket: &SocketId, dismissal: &Dismissal) {
    let hub = round.hub_of(socket).unwrap_or_else(|| dismissal.hub.clone());
    let holder = round.holder(socket);
    let connection = holder.map(|holder| &holder.connection);
    let user = holder.and_then(|holder| holder.user.as_ref());
    told_to_go(Leaving { hub: &hub, connection, socket, user }, &dismissal.message_id);
}

/// Ends sockets and removes their rows.
#[derive(Debug)]
pub(crate) struct Closer<'a, S, G, U, C> {
    /// The table.
    pub(crate) store: &'a S,
    /// The sockets.
    pub(crate) gateway: &'a G,
    /// The way to backends; `None` where they hear of nothing.
    pub(crate) upstream: Option<&'a U>,
    /// The time.
    pub(crate) clock: &'a C,
    /// How many sockets are ended at once.
    pub(crate) concurrency: usize,
    /// How long a socket is left to read its Close.
    pub(crate) grace: Duration,
    /// For how long cuts are tried again.
    pub(crate) retry_budget: Duration,
}

impl<S, G, U, C> Closer<'_, S, G, U, C>
where
    S: ChannelStore + ClaimStore + ClientStore + PendingStore + SessionStore + SocketStore,
    G: ConnectionGateway,
    U: UpstreamQueue,
    C: Clock,
{
    /// Ends every socket whose end the posts brought about.
    ///
    /// A socket that is gone is ended too: were it alive all the same, it would stay connected and
    /// deaf. A socket that was told to go has time to read that before: a client that is cut off
    /// earlier would come back. A socket that is off record loses rows only, for the same reason.
    pub(crate) async fn end_all(&self, ends: &Ends) {
        let (gone, why, cuts) = (ends.gone.iter(), &Ending::Gone, self.cuts());
        self.all(gone.map(|socket| self.end(socket, why, &ends.routes, &cuts)).collect()).await;
        let (off_record, lost) = (ends.off_record.iter(), &Ending::Lost);
        let forgets = off_record.map(|socket| self.forget(socket, lost, &ends.routes));
        self.all(forgets.collect()).await;
        if !ends.told.is_empty() {
            tokio::time::sleep(self.grace).await;
            let cuts = self.cuts();
            let told = ends.told.iter().map(|Told { socket, ending, trace }| {
                trace::within(trace.clone(), self.end(socket, ending, &ends.routes, &cuts))
            });
            self.all(told.collect()).await;
        }
    }

    /// Finds out whose the sockets are that are told to go, where an earlier invocation left them
    /// without a row. A socket without a record is nobody's any more.
    pub(crate) async fn learn_holders(&self, round: &mut Round) {
        let unknown = round.leaving_unknown();
        let reads = unknown.into_iter().map(|socket| async move {
            self.store.socket(&socket, Consistency::Eventual).await.ok().flatten()
        });
        let concurrency = self.concurrency.max(1);
        let read: Vec<Option<Socket>> =
            stream::iter(reads.collect::<Vec<_>>()).buffer_unordered(concurrency).collect().await;
        for Socket { id, connection, user, .. } in read.into_iter().flatten() {
            round.know_leaving(id, Holder { connection, user });
        }
    }

    /// Notes why sockets are told to go, where backends hear of their ends.
    pub(crate) async fn note_reasons(&self, round: &Round) {
        if self.upstream.is_none() {
            return;
        }
        let farewells = round.farewells();
        let notes = farewells.into_iter().map(|(socket, parcel)| async move {
            let trace = parcel.ended_by.as_ref().and_then(|dismissal| dismissal.trace.clone());
            trace::within(trace, note_end(self.store, socket, &reason(&parcel.record))).await;
        });
        self.all(notes.collect()).await;
    }

    /// Sends stalled sockets to connect anew.
    pub(crate) async fn send_off_stalled(&self, round: &Round, outcomes: &[Outcome]) {
        let cuts = self.cuts();
        let mut ends = Vec::new();
        for outcome in outcomes {
            if outcome.stop == Some(Stop::Stalled) {
                ends.push(self.send_off(&outcome.socket, &round.routes, &cuts));
            }
        }
        self.all(ends).await;
    }

    async fn all<F: Future<Output = ()>>(&self, ends: Vec<F>) {
        let concurrency = self.concurrency.max(1);
        stream::iter(ends).buffer_unordered(concurrency).collect::<()>().await;
    }

    const fn cuts(&self) -> Cuts {
        Cuts::new(self.retry_budget)
    }

    async fn send_off(&self, socket: &SocketId, routes: &Routes, cuts: &Cuts) {
        if self.upstream.is_some() {
            note_end(self.store, socket, "The connection did not read what it was sent.").await;
        }
        let close = Close { error: None, allow_reconnect: true };
        let record = Bytes::from(HubMessage::Close(close).encode());
        if let Err(err) = self.gateway.post(socket, record).await {
            // A stalled socket rarely takes it; the client finds itself cut off then, and comes
            // back too.
            tracing::debug!(error = %chain(&err), socket_id = %socket, "a stalled socket could not be told");
        }
        self.end(socket, &Ending::Stalled, routes, cuts).await;
    }

    async fn end(&self, socket: &SocketId, ending: &Ending, routes: &Routes, cuts: &Cuts) {
        if let Err(err) = cuts.cut(self.gateway, socket).await {
            // Its next frame is answered by a Close, since the socket has no row any more.
            tracing::warn!(error = %chain(&err), socket_id = %socket, "a cut failed");
        }
        self.forget(socket, ending, routes).await;
    }

    async fn forget(&self, socket: &SocketId, ending: &Ending, routes: &Routes) {
        if let Err(err) = self.remove_rows(socket, ending, routes).await {
            tracing::warn!(error = %chain(&err), socket_id = %socket, "rows of an ended socket remain");
        }
    }

    async fn remove_rows(
        &self,
        socket: &SocketId,
        ending: &Ending,
        routes: &Routes,
    ) -> Result<(), StoreError> {
        disconnect(self.store, self.upstream, socket, ending, self.clock.now()).await?;
        self.store.delete_rows(socket, &routes.of(socket)).await
    }
}

/// Why a record tells a client to go.
fn reason(record: &Bytes) -> String {
    let text = std::str::from_utf8(record).unwrap_or_default();
    let error = Close::of_record(text).and_then(|close| close.error);
    error.unwrap_or_else(|| "A backend closed the connection.".to_owned())
}
