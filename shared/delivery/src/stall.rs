//! Which sockets stall: they keep failing while others do not.

use crate::ledger::Ledger;
use crate::outcome::{Fate, Outcome, Stop, few_of};
use crate::round::Round;

/// Marks the sockets as stalled that failed for the second time, for elements that were posted
/// before, while others do not fail: one slow socket never holds a group.
///
/// `is_lively` says whether posts succeeded a moment ago.
pub(crate) fn mark_stalled(
    round: &Round,
    outcomes: &mut [Outcome],
    ledger: &Ledger,
    is_lively: bool,
) {
    if !do_others_succeed(outcomes, ledger.reached_before, is_lively) {
        return;
    }
    for outcome in outcomes.iter_mut().filter(|outcome| outcome.stop == Some(Stop::Failed)) {
        let was_posted_before =
            |at: usize| round.parcel(at).is_some_and(|parcel| ledger.is_resumed(parcel.element));
        if outcome.parcels(Fate::Left).any(was_posted_before) {
            outcome.stop = Some(Stop::Stalled);
        }
    }
}

/// Whether few sockets fail, and others do not: then it is not the gateway that fails.
fn do_others_succeed(outcomes: &[Outcome], reached_before: usize, is_lively: bool) -> bool {
    let is_failure = |outcome: &&Outcome| outcome.is_open() && outcome.stop != Some(Stop::Joining);
    let failed = outcomes.iter().filter(is_failure).count();
    let succeeded = outcomes.iter().filter(|outcome| outcome.has_taken()).count();
    let is_evident = reached_before > 0 || is_lively;
    is_evident && failed <= few_of(succeeded.max(reached_before))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Entry;
    use crate::outcome::FrameOutcome;
    use crate::round::{ElementRef, Parcel, Target};
    use bytes::Bytes;
    use hubcast_model::id::SocketId;

    const AT: ElementRef = ElementRef { message: 0, element: 0 };

    fn outcome(id: &str, stop: Option<Stop>) -> Outcome {
        let fate = if stop.is_some() { Fate::Left } else { Fate::Delivered };
        let frame = FrameOutcome { parcels: vec![0], fate, throttled: 0, ambiguous: 0 };
        Outcome { socket: SocketId::parse(id).unwrap(), frames: vec![frame], stop }
    }

    /// How two sockets end of which one failed, by the line in the ledger.
    fn ends(entry: Entry, is_lively: bool) -> Vec<Option<Stop>> {
        let sockets = [SocketId::parse("s1").unwrap(), SocketId::parse("s2").unwrap()];
        let parcel = Parcel::plain(AT, Bytes::from("a"));
        let round = Round::of(parcel, Target::unkeyed(&sockets));
        let mut ledger = Ledger::of_one(0);
        ledger.append(AT, entry);
        let mut outcomes = [outcome("s1", None), outcome("s2", Some(Stop::Failed))];
        mark_stalled(&round, &mut outcomes, &ledger, is_lively);
        outcomes.iter().map(|outcome| outcome.stop).collect()
    }

    #[test]
    fn a_socket_stalls_that_fails_again_while_others_do_not() {
        assert_eq!(ends(Entry::Resumed, true), [None, Some(Stop::Stalled)]);
    }

    #[test]
    fn nobody_stalls_at_the_first_try_or_when_nothing_shows_that_the_gateway_works() {
        assert_eq!(ends(Entry::Begun, true), [None, Some(Stop::Failed)]);
        assert_eq!(ends(Entry::Resumed, false), [None, Some(Stop::Failed)]);
    }
}
