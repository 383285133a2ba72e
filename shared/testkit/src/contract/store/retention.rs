//! Retained values, inboxes, and which of them are in use.

use hubcast_model::id::HubName;
use hubcast_model::ports::{BoardStore, Consistency, InboxStore, UsageStore};
use hubcast_model::retention::{
    Board, Inbox, InboxMessage, QueuePosition, RetainedKey, RetainedValue, Use,
};
use hubcast_model::time::Timestamp;

use super::longest_name;
use crate::clock::START;
use crate::name;

/// Runs every rule about what is there for those who come later.
pub async fn all(store: &(impl BoardStore + InboxStore + UsageStore)) {
    what_is_in_use_is_noted_for_each_hub(store).await;
    the_last_value_of_a_key_counts(store).await;
    an_older_value_of_its_message_group_replaces_nothing(store).await;
    a_value_that_was_taken_down_stays_down(store).await;
    boards_are_apart(store).await;
    values_expire_at_their_millisecond(store).await;
    large_values_are_kept_page_by_page(store).await;
    messages_wait_in_the_order_of_their_places(store).await;
    a_message_is_taken_back_by_one(store).await;
    inboxes_are_apart_and_messages_expire(store).await;
}

const fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(START.as_millis() + millis)
}

fn group_board(group: &str) -> Board {
    Board::of_group(&name::hub("later"), name::group(group).keyed())
}

fn place(group: &str, sequence: &str) -> QueuePosition {
    QueuePosition::new(group, sequence, 0)
}

fn value(key: &str, position: QueuePosition, record: &str) -> RetainedValue {
    let key = RetainedKey::parse(key).expect("a key");
    RetainedValue { key, position, record: Some(record.to_owned()), expires: Timestamp::FOREVER }
}

async fn put(store: &impl BoardStore, board: &Board, value: &RetainedValue) {
    store.put_retained(board, value).await.expect("an answer");
}

async fn records(store: &impl BoardStore, board: &Board) -> Vec<String> {
    let values = store.retained(board, START).await.expect("an answer");
    values.into_iter().filter_map(|value| value.record).collect()
}

fn inbox(user: &str) -> Inbox {
    Inbox::of(&name::hub("later"), &name::user(user))
}

fn waiting(position: QueuePosition, record: &str) -> InboxMessage {
    let progress_key = format!("{record}/0");
    InboxMessage { position, progress_key, record: record.to_owned(), expires: at(1000) }
}

async fn wait(store: &impl InboxStore, inbox: &Inbox, message: &InboxMessage) {
    store.put_inbox_message(inbox, message).await.expect("an answer");
}

async fn who_waits(store: &impl InboxStore, inbox: &Inbox, now: Timestamp) -> Vec<InboxMessage> {
    store.inbox_messages(inbox, now).await.expect("an answer")
}

/// Nobody looks for what was never used.
pub async fn what_is_in_use_is_noted_for_each_hub(store: &impl UsageStore) {
    let uses = async |hub: &HubName| store.uses(hub, Consistency::Strong).await.expect("uses");
    let (one, other) = (name::hub("uses"), name::hub("unused"));
    assert_eq!(uses(&one).await, [].into());
    for what in [Use::Inboxes, Use::HubBoard, Use::Inboxes] {
        store.note_use(&one, what).await.expect("an answer");
    }
    assert_eq!(uses(&one).await, [Use::Inboxes, Use::HubBoard].into());
    assert_eq!(uses(&other).await, [].into());
    for what in Use::ALL {
        store.note_use(&one, what).await.expect("an answer");
    }
    assert_eq!(uses(&one).await, Use::ALL.into());
}

/// One value for each key, read back as it was written.
pub async fn the_last_value_of_a_key_counts(store: &impl BoardStore) {
    let board = group_board("last");
    let record = "{\"type\":1,\"target\":\"語\",\"arguments\":[ 1.0 ]}\u{1e}";
    let last = value("k", place("g", "2"), record);
    put(store, &board, &value("k", place("g", "1"), "old")).await;
    put(store, &board, &last).await;
    put(store, &board, &value("j", place("g", "3"), "other")).await;
    assert_eq!(records(store, &board).await, ["other", record]);
    let values = store.retained(&board, START).await.expect("an answer");
    assert_eq!(values.last(), Some(&last));
}

/// A message that SQS delivers again must not bring an old value back.
pub async fn an_older_value_of_its_message_group_replaces_nothing(store: &impl BoardStore) {
    let board = group_board("older");
    put(store, &board, &value("k", place("g", "10"), "new")).await;
    put(store, &board, &value("k", place("g", "9"), "old")).await;
    assert_eq!(records(store, &board).await, ["new"]);
    put(store, &board, &value("k", place("g", "10"), "again")).await;
    assert_eq!(records(store, &board).await, ["again"]);
    put(store, &board, &value("k", place("h", "1"), "of another group")).await;
    assert_eq!(records(store, &board).await, ["of another group"]);
}

