//! The rules of the records of lines.

use std::time::Duration;

use hubcast_line::{
    Addition, Appended, Line, LineStore, Phase, TurnId, Utterance, WriterId, change,
};
use hubcast_model::id::{ConnectionId, SocketId};
use hubcast_model::retention::{Kept, QueuePosition};

use crate::clock::START;
use crate::name;

/// Runs every rule.
pub async fn all(store: &impl LineStore) {
    // A line is large, and callers of this are not to be as large.
    Box::pin(every_rule(store)).await;
}

async fn every_rule(store: &impl LineStore) {
    a_line_reads_back_as_it_was_written(store).await;
    every_phase_reads_back(store).await;
    what_is_kept_reads_back(store).await;
    an_unknown_line_is_none(store).await;
    a_line_is_created_once(store).await;
    a_write_counts_only_on_top_of_what_it_read(store).await;
    steps_at_once_are_all_taken(store).await;
    a_full_line_is_kept(store).await;
    a_line_full_of_small_kept_records_is_kept(store).await;
}

fn line(id: &str) -> Line {
    let connection = ConnectionId::line(id).expect("an id");
    let line = SocketId::of_line(&connection).expect("the id of a line");
    Line::open(line, name::socket(&format!("{id}=")), START)
}

async fn created(store: &impl LineStore, line: Line) -> Line {
    assert!(store.create_line(&line).await.expect("an answer"));
    line
}

async fn read(store: &impl LineStore, id: &SocketId) -> Line {
    store.line(id).await.expect("an answer").expect("a line")
}

fn addition(group: &str, sequence: &str, record: &str) -> Addition {
    let position = Some(QueuePosition::new(group, sequence, 3));
    Addition { position, kept: None, record: record.to_owned() }
}

/// A line of which everything has been used.
fn used(id: &str) -> Line {
    let (mut line, socket) = (line(id), name::socket(&format!("{id}=")));
    assert!(line.note_through(&socket) && line.note_spoken(&socket));
    let additions = [
        addition("g", "18849496460467696128", "{\"a\":\"ä\"}\u{1e}"),
        addition("h", "7", "b\u{1e}"),
    ];
    line.append(&additions, START, 1000);
    assert!(line.take_turn(TurnId(u64::MAX), START));
    line.settle(TurnId(u64::MAX), &socket, 1, START);
    let calls = ["0", "7", "8", "", "a-rather-long-invocation-id"];
    line.hear(&socket, Utterance { messages: 5, calls: &calls }, START);
    line.writers = [0, 7, u32::MAX].map(WriterId).into();
    line.append(&[addition("g", "18849496460467696129", "c\u{1e}")], START, 1000);
    line.ack(1, START);
    line.note_cut(&socket, START);
    line
}

/// With everything that its sockets must agree on.
pub async fn a_line_reads_back_as_it_was_written(store: &impl LineStore) {
    for line in [line("line-new"), used("line-used")] {
        let line = created(store, line).await;
        assert_eq!(read(store, &line.id).await, line);
    }
}

/// What goes to inboxes, before and after the end.
pub async fn what_is_kept_reads_back(store: &impl LineStore) {
    for user in ["alice", "ä b c", "7 x"] {
        let kept = Kept {
            hub: name::hub("notifications"),
            user: name::user(user),
            position: QueuePosition::new("a group # with spaces", "18849496460467696128", 3),
            until: START.plus(Duration::from_hours(1)),
        };
        let mut line = used(&format!("line-kept-{}", user.len()));
        let addition = Addition { kept: Some(kept), ..addition("k", "9", "kept\u{1e}") };
        line.append(&[addition], START, 1000);
        let line = created(store, line).await;
        assert_eq!(read(store, &line.id).await, line);
        let ended = change(store, &line.id, |line| line.end(START)).await;
        assert!(ended.expect("an answer").is_some());
        let left = read(store, &line.id).await.left;
        assert_eq!(left.len(), 1, "{left:?}");
        assert_eq!(left[0].record, "kept\u{1e}");
        assert_eq!(Some(&left[0].keeping), line.log.keeping.values().next());
    }
}

