//! What each step of a line does, and when it does nothing.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::time::Duration;

use hubcast_line::{Addition, Appended, Attempt, Line, Phase, Refusal, Settled, TurnId, Utterance};
use hubcast_model::id::{ConnectionId, SocketId};
use hubcast_model::retention::QueuePosition;
use hubcast_model::time::Timestamp;

const START: Timestamp = Timestamp::from_millis(1_000_000_000);
const WINDOW: Duration = Duration::from_secs(30);
const ROOM: usize = 100;
const ME: TurnId = TurnId(1);
const OTHER: TurnId = TurnId(2);

fn after(seconds: u64) -> Timestamp {
    START.plus(Duration::from_secs(seconds))
}

fn socket(id: &str) -> SocketId {
    SocketId::parse(id).unwrap()
}

fn opening() -> Line {
    let id = SocketId::of_line(&ConnectionId::line("c").unwrap()).unwrap();
    Line::open(id, socket("s1="), START)
}

fn live() -> Line {
    let mut line = opening();
    assert!(line.note_through(&socket("s1=")) && line.note_spoken(&socket("s1=")));
    line
}

fn away() -> Line {
    let mut line = live();
    line.lose(&socket("s1="), WINDOW, START);
    line
}

fn addition(sequence: &str, record: &str) -> Addition {
    Addition {
        position: Some(QueuePosition::new("g", sequence, 0)),
        kept: None,
        record: record.to_owned(),
    }
}

