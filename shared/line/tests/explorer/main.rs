//! Every order of the steps of a line: publishers, sockets that are cut, a client that comes back,
//! functions that die, answers that get lost, a log-out, a timer.
//!
//! The steps are those of the crate; everything around them is a model. A state
//! is everything that the next step may depend on. All states that can be
//! reached with so many mishaps are visited, and each is held against what a
//! line promises: nothing is lost, doubled or out of order, and nobody is stuck.
//!
//! `HUBCAST_EXPLORE` set to anything explores more mishaps at once, for minutes.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends at the first surprise"
)]

mod client;
mod explore;
mod functions;
mod gateway;
mod page;
mod process;
mod world;

use explore::{Found, explore};
use world::{Mishaps, Rules, World};

const SOUND: Rules = Rules {
    has_turns: true,
    has_sequences: true,
    refuses: true,
    ends_first: true,
    waits_for_speech: true,
};

fn run(publishers: usize, mishaps: Mishaps) -> Found {
    explore(World::new(publishers, mishaps, SOUND))
}

#[test]
fn nothing_is_lost_doubled_or_stuck_in_any_order() {
    let none = Mishaps::default();
    for (publishers, mishaps) in [
        (3, none),
        (2, Mishaps { cuts: 1, ..none }),
        (1, Mishaps { cuts: 2, ..none }),
        (2, Mishaps { crashes: 1, ..none }),
        (1, Mishaps { cuts: 1, crashes: 1, ..none }),
        (2, Mishaps { lost_posts: 1, ..none }),
        (1, Mishaps { cuts: 1, lost_posts: 1, ..none }),
        (1, Mishaps { crashes: 1, lost_posts: 2, ..none }),
        (2, Mishaps { lost_posts: 2, ..none }),
        (1, Mishaps { cuts: 1, lost_writes: 1, ..none }),
        (2, Mishaps { lost_writes: 1, ..none }),
        (1, Mishaps { half_open: 1, ..none }),
        (1, Mishaps { cuts: 1, untold: 1, ..none }),
        (1, Mishaps { cuts: 1, ends: 1, ..none }),
        (1, Mishaps { cuts: 1, alarms: 1, ..none }),
        (1, Mishaps { cuts: 1, late_acks: 1, ..none }),
        (1, Mishaps { cuts: 1, dead_frames: 1, alarms: 1, ..none }),
    ] {
        let found = run(publishers, mishaps);
        println!("{publishers} publishers, {mishaps:?}: {found:?}");
        assert!(found.states > 50, "{found:?}");
        assert_eq!(found.stopped, 0, "a client stopped itself: {found:?}");
    }
}

/// The handshake, the first frame and publishers in any order.
#[test]
fn nothing_is_lost_doubled_or_stuck_while_a_line_opens() {
    let none = Mishaps::default();
    for (publishers, mishaps) in [
        (2, none),
        (1, Mishaps { cuts: 1, ..none }),
        (1, Mishaps { cuts: 1, untold: 1, ..none }),
        (2, Mishaps { lost_writes: 1, ..none }),
        (1, Mishaps { dead_frames: 1, alarms: 1, ..none }),
        (1, Mishaps { cuts: 1, ends: 1, ..none }),
    ] {
        let found = explore(World::opening(publishers, mishaps, SOUND));
        println!("{publishers} publishers of a line that opens, {mishaps:?}: {found:?}");
        assert!(found.states > 50, "{found:?}");
        assert_eq!(found.stopped, 0, "a client stopped itself: {found:?}");
    }
}

#[test]
fn more_mishaps_at_once_change_nothing() {
    #[expect(clippy::disallowed_methods, reason = "how long to test is no configuration")]
    let is_asked_for = std::env::var("HUBCAST_EXPLORE").is_ok();
    let none = Mishaps::default();
    let mut cases = vec![(2, Mishaps { cuts: 1, crashes: 1, lost_posts: 1, ..none })];
    if is_asked_for {
        cases = vec![
            (2, Mishaps { cuts: 2, crashes: 1, lost_posts: 1, ..none }),
            (3, Mishaps { cuts: 1, crashes: 1, ..none }),
            (1, Mishaps { cuts: 1, lost_writes: 2, ends: 1, ..none }),
            (1, Mishaps { cuts: 1, half_open: 1, untold: 1, lost_posts: 1, ..none }),
        ];
    }
    for (publishers, mishaps) in cases {
        let found = run(publishers, mishaps);
        println!("{publishers} publishers, {mishaps:?}: {found:?}");
        assert_eq!(found.stopped, 0, "a client stopped itself: {found:?}");
    }
}

/// Frames that arrive late, and holders that stall beyond their turn: the client finds a gap and
/// stops itself at worst.
#[test]
fn late_frames_and_stalled_holders_lose_and_double_nothing() {
    let none = Mishaps::default();
    let late = run(1, Mishaps { lost_posts: 1, late_posts: 1, cuts: 1, ..none });
    let stalled = run(2, Mishaps { stalls: 1, cuts: 1, ..none });
    assert!(late.states > 100 && stalled.states > 100, "{late:?} {stalled:?}");
}

#[test]
#[should_panic(expected = "stopped itself")]
fn without_turns_there_are_gaps() {
    let world = World::new(3, Mishaps::default(), Rules { has_turns: false, ..SOUND });
    let found = explore(world);
    assert_eq!(found.stopped, 0, "a client stopped itself");
}

#[test]
#[should_panic(expected = "out of order")]
fn without_sequences_a_repeated_post_is_read_twice() {
    let mishaps = Mishaps { lost_posts: 1, ..Mishaps::default() };
    explore(World::new(1, mishaps, Rules { has_sequences: false, ..SOUND }));
}

/// A client that has given its connection up keeps a socket that is accepted all the same.
#[test]
#[should_panic(expected = "an unused socket")]
fn without_refusals_a_client_that_was_sent_away_holds_a_socket() {
    let mishaps = Mishaps { ends: 1, ..Mishaps::default() };
    explore(World::new(1, mishaps, Rules { refuses: false, ..SOUND }));
}

/// A client that reads of its end tries to come back at once.
#[test]
#[should_panic(expected = "an unused socket")]
fn a_client_that_is_told_before_the_end_is_written_holds_a_socket() {
    let mishaps = Mishaps { ends: 1, ..Mishaps::default() };
    explore(World::new(1, mishaps, Rules { ends_first: false, ..SOUND }));
}

#[test]
#[should_panic(expected = "too early")]
fn what_is_posted_before_the_client_spoke_is_not_counted() {
    let rules = Rules { waits_for_speech: false, ..SOUND };
    explore(World::opening(1, Mishaps::default(), rules));
}
