//! The ledger: what became of each element of a batch.
//!
//! Nothing is taken back. Whoever does something about an element adds a line
//! to its account, and the outcomes of a round are folded in once, after the
//! round. All that is decided afterwards follows from the ledger.

use std::collections::{BTreeMap, BTreeSet};

use crate::account::{Account, Entry};
use crate::batch::{Batch, Element, Message, Task};
use crate::outcome::{Fate, FrameOutcome, Outcome, Stop};
use crate::round::{ElementRef, Round};
use crate::tally::Tally;
use hubcast_model::id::SocketId;

/// Why a message has to come again, besides what became of its elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    /// What earlier invocations did is not known, so nothing may be done now.
    Unread,
    /// There was no time to begin the message.
    NoTime,
    /// An earlier message of its group is held.
    Behind,
    /// The dead-letter queue did not take a letter of the message.
    Letter,
}

/// What became of one message.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    /// Why the message has to come again, in the order in which that was found.
    holds: Vec<Hold>,
    /// One account for each element, in order.
    pub(crate) accounts: Vec<Account>,
}

impl Sheet {
    fn of(message: &Message) -> Self {
        let account = |element: &Element| {
            let mut account = Account::blank();
            if let Task::Reject(rejection) = &element.task {
                account.append(Entry::Rejected(rejection.clone()));
            }
            account
        };
        Self { holds: Vec::new(), accounts: message.elements.iter().map(account).collect() }
    }

    /// Whether the message has to come again, as far as is known by now.
    pub(crate) fn is_held(&self) -> bool {
        !self.holds.is_empty() || self.accounts.iter().any(Account::has_failed)
    }

    /// The first reason why the message has to come again, besides its elements.
    pub(crate) fn hold(&self) -> Option<Hold> {
        self.holds.first().copied()
    }

    /// Whether it is unknown what earlier invocations did.
    pub(crate) fn is_unread(&self) -> bool {
        self.holds.contains(&Hold::Unread)
    }
}

/// What became of each element, each message and each socket of one invocation.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// How many sockets the last try reached with an element that has sockets left.
    pub(crate) reached_before: usize,
    /// One sheet for each message, in order.
    pub(crate) sheets: Vec<Sheet>,
    /// The sockets that did not get everything, each with its newest reason.
    stops: BTreeMap<SocketId, Stop>,
    /// What all rounds did, in numbers.
    tally: Tally,
}

impl Ledger {
    /// Opens the ledger of a batch.
    pub(crate) fn open(batch: &Batch) -> Self {
        Self {
            reached_before: batch.reached_before(),
            sheets: batch.messages.iter().map(Sheet::of).collect(),
            ..Self::default()
        }
    }

    /// Opens the ledger of a single unit.
    pub(crate) fn of_one(reached_before: usize) -> Self {
        let sheet = Sheet { holds: Vec::new(), accounts: vec![Account::blank()] };
        Self { reached_before, sheets: vec![sheet], ..Self::default() }
    }

    /// Adds a line to an element's account.
    pub(crate) fn append(&mut self, at: ElementRef, entry: Entry) {
        if let Some(account) = self.account_mut(at) {
            account.append(entry);
        }
    }

    /// Notes that a message has to come again.
    pub(crate) fn hold(&mut self, message: usize, hold: Hold) {
        if let Some(sheet) = self.sheets.get_mut(message) {
            sheet.holds.push(hold);
        }
    }

    /// Notes that a socket still has to get an element.
    pub(crate) fn leave(&mut self, at: ElementRef, socket: SocketId) {
        if let Some(account) = self.account_mut(at) {
            account.deliveries.left.push(socket);
        }
    }

    /// Folds the outcomes of a round in.
    pub(crate) fn fold(&mut self, round: &Round, outcomes: &[Outcome]) {
        let mut tried_in_vain = BTreeSet::new();
        for outcome in outcomes {
            for frame in &outcome.frames {
                self.count(frame);
                for at in &frame.parcels {
                    let Some(parcel) = round.parcel(*at) else {
                        continue;
                    };
                    let is_replayed = parcel.is_replay && frame.fate == Fate::Delivered;
                    self.tally.replayed += usize::from(is_replayed);
                    self.enter(parcel.element, frame, outcome);
                    if frame.fate == Fate::Left && outcome.stop == Some(Stop::Failed) {
                        tried_in_vain.insert(parcel.element);
                    }
                }
            }
            self.note_stop(outcome);
        }
        for at in tried_in_vain {
            if let Some(account) = self.account_mut(at) {
                account.deliveries.vain_rounds += 1;
            }
        }
    }

    fn count(&mut self, frame: &FrameOutcome) {
        let tally = &mut self.tally;
        match frame.fate {
            Fate::Delivered => {
                tally.posts += 1;
                tally.delivered += frame.parcels.len();
            }
            Fate::Refused | Fate::Forbidden => tally.refused += frame.parcels.len(),
            Fate::Left => {}
        }
        tally.throttled += frame.throttled;
        tally.ambiguous += frame.ambiguous;
    }

    fn enter(&mut self, at: ElementRef, frame: &FrameOutcome, outcome: &Outcome) {
        let Some(account) = self.account_mut(at) else {
            return;
        };
        let deliveries = &mut account.deliveries;
        deliveries.ambiguous += frame.ambiguous;
        match (frame.fate, outcome.stop) {
            (Fate::Delivered, _) => deliveries.reached += 1,
            (Fate::Refused | Fate::Forbidden, _) => deliveries.refused += 1,
            (Fate::Left, Some(Stop::Gone | Stop::OffRecord)) => deliveries.gone += 1,
            (Fate::Left, Some(Stop::Stalled)) => deliveries.stalled += 1,
            (Fate::Left, Some(Stop::Joining)) => {
                deliveries.joining += 1;
                deliveries.left.push(outcome.socket.clone());
            }
            (Fate::Left, _) => deliveries.left.push(outcome.socket.clone()),
        }
    }

