//! The rounds after the first: for messages whose sockets all turned out to be
//! gone, and for values that changed while they were shown.

use std::collections::BTreeMap;

use bytes::Bytes;
use tokio::time::Instant;

use crate::account::Entry;
use crate::audiences::{Audiences, Listing};
use crate::batch::{Batch, Case};
use crate::boards::Boards;
use crate::closer::Ends;
use crate::inboxes::{InboxEntry, Inboxes, source_of};
use crate::ledger::Ledger;
use crate::poster::Poster;
use crate::round::{ElementRef, Parcel, Round, Showing, Target};
use hubcast_model::id::SocketId;
use hubcast_model::ports::{
    BoardStore, ChannelStore, ConnectionGateway, InboxStore, ShardStore, SocketStore, StoreError,
    UsageStore,
};
use hubcast_model::report::chain;
use hubcast_model::time::Clock;

/// After so many further rounds, whose sockets were all gone too, a message waits in the inbox.
const LIVE_ROUNDS_MAX: usize = 3;
/// After so many further rounds, values that keep changing are left for a later invocation.
const CHANGE_ROUNDS_MAX: usize = 5;

/// Posts further rounds of a batch.
#[derive(Debug)]
pub(crate) struct Rounds<'a, S, G, C> {
    /// Posts.
    pub(crate) poster: Poster<'a, S, G, C>,
    /// The members of audiences.
    pub(crate) audiences: Audiences<'a, S, C>,
    /// The retained values.
    pub(crate) boards: Boards<'a, S, C>,
    /// The messages that wait.
    pub(crate) inboxes: Inboxes<'a, S, C>,
    /// No post begins after this time.
    pub(crate) deadline: Instant,
    /// The last element that each socket got something of in the first round.
    pub(crate) last_elements: BTreeMap<SocketId, ElementRef>,
    /// What became of everything so far.
    pub(crate) ledger: Ledger,
    /// The sockets that are to end.
    pub(crate) ends: Ends,
}

impl<S, G, C> Rounds<'_, S, G, C>
where
    S: BoardStore + ChannelStore + InboxStore + ShardStore + SocketStore + UsageStore,
    G: ConnectionGateway,
    C: Clock,
{
    async fn post(&mut self, round: Round) {
        let outcomes = self.poster.post(&round, self.deadline).await;
        self.ledger.fold(&round, &outcomes);
        self.ends.add(round, &outcomes);
    }

    /// Puts the messages into inboxes whose sockets all turned out to be gone or stalled.
    pub(crate) async fn keep_lost(&mut self, batch: &Batch) {
        for case in batch.cases() {
            let Some(entry) = self.lost_entry(case) else {
                continue;
            };
            match self.keep(case, &entry).await {
                Ok(Some(kept)) => self.ledger.append(case.at, kept),
                Ok(None) => {}
                Err(err) => {
                    tracing::error!(error = %chain(&err), "a message could not be kept");
                    self.ledger.append(case.at, Entry::Failed);
                }
            }
        }
    }

    /// The inbox entry of an element that nobody got, now or before; `None` for any other element.
    fn lost_entry(&self, case: Case<'_>) -> Option<InboxEntry> {
        let is_posted = self.ledger.account(case.at).is_posted();
        if !is_posted || !self.is_lost(case.at) || case.element.before.reached > 0 {
            return None;
        }
        self.inboxes.entry(case, case.element.notification()?)
    }

    fn is_lost(&self, at: ElementRef) -> bool {
        self.ledger.account(at).deliveries.is_lost()
    }

    /// Posts a message to sockets that came meanwhile, or puts it into the inbox; `None` when a
    /// socket took the message.
    async fn keep(
        &mut self,
        case: Case<'_>,
        entry: &InboxEntry,
    ) -> Result<Option<Entry>, StoreError> {
        let at = case.at;
        for live_rounds in 0..=LIVE_ROUNDS_MAX {
            if !self.is_lost(at) {
                return Ok(None);
            }
            self.inboxes.put(entry).await?;
            let there = self.still_there(entry).await?;
            let targets = self.targets(entry, &there);
            // A handshake that is under way may be delivering the message.
            self.poster.handshakes.wait_for_all(&targets, self.deadline).await;
            let may_go_live = live_rounds < LIVE_ROUNDS_MAX && !self.is_overtaken(at, &there);
            if there.is_empty() || !may_go_live || !self.inboxes.take_back(entry).await? {
                break;
            }
            let record = Bytes::from(entry.message.record.clone());
            let parcel = Parcel { source: source_of(case), ..Parcel::plain(at, record) };
            self.post(Round::of(parcel, targets)).await;
        }
        let dropped = self.inboxes.make_room(&entry.inbox).await?;
        Ok(Some(Entry::Kept { dropped }))
    }

    /// The members that did not turn out to be gone, read anew.
    async fn still_there(&mut self, entry: &InboxEntry) -> Result<Vec<Listing>, StoreError> {
        self.audiences.forget();
        let mut there = self.audiences.all_members(entry.hub(), &entry.audience).await?;
        there.retain(|listing| !self.ledger.is_ended(&listing.member.socket));
        Ok(there)
    }

    /// The sockets of members, without the excluded ones.
    fn targets(&self, entry: &InboxEntry, there: &[Listing]) -> Vec<Target> {
        let is_wanted = |listing: &&Listing| !entry.excluded.contains(&listing.member.connection);
        self.audiences.targets(there.iter().filter(is_wanted).cloned().collect())
    }

    /// Whether a later element was posted to a socket that came meanwhile. The message has to wait
    /// for the next connection then, since no message may arrive after a later one.
    fn is_overtaken(&self, at: ElementRef, there: &[Listing]) -> bool {
        let last = |listing: &Listing| self.last_elements.get(&listing.member.socket);
        there.iter().any(|listing| last(listing).is_some_and(|last| *last > at))
    }

    /// Posts the values that have changed since they were shown, until no value has. Values that
    /// cannot be read, or are still changing, are left and shown again by a later invocation.
    pub(crate) async fn show_changes(&mut self, mut showings: Vec<Showing>) {
        for _ in 0..CHANGE_ROUNDS_MAX {
            if showings.is_empty() || Instant::now() >= self.deadline {
                break;
            }
            let mut round = match self.boards.changes(&showings, &self.ledger).await {
                Ok(round) => round,
                Err(err) => {
                    tracing::error!(error = %chain(&err), "retained values are shown again");
                    break;
                }
            };
            showings = std::mem::take(&mut round.showings);
            self.post(round).await;
        }
        for Showing { element, targets, .. } in showings {
            for target in targets {
                self.ledger.leave(element, target.socket);
            }
        }
    }
}