/// Also when the message that hung it up comes again.
pub async fn a_value_that_was_taken_down_stays_down(store: &impl BoardStore) {
    let board = group_board("down");
    let down = RetainedValue { record: None, ..value("k", place("g", "2"), "") };
    put(store, &board, &value("k", place("g", "1"), "up")).await;
    put(store, &board, &down).await;
    put(store, &board, &value("k", place("g", "1"), "up")).await;
    assert!(records(store, &board).await.is_empty());
    put(store, &board, &value("k", place("g", "3"), "up again")).await;
    assert_eq!(records(store, &board).await, ["up again"]);
}

/// Whatever users, groups and hubs are called.
pub async fn boards_are_apart(store: &impl BoardStore) {
    let (user, group) = (name::user("apart").keyed(), name::group("apart").keyed());
    let (here, there) = (&name::hub("later"), &name::hub("elsewhere"));
    let boards = [
        Board::Hub(here.clone()),
        Board::Hub(there.clone()),
        Board::of_user(here, user.clone()),
        Board::of_user(there, user),
        Board::of_group(here, group),
        group_board(&longest_name('a')),
        group_board(&longest_name('b')),
    ];
    for (at, board) in boards.iter().enumerate() {
        put(store, board, &value("k", place("g", "1"), &at.to_string())).await;
    }
    for (at, board) in boards.iter().enumerate() {
        assert_eq!(records(store, board).await, [at.to_string()], "{board:?}");
    }
}

/// Expired ones do not count, whether or not the table has deleted them.
pub async fn values_expire_at_their_millisecond(store: &impl BoardStore) {
    let board = group_board("expiring");
    let short = RetainedValue { expires: at(5), ..value("k", place("g", "1"), "short") };
    put(store, &board, &short).await;
    assert_eq!(store.retained(&board, at(4)).await.expect("an answer"), [short]);
    assert_eq!(store.retained(&board, at(5)).await.expect("an answer"), []);
}

/// Together more than a page of the real table holds.
pub async fn large_values_are_kept_page_by_page(store: &impl BoardStore) {
    let board = group_board("large");
    let large = "x".repeat(128 * 1024);
    let keys: Vec<String> = (0..12).map(|n| format!("k{n:02}")).collect();
    for key in &keys {
        put(store, &board, &value(key, place("g", "1"), &large)).await;
    }
    let values = store.retained(&board, START).await.expect("an answer");
    let found: Vec<&str> = values.iter().map(|value| value.key.as_str()).collect();
    assert_eq!(found, keys);
    assert!(values.iter().all(|value| value.record.as_ref() == Some(&large)));
}

/// Whatever the order in which they came; and each once.
pub async fn messages_wait_in_the_order_of_their_places(store: &impl InboxStore) {
    let inbox = inbox("ordered");
    let messages = [
        waiting(QueuePosition::new("g", "9", 0), "a"),
        waiting(QueuePosition::new("g", "10", 2), "b"),
        waiting(QueuePosition::new("h", "10", 2), "c"),
        waiting(QueuePosition::new("g", "10", 11), "d"),
    ];
    for message in messages.iter().rev().chain(&messages) {
        wait(store, &inbox, message).await;
    }
    assert_eq!(who_waits(store, &inbox, START).await, messages);
    let gone = [&messages[1], &messages[3]].map(|message| message.position.clone());
    for _ in 0..2 {
        store.remove_inbox_messages(&inbox, &gone).await.expect("an answer");
        assert_eq!(
            who_waits(store, &inbox, START).await,
            [messages[0].clone(), messages[2].clone()]
        );
    }
    store.remove_inbox_messages(&inbox, &[]).await.expect("an answer");
}

/// Whoever gets it may deliver it in another way.
pub async fn a_message_is_taken_back_by_one(store: &impl InboxStore) {
    let inbox = inbox("back");
    let message = waiting(place("g", "1"), "a");
    wait(store, &inbox, &message).await;
    assert!(store.take_back(&inbox, &message.position).await.expect("an answer"));
    assert!(!store.take_back(&inbox, &message.position).await.expect("an answer"));
    assert!(who_waits(store, &inbox, START).await.is_empty());
}

/// Whoever the users are, and however late the table deletes.
pub async fn inboxes_are_apart_and_messages_expire(store: &impl InboxStore) {
    let inboxes = [inbox("apart"), inbox(&longest_name('a')), inbox(&longest_name('b'))];
    for (at, inbox) in inboxes.iter().enumerate() {
        wait(store, inbox, &waiting(place("g", "1"), &at.to_string())).await;
    }
    for (number, inbox) in inboxes.iter().enumerate() {
        let expected = waiting(place("g", "1"), &number.to_string());
        assert_eq!(who_waits(store, inbox, at(999)).await, [expected]);
        assert!(who_waits(store, inbox, at(1000)).await.is_empty());
    }
}
