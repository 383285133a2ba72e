//! When a unit that could not be finished is given up.

use std::time::Duration;

use hubcast_model::envelope::RejectReason;
use hubcast_model::ports::Progress;

/// So many tries in a row that bring a unit no further are enough.
const FRUITLESS_MAX: u32 = 5;

/// Why a unit of this age is given up; `None` while it is tried on.
pub(crate) fn given_up(
    progress: &Progress,
    age: Duration,
    age_max: Duration,
) -> Option<RejectReason> {
    if progress.fruitless >= FRUITLESS_MAX {
        return Some(RejectReason::NoProgress);
    }
    (age > age_max).then_some(RejectReason::TooOld)
}

/// The same in a sentence, for people.
pub(crate) fn detail_of(reason: RejectReason, progress: &Progress) -> String {
    let left = progress.left.len();
    match reason {
        RejectReason::TooOld => format!(
            "it could not be delivered in time; {left} sockets found so far did not get it; redrive it to go on"
        ),
        _ => format!(
            "{FRUITLESS_MAX} tries in a row brought it no further; {left} sockets did not get it; redrive it to go on"
        ),
    }
}