    fn note_stop(&mut self, outcome: &Outcome) {
        if let Some(stop) = outcome.stop {
            self.tally.gone += usize::from(matches!(stop, Stop::Gone | Stop::OffRecord));
            self.tally.stalled += usize::from(stop == Stop::Stalled);
            self.stops.insert(outcome.socket.clone(), stop);
        }
    }

    /// The account of an element; a blank one for an element that the ledger does not know.
    pub(crate) fn account(&self, at: ElementRef) -> &Account {
        static BLANK: Account = Account::blank();
        let sheet = self.sheets.get(at.message);
        sheet.and_then(|sheet| sheet.accounts.get(at.element)).unwrap_or(&BLANK)
    }

    fn account_mut(&mut self, at: ElementRef) -> Option<&mut Account> {
        self.sheets.get_mut(at.message)?.accounts.get_mut(at.element)
    }

    /// Whether a message has to come again, as far as is known by now.
    pub(crate) fn is_held(&self, message: usize) -> bool {
        self.sheets.get(message).is_some_and(Sheet::is_held)
    }

    /// Whether an element goes to sockets that an earlier invocation left.
    pub(crate) fn is_resumed(&self, at: ElementRef) -> bool {
        self.account(at).is_resumed()
    }

    /// Whether a socket did not get everything.
    pub(crate) fn is_stopped(&self, socket: &SocketId) -> bool {
        self.stops.contains_key(socket)
    }

    /// Whether a socket is gone, or was sent to connect anew.
    pub(crate) fn is_ended(&self, socket: &SocketId) -> bool {
        self.stops.get(socket).is_some_and(|stop| !stop.is_open())
    }

    /// What all rounds did, in numbers.
    pub(crate) const fn tally(&self) -> Tally {
        self.tally
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::round::{Parcel, Target};
    use bytes::Bytes;

    const FIRST: ElementRef = ElementRef { message: 0, element: 0 };

    fn socket(id: &str) -> SocketId {
        SocketId::parse(id).unwrap()
    }

    /// One frame with the only record of a round, for one socket.
    fn outcome(id: &str, fate: Fate, stop: Option<Stop>) -> Outcome {
        let frame = FrameOutcome { parcels: vec![0], fate, throttled: 0, ambiguous: 1 };
        Outcome { socket: socket(id), frames: vec![frame], stop }
    }

    fn folded(outcomes: &[Outcome]) -> Ledger {
        let sockets: Vec<SocketId> = outcomes.iter().map(|one| one.socket.clone()).collect();
        let parcel = Parcel::plain(FIRST, Bytes::from("a"));
        let mut ledger = Ledger::of_one(0);
        ledger.append(FIRST, Entry::Begun);
        ledger.fold(&Round::of(parcel, Target::unkeyed(&sockets)), outcomes);
        ledger
    }

    #[test]
    fn an_account_knows_what_each_socket_did() {
        let ledger = folded(&[
            outcome("s1", Fate::Delivered, None),
            outcome("s2", Fate::Refused, None),
            outcome("s3", Fate::Left, Some(Stop::Gone)),
            outcome("s4", Fate::Left, Some(Stop::Stalled)),
            outcome("s5", Fate::Left, Some(Stop::Failed)),
            outcome("s6", Fate::Left, Some(Stop::Untried)),
        ]);
        let deliveries = &ledger.account(FIRST).deliveries;
        assert_eq!((deliveries.reached, deliveries.refused), (1, 1));
        assert_eq!((deliveries.gone, deliveries.stalled), (1, 1));
        assert_eq!(deliveries.left, [socket("s5"), socket("s6")]);
        assert_eq!((deliveries.ambiguous, deliveries.vain_rounds), (6, 1));
        assert!(ledger.is_ended(&socket("s4")) && !ledger.is_ended(&socket("s5")));
        assert!(ledger.is_stopped(&socket("s6")) && !ledger.is_stopped(&socket("s1")));
        let tally = ledger.tally();
        assert_eq!((tally.posts, tally.delivered, tally.refused), (1, 1, 1));
        assert_eq!((tally.gone, tally.stalled, tally.ambiguous), (1, 1, 6));
    }

    #[test]
    fn a_message_is_lost_when_nobody_got_it_and_nobody_will() {
        let lost = |outcomes: &[Outcome]| folded(outcomes).account(FIRST).deliveries.is_lost();
        let gone = || outcome("s1", Fate::Left, Some(Stop::Gone));
        assert!(lost(&[gone()]));
        assert!(!lost(&[gone(), outcome("s2", Fate::Delivered, None)]));
        assert!(!lost(&[gone(), outcome("s2", Fate::Left, Some(Stop::Failed))]));
        assert!(!lost(&[]), "nobody was there");
    }

    #[test]
    fn a_message_is_held_by_a_reason_of_its_own_or_by_a_failure() {
        let mut ledger = Ledger::of_one(0);
        assert!(!ledger.is_held(0));
        ledger.append(FIRST, Entry::Failed);
        assert!(ledger.is_held(0));
        let mut ledger = Ledger::of_one(0);
        ledger.hold(0, Hold::NoTime);
        assert!(ledger.is_held(0));
    }

    #[test]
    fn what_the_ledger_does_not_know_is_blank() {
        let unknown = ElementRef { message: 7, element: 0 };
        let mut ledger = Ledger::of_one(0);
        ledger.append(unknown, Entry::Begun);
        assert_eq!(ledger.account(unknown).last(), None);
        assert_eq!(ledger.account(FIRST).last(), None);
    }
}