/// From the first to the last.
pub async fn every_phase_reads_back(store: &impl LineStore) {
    let until = START.plus(Duration::from_millis(1234));
    let opening = |is_through, has_spoken| Phase::Opening { until, is_through, has_spoken };
    let mut line = created(store, line("line-phases")).await;
    for phase in [
        opening(true, false),
        opening(false, true),
        Phase::Live,
        Phase::Away { until },
        Phase::Resuming { until },
        Phase::Ended,
    ] {
        let before = line.revision;
        line = Line { phase, revision: before + 1, ..line };
        assert!(store.replace_line(&line, before).await.expect("an answer"));
        assert_eq!(read(store, &line.id).await, line);
    }
}

/// Nothing is made up.
pub async fn an_unknown_line_is_none(store: &impl LineStore) {
    let line = line("line-unknown");
    assert_eq!(store.line(&line.id).await.expect("an answer"), None);
    assert!(!store.replace_line(&line, line.revision).await.expect("an answer"));
    assert_eq!(store.line(&line.id).await.expect("an answer"), None, "a write made one");
}

/// A second socket finds the line of the first.
pub async fn a_line_is_created_once(store: &impl LineStore) {
    let line = created(store, line("line-once")).await;
    let other = Line { socket: name::socket("other="), ..line.clone() };
    assert!(!store.create_line(&other).await.expect("an answer"));
    assert_eq!(read(store, &line.id).await, line);
}

/// Of two that read the same, one writes.
pub async fn a_write_counts_only_on_top_of_what_it_read(store: &impl LineStore) {
    let line = created(store, used("line-revisions")).await;
    let [one, other] =
        [5, 6].map(|heard| Line { heard, revision: line.revision + 1, ..line.clone() });
    let (first, second) = tokio::join!(
        store.replace_line(&one, line.revision),
        store.replace_line(&other, line.revision)
    );
    let (first, second) = (first.expect("an answer"), second.expect("an answer"));
    assert_ne!(first, second, "both wrote, or none did");
    assert_eq!(read(store, &line.id).await.heard, if first { 5 } else { 6 });
}

/// Nobody's step is lost, whoever comes in between.
pub async fn steps_at_once_are_all_taken(store: &impl LineStore) {
    let line = created(store, used("line-at-once")).await;
    let hear = || {
        change(store, &line.id, |line| {
            let socket = line.socket.clone();
            line.hear(&socket, Utterance { messages: 1, calls: &[] }, START)
        })
    };
    let (one, two, three) = tokio::join!(hear(), hear(), hear());
    for taken in [one, two, three] {
        assert_eq!(taken.expect("an answer"), Some(vec![]));
    }
    assert_eq!(read(store, &line.id).await.heard, line.heard + 3);
}

/// With the largest record and many small ones.
pub async fn a_full_line_is_kept(store: &impl LineStore) {
    let mut line = line("line-full");
    let largest = "x".repeat(hubcast_line::LINE_RECORD_MAX_BYTES);
    line.append(&[addition("g", "1", &largest)], START, 1);
    for n in 2..200 {
        line.append(&[addition("g", &n.to_string(), "{}\u{1e}")], START, 200_000);
    }
    let line = created(store, line).await;
    assert_eq!(line.log.records.len(), 199);
    assert_eq!(read(store, &line.id).await, line);
}

/// Where each goes if nobody takes it needs more room than the record.
pub async fn a_line_full_of_small_kept_records_is_kept(store: &impl LineStore) {
    const ROOM_MAX: usize = 262_144;
    for name in ["u".repeat(10), "u".repeat(200)] {
        let mut line = used(&format!("line-small-{}", name.len()));
        for sequence in 100.. {
            let sequence = sequence.to_string();
            let kept = Kept {
                hub: name::hub("notifications"),
                user: name::user(&name),
                position: QueuePosition::new(&format!("notifications:user:{name}"), &sequence, 0),
                until: START,
            };
            let small = "{\"type\":1,\"target\":\"t\",\"arguments\":[]}\u{1e}";
            let addition = Addition { kept: Some(kept), ..addition("k", &sequence, small) };
            if line.append(&[addition], START, ROOM_MAX) == Appended::Full {
                break;
            }
        }
        let line = created(store, line).await;
        let ended = change(store, &line.id, |line| line.end(START)).await;
        assert!(ended.expect("an answer").is_some());
        assert!(read(store, &line.id).await.left.len() > 300);
    }
}
