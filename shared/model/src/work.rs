//! Work: what the records of a client cost.
//!
//! An invocation costs units. A connection pays its units at a steady pace, so
//! one point in time says all: the moment when everything that the connection
//! has done so far is paid for. The further this moment lies ahead, the deeper
//! the connection is in debt.

use std::time::Duration;

use crate::time::Timestamp;

/// The units that a connection pays in a second.
const WORK_PER_SECOND: u32 = 50;
/// The units that a connection may owe and still be answered at once.
const WORK_BURST: u32 = 500;
/// The units beyond the burst for which answers wait.
const WORK_LATE: u32 = 50;

/// How much work a connection may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// The units that a connection pays in a second; at least one.
    pub per_second: u32,
    /// The units that a connection may owe and still be answered at once.
    pub burst: u32,
    /// The units beyond the burst for which answers wait. A connection that owes more is ended.
    pub late: u32,
}

/// When the work of a connection is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// At once.
    Now,
    /// After a pause, in which the connection pays.
    After(Duration),
    /// Never: the connection is to end.
    Never,
}

/// Units that a connection is to pay for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
    /// How long the connection pays for these units.
    pub price: Duration,
    /// When the work is done.
    pub now: Timestamp,
    /// When all work was paid for, as the caller read before; a store can save a step by this.
    pub seen: Option<Timestamp>,
}

impl Charge {
    /// When all work is paid for, after work that was paid for at `paid_at`.
    pub fn onto(self, paid_at: Option<Timestamp>) -> Timestamp {
        paid_at.unwrap_or(self.now).max(self.now).plus(self.price)
    }
}

impl Allowance {
    /// What the client of one connection may do.
    pub const OF_A_CLIENT: Self =
        Self { per_second: WORK_PER_SECOND, burst: WORK_BURST, late: WORK_LATE };

    /// The charge for so many units.
    pub fn charge(self, units: u32, now: Timestamp, seen: Option<Timestamp>) -> Charge {
        Charge { price: self.time_of(units), now, seen }
    }

    /// When the work of a connection is done whose work so far is paid for at `paid_at`.
    pub fn turn(self, paid_at: Option<Timestamp>, now: Timestamp) -> Turn {
        let debt = paid_at.unwrap_or(now).since(now);
        match debt.checked_sub(self.time_of(self.burst)) {
            None | Some(Duration::ZERO) => Turn::Now,
            Some(excess) if excess <= self.time_of(self.late) => Turn::After(excess),
            Some(_) => Turn::Never,
        }
    }

    /// How long a connection pays for so many units.
    fn time_of(self, units: u32) -> Duration {
        Duration::from_secs(1).saturating_mul(units) / self.per_second.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWANCE: Allowance = Allowance { per_second: 10, burst: 20, late: 5 };
    const NOW: Timestamp = Timestamp::from_seconds(1000);

    /// The turn of a connection that does so many units at once.
    fn turn_after(units: u32) -> Turn {
        ALLOWANCE.turn(Some(ALLOWANCE.charge(units, NOW, None).onto(None)), NOW)
    }

    #[test]
    fn a_burst_is_answered_at_once_then_slowly_then_never() {
        assert_eq!(ALLOWANCE.turn(None, NOW), Turn::Now);
        assert_eq!(turn_after(20), Turn::Now);
        assert_eq!(turn_after(21), Turn::After(Duration::from_millis(100)));
        assert_eq!(turn_after(25), Turn::After(Duration::from_millis(500)));
        assert_eq!(turn_after(26), Turn::Never);
    }

    #[test]
    fn what_was_paid_before_now_is_no_credit() {
        let long_ago = Some(Timestamp::from_seconds(1));
        let charge = ALLOWANCE.charge(5, NOW, None);
        assert_eq!(charge.onto(long_ago), NOW.plus(Duration::from_millis(500)));
        assert_eq!(
            charge.onto(Some(NOW.plus(Duration::from_secs(1)))),
            NOW.plus(Duration::from_millis(1500))
        );
    }
}
