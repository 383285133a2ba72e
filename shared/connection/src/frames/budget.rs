//! What one instance knows of what sockets spend, in memory.
//!
//! API Gateway has no limit per connection, and a throttled route would drop
//! everybody's frames. Frames that write nothing are counted here alone. Work
//! that costs writes is counted on the socket's record too, where all instances
//! see it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hubcast_model::id::SocketId;
use hubcast_model::time::Timestamp;
use hubcast_model::work::{Allowance, Charge, Turn};

/// At this many sockets, those are forgotten of which nothing counts any more.
const SOCKETS_MAX: usize = 10_000;
/// Units that wait for a write that is made anyway. With so many a write is made for them.
const OWED_MAX: u32 = 8;
/// After an answer that was a ping, the socket's pings get no other answer for so long. A client
/// that answers each ping by a ping would never stop.
const PING_PAUSE: Duration = Duration::from_millis(250);
/// For how long an ended socket is remembered.
const ENDED_KEPT: Duration = Duration::from_mins(1);

/// What sockets may spend and have spent.
#[derive(Debug)]
pub(super) struct Budget {
    pub(super) allowance: Allowance,
    purses: Mutex<HashMap<SocketId, Purse>>,
}

/// What is known of one socket.
#[derive(Debug, Clone, Copy, Default)]
struct Purse {
    /// When all that the socket did on this instance is paid for.
    paid_at: Option<Timestamp>,
    /// When all work is paid for, as the socket's record said last.
    seen: Option<Timestamp>,
    /// Units that are not on the record yet.
    owed: u32,
    /// When the socket was sent a ping.
    pinged_at: Option<Timestamp>,
    /// Whether the socket is past its handshake, for certain.
    is_through: bool,
    /// When the socket's Close reaches its client, if the socket was ended here.
    told_at: Option<Timestamp>,
    /// Until when a fresh token lets the session go on, as the socket's record said last.
    renewed_until: Option<Timestamp>,
    /// The number of the last call that was answered or handed up here.
    last_call: Option<u64>,
}

impl Purse {
    /// Whether something of this still counts at `now`.
    fn counts(&self, now: Timestamp) -> bool {
        let last = [self.paid_at, self.seen, self.pinged_at.map(|at| at.plus(PING_PAUSE))];
        let ended = self.told_at.map(|at| at.plus(ENDED_KEPT));
        last.into_iter().chain([ended]).flatten().max().is_some_and(|until| until > now)
    }
}

impl Budget {
    pub(super) fn new(allowance: Allowance) -> Self {
        Self { allowance, purses: Mutex::default() }
    }

    /// Spends units. Answers when the work that they stand for is done.
    pub(super) fn spend(&self, socket: &SocketId, units: u32, now: Timestamp) -> Turn {
        let charge = self.allowance.charge(units, now, None);
        let paid_at = self.with(socket, now, |purse| {
            purse.paid_at = Some(charge.onto(purse.paid_at));
            purse.paid_at
        });
        self.allowance.turn(paid_at, now)
    }

    /// Notes units that belong on the socket's record. Answers the charge for all that are not
    /// there yet, once they are many.
    pub(super) fn owe(&self, socket: &SocketId, units: u32, now: Timestamp) -> Option<Charge> {
        self.with(socket, now, |purse| {
            purse.owed = purse.owed.saturating_add(units);
            (purse.owed >= OWED_MAX)
                .then(|| self.allowance.charge(std::mem::take(&mut purse.owed), now, purse.seen))
        })
    }

    /// Notes when all work is paid for, as the socket's record says.
    pub(super) fn see(&self, socket: &SocketId, paid_at: Option<Timestamp>, now: Timestamp) {
        self.with(socket, now, |purse| purse.seen = paid_at);
    }

    /// Whether a ping may be sent to a socket as an answer to a ping.
    pub(super) fn may_ping(&self, socket: &SocketId, now: Timestamp) -> bool {
        self.with(socket, now, |purse| purse.pinged_at.is_none_or(|at| now.since(at) >= PING_PAUSE))
    }

    /// Notes that a socket is sent a ping.
    pub(super) fn note_ping(&self, socket: &SocketId, now: Timestamp) {
        self.with(socket, now, |purse| purse.pinged_at = Some(now));
    }

    /// Notes that a socket is past its handshake.
    pub(super) fn note_through(&self, socket: &SocketId, now: Timestamp) {
        self.with(socket, now, |purse| purse.is_through = true);
    }

    /// Whether a socket is known to be past its handshake.
    pub(super) fn is_through(&self, socket: &SocketId) -> bool {
        let purses = self.purses.lock().unwrap_or_else(PoisonError::into_inner);
        purses.get(socket).is_some_and(|purse| purse.is_through)
    }

    /// Notes that a socket is being ended, by a Close that reaches its client by `told_by`.
    pub(super) fn end(&self, socket: &SocketId, told_by: Timestamp, now: Timestamp) {
        self.with(socket, now, |purse| {
            purse.told_at.get_or_insert(told_by);
        });
    }

    /// Notes when the Close of an ended socket reaches its client, as the socket's record says.
    pub(super) fn told(&self, socket: &SocketId, told_at: Timestamp, now: Timestamp) {
        self.with(socket, now, |purse| purse.told_at = Some(told_at));
    }