fn said<'a>(calls: &'a [&'a str]) -> Utterance<'a> {
    Utterance { messages: 2, calls }
}

/// Appends a record and posts it.
fn send(line: &mut Line, sequence: &str, record: &str) {
    let appended = line.append(&[addition(sequence, record)], START, ROOM);
    assert!(matches!(appended, Appended::Through(_)), "{appended:?}");
    assert!(line.take_turn(ME, START));
    let (socket, through) = (line.socket.clone(), line.log.frame().through);
    assert_eq!(line.settle(ME, &socket, through, START), Settled::Done);
}

#[test]
fn a_line_is_live_when_the_handshake_is_through_and_the_client_spoke_in_either_order() {
    let first = socket("s1=");
    for is_spoken_first in [true, false] {
        let mut line = opening();
        for marks_spoken in [is_spoken_first, !is_spoken_first] {
            assert!(!line.is_live());
            let is_own =
                if marks_spoken { line.note_spoken(&first) } else { line.note_through(&first) };
            assert!(is_own);
        }
        assert!(line.is_live());
    }
}

#[test]
fn nothing_is_posted_before_the_client_spoke() {
    let mut line = opening();
    assert_eq!(line.append(&[addition("1", "a")], START, ROOM), Appended::Through(1));
    line.note_through(&socket("s1="));
    assert!(!line.take_turn(ME, START) && line.has_cared_for(1));
    line.note_spoken(&socket("s1="));
    assert!(line.take_turn(ME, START) && !line.has_cared_for(1));
}

#[test]
fn an_opening_line_goes_to_the_last_socket_until_one_has_shaken_hands() {
    let [first, second] = ["s1=", "s2="].map(socket);
    let mut line = opening();
    assert!(line.claim(&first, START) && line.claim(&second, START));
    assert!(!line.note_through(&first), "a socket that lost its claim shook hands");
    assert!(line.note_through(&second));
    assert!(!line.claim(&first, START));
}

#[test]
fn an_element_is_appended_once_and_in_order_with_the_others() {
    let mut line = live();
    let both = [addition("1", "a"), addition("2", "b")];
    assert_eq!(line.append(&both[..1], START, ROOM), Appended::Through(1));
    assert_eq!(line.append(&both, START, ROOM), Appended::Through(2));
    assert_eq!(line.append(&both, START, ROOM), Appended::Through(2));
    assert_eq!(line.log.records, ["a", "b"]);
}

#[test]
fn records_of_one_element_are_appended_together() {
    let mut line = live();
    let both = [addition("1", "a"), addition("1", "b")];
    assert_eq!(line.append(&both, START, ROOM), Appended::Through(2));
}

#[test]
fn posted_records_make_room_and_others_do_not() {
    let record = "x".repeat(60);
    let mut line = live();
    send(&mut line, "1", &record);
    assert_eq!(line.append(&[addition("2", &record)], START, ROOM), Appended::Through(2));
    assert_eq!(line.append(&[addition("3", &record)], START, ROOM), Appended::Full);
    // What is missing is needed when the client comes back.
    line.lose(&socket("s1="), WINDOW, START);
    assert_eq!(line.resume(&socket("s2="), START), Attempt::Refused(Refusal::Gap));
    line.ack(1, START);
    assert_eq!(line.resume(&socket("s2="), START), Attempt::Accepted);
}

#[test]
fn a_line_that_waits_drops_nothing_for_room() {
    let mut line = live();
    send(&mut line, "1", &"x".repeat(60));
    line.lose(&socket("s1="), WINDOW, START);
    assert_eq!(line.append(&[addition("2", &"x".repeat(60))], START, ROOM), Appended::Full);
    assert_eq!(line.resume(&socket("s2="), START), Attempt::Accepted);
}

#[test]
fn one_record_that_is_larger_than_the_room_passes_alone() {
    let mut line = live();
    let large = addition("1", &"x".repeat(500));
    assert_eq!(line.append(&[large, addition("2", "a")], START, ROOM), Appended::Full);
    assert_eq!(line.append(&[addition("1", &"x".repeat(500))], START, ROOM), Appended::Through(1));
}

#[test]
fn one_holder_posts_at_a_time_until_its_turn_runs_out() {
    let mut line = live();
    line.append(&[addition("1", "a")], START, ROOM);
    assert!(line.take_turn(ME, START) && !line.take_turn(OTHER, after(14)));
    assert!(line.take_turn(ME, START), "a holder renews its turn");
    assert!(line.take_turn(OTHER, after(15)) && !line.take_turn(ME, after(16)));
    assert_eq!(line.settle(ME, &socket("s1="), 1, after(16)), Settled::Lost);
    assert_eq!(line.log.sent, 0);
}

#[test]
fn a_holder_whose_record_was_joined_by_others_posts_on() {
    let mut line = live();
    line.append(&[addition("1", "a")], START, ROOM);
    assert!(line.take_turn(ME, START));
    let through = line.log.frame().through;
    line.append(&[addition("2", "b")], START, ROOM);
    assert_eq!(line.settle(ME, &socket("s1="), through, after(9)), Settled::More);
    assert!(!line.take_turn(OTHER, after(20)), "each post renews the turn");
    assert_eq!(line.settle(ME, &socket("s1="), 2, after(12)), Settled::Done);
    assert_eq!((line.turn, line.log.sent), (None, 2));
}

#[test]
fn a_turn_that_is_given_back_is_free() {
    let mut line = live();
    line.append(&[addition("1", "a")], START, ROOM);
    assert!(line.take_turn(ME, START));
    line.release(OTHER);
    assert!(!line.take_turn(OTHER, START));
    line.release(ME);
    assert!(line.take_turn(OTHER, START));
}

#[test]
fn a_client_that_comes_back_gets_what_it_has_not_acknowledged() {
    let mut line = live();
    send(&mut line, "1", "a");
    send(&mut line, "2", "b");
    line.ack(1, START);
    line.lose(&socket("s1="), WINDOW, START);
    line.append(&[addition("3", "c")], START, ROOM);
    let second = socket("s2=");
    assert_eq!(line.resume(&second, after(29)), Attempt::Accepted);
    assert!(!line.take_turn(OTHER, after(29)), "nobody posts before the client says where it is");
    assert!(line.go_on(&second, 1, ME, after(29)));
    assert_eq!(line.log.frame().body, "{\"type\":9,\"sequenceId\":2}\u{1e}bc");
}

#[test]
fn a_client_is_refused_when_it_comes_too_late_or_the_line_has_ended() {
    let second = socket("s2=");
    assert_eq!(away().resume(&second, after(30)), Attempt::Refused(Refusal::Late));
    let mut line = live();
    line.end(START);
    assert_eq!(line.resume(&second, START), Attempt::Refused(Refusal::Ended));
    assert_eq!(line.append(&[addition("1", "a")], START, ROOM), Appended::Over);
    assert_eq!(away().append(&[addition("1", "a")], after(30), ROOM), Appended::Over);
}

#[test]
fn of_two_sockets_that_come_back_the_last_one_counts() {
    let [second, third] = ["s2=", "s3="].map(socket);
    let mut line = away();
    assert_eq!(line.resume(&second, START), Attempt::Accepted);
    assert_eq!(line.resume(&second, START), Attempt::Accepted, "the answer got lost");
    assert_eq!(line.resume(&third, START), Attempt::Undecided);
    assert_eq!(line.replace(&second, &third, START), Attempt::Accepted);
    assert!(!line.go_on(&second, 1, ME, START) && line.go_on(&third, 1, OTHER, START));
}

#[test]
fn a_socket_whose_end_nobody_told_is_replaced_only_while_its_client_reads() {
    let [first, second] = ["s1=", "s2="].map(socket);
    let mut line = live();
    assert_eq!(line.resume(&second, START), Attempt::Undecided);
    send(&mut line, "1", "a");
    assert_eq!(line.clone().replace(&first, &second, after(5)), Attempt::Accepted);
    assert_eq!(line.replace(&first, &second, after(6)), Attempt::Undecided);
}

#[test]
fn the_end_of_an_old_socket_changes_nothing() {
    let [first, second] = ["s1=", "s2="].map(socket);
    let mut line = away();
    line.resume(&second, START);
    line.lose(&first, WINDOW, START);
    assert!(line.go_on(&second, 1, ME, START));
    line.lose(&first, WINDOW, START);
    assert!(line.is_live());
}

#[test]
fn a_line_that_loses_its_socket_while_it_opens_ends() {
    let mut line = opening();
    line.note_through(&socket("s1="));
    line.lose(&socket("s1="), WINDOW, START);
    assert_eq!(line.phase, Phase::Ended);
}

/// A gateway may call the end of a socket that hubcast cut the client's own.
#[test]
fn a_cut_is_remembered_until_the_client_is_back_and_not_for_long() {
    let mut line = live();
    line.note_cut(&socket("s2="), START);
    assert!(!line.is_being_cut(START), "the cut of another socket");
    line.note_cut(&socket("s1="), START);
    assert!(line.is_being_cut(after(30)) && !line.is_being_cut(after(31)));
    line.lose(&socket("s1="), WINDOW, START);
    assert_eq!(line.resume(&socket("s2="), START), Attempt::Accepted);
    assert!(!line.is_being_cut(START));
}

/// Its client read the answer to its handshake, and was cut before the handshake was noted.
#[test]
fn a_line_whose_client_goes_on_while_it_opens_ends() {
    let mut line = opening();
    assert!(line.claim(&socket("s2="), START));
    assert!(!line.go_on(&socket("s2="), 1, ME, START));
    assert_eq!(line.resume(&socket("s3="), START), Attempt::Refused(Refusal::Ended));
}

#[test]
fn an_acknowledgement_of_what_was_never_sent_does_not_count() {
    let mut line = live();
    send(&mut line, "1", "a");
    let before = line.clone();
    line.ack(2, START);
    line.ack(u64::MAX, START);
    assert_eq!(line, before);
    line.ack(1, START);
    line.ack(0, START);
    assert_eq!((line.log.acked, line.log.records.len()), (1, 0), "the older one was overtaken");
}

#[test]
fn an_invocation_is_carried_out_once_however_often_it_is_sent() {
    let [first, second] = ["s1=", "s2="].map(socket);
    let mut line = live();
    let long = "x".repeat(200);
    assert_eq!(line.hear(&first, said(&["1", &long]), START), [""; 0]);
    assert_eq!(line.hear(&first, said(&["2", &long]), START), [long.as_str()]);
    assert_eq!(line.heard, 4);
    line.lose(&first, WINDOW, START);
    line.resume(&second, START);
    // The old socket still brings what it had taken.
    assert_eq!(line.hear(&first, said(&["3"]), START), [""; 0]);
    assert!(line.go_on(&second, 5, ME, START));
    assert_eq!(line.hear(&second, said(&["3", "4"]), START), ["3"]);
    assert_eq!(line.heard, 6);
}

#[test]
fn what_a_client_says_is_counted_before_its_handshake_is_noted_as_through() {
    let [first, second] = ["s1=", "s2="].map(socket);
    let mut line = opening();
    line.note_spoken(&first);
    line.hear(&first, said(&["0"]), START);
    assert_eq!(line.heard, 2);
    let mut through = line.clone();
    assert!(through.note_through(&first) && through.is_live());
    assert_eq!(
        (through.hear(&first, said(&["0"]), START), through.heard),
        (vec!["0".to_owned()], 4)
    );
    // A socket that claims the line begins to count.
    assert!(line.claim(&second, START));
    assert_eq!(line.heard, 0);
}

#[test]
fn a_client_may_go_on_at_any_number() {
    let mut line = away();
    line.resume(&socket("s2="), START);
    assert!(line.go_on(&socket("s2="), u64::MAX, ME, START));
    line.hear(&socket("s2="), said(&[]), START);
    assert_eq!(line.heard, u64::MAX);
}

#[test]
fn a_record_lasts_for_a_day_after_its_client_came_back_last() {
    let hours = |n: u64| after(n * 3600);
    let mut line = live();
    for (hour, end) in [(2, 26), (13, 26), (14, 40)] {
        line.lose(&line.socket.clone(), WINDOW, hours(hour));
        line.resume(&socket(&format!("h{hour}=")), hours(hour));
        line.go_on(&socket(&format!("h{hour}=")), 1, ME, hours(hour));
        assert_eq!(line.expires, hours(end), "{hour}");
    }
    line.end(hours(20));
    assert_eq!(line.expires, hours(20).plus(Duration::from_mins(10)));
}

#[test]
fn what_was_left_is_forgotten_of_a_line_that_has_ended_and_of_no_other() {
    for mut line in [opening(), live(), away()] {
        let before = line.clone();
        line.forget_left(START);
        assert_eq!(line, before);
    }
}
