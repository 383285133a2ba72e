//! What is left of notifications.

use std::collections::BTreeMap;

use hubcast_model::id::SocketId;
use hubcast_model::ports::{Progress, ProgressStore, Rest};
use hubcast_model::time::Timestamp;

use crate::name;

/// Runs every rule about progress.
pub async fn all(store: &impl ProgressStore) {
    keys_without_a_row_are_left_out(store).await;
    nothing_left_is_not_the_same_as_no_row(store).await;
    thousands_of_sockets_may_be_left(store).await;
    the_last_word_on_an_element_counts(store).await;
    many_elements_are_kept_and_read_at_once(store).await;
    a_key_may_be_asked_for_twice(store).await;
    what_remains_besides_sockets_is_kept(store).await;
    a_turn_is_one_s_until_its_end(store).await;
    a_turn_is_no_progress(store).await;
}

fn left(count: usize) -> Progress {
    let socket = |n: usize| name::socket(&format!("L0SM9cOFvHcCIhw{n:05}="));
    let left = (0..count).map(socket).collect::<Vec<SocketId>>();
    Progress { left, ..Progress::default() }
}

async fn put(store: &impl ProgressStore, rows: &BTreeMap<String, Progress>) {
    store.put_progress(rows, Timestamp::FOREVER).await.expect("an answer");
}

async fn read(store: &impl ProgressStore, keys: &[&str]) -> BTreeMap<String, Progress> {
    let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    store.progress(&keys).await.expect("an answer")
}

fn rows<const N: usize>(rows: [(&str, usize); N]) -> BTreeMap<String, Progress> {
    rows.into_iter().map(|(key, count)| (key.to_owned(), left(count))).collect()
}

/// An element that nobody began has no row.
pub async fn keys_without_a_row_are_left_out(store: &impl ProgressStore) {
    put(store, &rows([("out/0", 2)])).await;
    assert_eq!(read(store, &["out/0", "out/1"]).await, rows([("out/0", 2)]));
    assert_eq!(read(store, &[]).await, BTreeMap::new());
}

/// An element that is done must not be begun anew.
pub async fn nothing_left_is_not_the_same_as_no_row(store: &impl ProgressStore) {
    put(store, &rows([("done/0", 0)])).await;
    assert_eq!(read(store, &["done/0", "done/1"]).await, rows([("done/0", 0)]));
}

/// The left-set may be larger than an item of the real table.
pub async fn thousands_of_sockets_may_be_left(store: &impl ProgressStore) {
    put(store, &rows([("thousands/0", 12_000), ("thousands/1", 5_000)])).await;
    let read = read(store, &["thousands/0", "thousands/1"]).await;
    assert!(read == rows([("thousands/0", 12_000), ("thousands/1", 5_000)]));
}

/// What is left shrinks, whatever it was cut into before.
pub async fn the_last_word_on_an_element_counts(store: &impl ProgressStore) {
    for count in [11_000, 5_001, 1, 0, 3] {
        put(store, &rows([("word/0", count)])).await;
        assert!(read(store, &["word/0"]).await == rows([("word/0", count)]), "{count}");
    }
}

/// As many elements as ten full messages hold.
pub async fn many_elements_are_kept_and_read_at_once(store: &impl ProgressStore) {
    let all: BTreeMap<String, Progress> =
        (0..1000).map(|n| (format!("many/{n}"), left(n % 3))).collect();
    put(store, &all).await;
    let keys: Vec<&str> = all.keys().map(String::as_str).collect();
    assert!(read(store, &keys).await == all);
}

/// Two messages may carry the same key, when a dead letter was moved twice.
pub async fn a_key_may_be_asked_for_twice(store: &impl ProgressStore) {
    put(store, &rows([("twice/0", 1)])).await;
    assert_eq!(read(store, &["twice/0", "twice/0"]).await, rows([("twice/0", 1)]));
}

/// Jobs and pages that remain, and the counts, read back as they were written.
pub async fn what_remains_besides_sockets_is_kept(store: &impl ProgressStore) {
    let rests = [
        Rest::Nothing,
        Rest::Jobs("remains/0".to_owned()),
        Rest::PagesAfter(name::socket("L0SM9cOFvHcCIhw=")),
    ];
    for rest in rests {
        let progress = Progress { rest, reached: 70_000, fruitless: 4, ..left(3) };
        let rows = BTreeMap::from([("remains/0".to_owned(), progress)]);
        put(store, &rows).await;
        assert_eq!(read(store, &["remains/0"]).await, rows);
    }
}

/// A turn ends when somebody ends it, or by itself.
pub async fn a_turn_is_one_s_until_its_end(store: &impl ProgressStore) {
    let at = Timestamp::from_seconds;
    let take = async |now, until| {
        store.take_turn("turn/sender/id", at(now), at(until)).await.expect("an answer")
    };
    assert!(take(100, 140).await);
    assert!(!take(139, 179).await);
    assert!(take(140, 180).await, "it ended by itself");
    assert!(!take(141, 181).await);
    store.end_turn("turn/sender/id").await.expect("an answer");
    assert!(take(142, 182).await);
    assert!(store.take_turn("turn/other", at(143), at(183)).await.expect("an answer"));
    store.end_turn("turn/nobody").await.expect("an answer");
}

/// What is done of a message is told by its progress alone.
pub async fn a_turn_is_no_progress(store: &impl ProgressStore) {
    let (now, until) = (Timestamp::from_seconds(1), Timestamp::from_seconds(2));
    assert!(store.take_turn("mine/0", now, until).await.expect("an answer"));
    assert_eq!(read(store, &["mine/0"]).await, BTreeMap::new());
    put(store, &rows([("mine/0", 2)])).await;
    assert!(!store.take_turn("mine/0", now, until).await.expect("an answer"));
}