    /// When the Close of a socket reaches its client, if the socket was ended here.
    pub(super) fn ended(&self, socket: &SocketId) -> Option<Timestamp> {
        let purses = self.purses.lock().unwrap_or_else(PoisonError::into_inner);
        purses.get(socket).and_then(|purse| purse.told_at)
    }

    /// Notes the number of a call that was answered or handed up here.
    pub(super) fn note_call(&self, socket: &SocketId, number: u64, now: Timestamp) {
        self.with(socket, now, |purse| purse.last_call = purse.last_call.max(Some(number)));
    }

    /// The highest number of the calls that were answered or handed up here.
    pub(super) fn last_call(&self, socket: &SocketId) -> Option<u64> {
        let purses = self.purses.lock().unwrap_or_else(PoisonError::into_inner);
        purses.get(socket).and_then(|purse| purse.last_call)
    }

    /// Notes until when a fresh token lets a session go on.
    pub(super) fn note_renewed(&self, socket: &SocketId, until: Timestamp, now: Timestamp) {
        self.with(socket, now, |purse| purse.renewed_until = Some(until));
    }

    /// Whether a fresh token is known to let a session go on.
    pub(super) fn is_renewed(&self, socket: &SocketId, now: Timestamp) -> bool {
        let purses = self.purses.lock().unwrap_or_else(PoisonError::into_inner);
        let until = purses.get(socket).and_then(|purse| purse.renewed_until);
        until.is_some_and(|until| now < until)
    }

    fn with<T>(
        &self,
        socket: &SocketId,
        now: Timestamp,
        change: impl FnOnce(&mut Purse) -> T,
    ) -> T {
        let mut purses = self.purses.lock().unwrap_or_else(PoisonError::into_inner);
        if purses.len() >= SOCKETS_MAX && !purses.contains_key(socket) {
            purses.retain(|_, purse| purse.counts(now));
        }
        change(purses.entry(socket.clone()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget() -> Budget {
        Budget::new(Allowance { per_second: 10, burst: 2, late: 1 })
    }

    fn socket(id: &str) -> SocketId {
        SocketId::parse(id).unwrap()
    }

    const START: Timestamp = Timestamp::from_seconds(1);

    #[test]
    fn each_socket_has_a_budget_of_its_own_and_pays_in_time() {
        let (budget, one, other) = (budget(), socket("a="), socket("b="));
        assert_eq!(budget.spend(&one, 2, START), Turn::Now);
        assert_eq!(budget.spend(&one, 1, START), Turn::After(Duration::from_millis(100)));
        assert_eq!(budget.spend(&one, 1, START), Turn::Never);
        assert_eq!(budget.spend(&other, 2, START), Turn::Now);
        assert_eq!(budget.spend(&one, 1, START.plus(Duration::from_secs(1))), Turn::Now);
    }

    #[test]
    fn few_units_wait_for_others_and_many_are_charged_together() {
        let (budget, one) = (budget(), socket("a="));
        assert_eq!(budget.owe(&one, OWED_MAX - 1, START), None);
        let charge = budget.owe(&one, 1, START).unwrap();
        assert_eq!(charge.price, Duration::from_millis(800));
        assert_eq!(budget.owe(&one, 1, START), None);
    }

    #[test]
    fn a_ping_is_followed_by_no_other_within_a_second() {
        let (budget, one) = (budget(), socket("a="));
        assert!(budget.may_ping(&one, START));
        budget.note_ping(&one, START);
        assert!(!budget.may_ping(&one, START.plus(Duration::from_millis(249))));
        assert!(budget.may_ping(&one, START.plus(PING_PAUSE)));
        assert!(budget.may_ping(&socket("b="), START));
    }

    #[test]
    fn the_first_end_of_a_socket_counts_until_its_record_says_more() {
        let (budget, one) = (budget(), socket("a="));
        assert_eq!(budget.ended(&one), None);
        budget.end(&one, START.plus(PING_PAUSE), START);
        budget.end(&one, START.plus(PING_PAUSE * 2), START);
        assert_eq!(budget.ended(&one), Some(START.plus(PING_PAUSE)));
        budget.told(&one, START, START);
        assert_eq!(budget.ended(&one), Some(START));
    }

    #[test]
    fn a_socket_past_its_handshake_stays_there() {
        let (budget, one) = (budget(), socket("a="));
        budget.note_ping(&one, START);
        assert!(!budget.is_through(&one));
        budget.note_through(&one, START);
        assert!(budget.is_through(&one) && !budget.is_through(&socket("b=")));
    }

    #[test]
    fn sockets_are_forgotten_once_nothing_of_them_counts() {
        let budget = budget();
        budget.end(&socket("ended="), START, START);
        for n in 0..SOCKETS_MAX {
            budget.spend(&socket(&format!("s{n}=")), 1, START);
        }
        let later = START.plus(Duration::from_secs(1));
        budget.spend(&socket("new="), 1, later);
        let purses = budget.purses.lock().unwrap();
        assert_eq!(purses.len(), 2);
        assert!(purses.contains_key(&socket("ended=")));
    }
}
