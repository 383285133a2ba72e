//! The answers of clients that backends wait for.

use hubcast_model::ports::{ClientResult, InvocationKey, ResultStore};
use hubcast_model::time::Timestamp;

use super::longest_name;
use crate::clock::START;
use crate::name;

/// Runs every rule about answers.
pub async fn all(store: &impl ResultStore) {
    an_answer_that_nobody_waits_for_is_left(store).await;
    every_kind_of_answer_reads_back(store).await;
    the_first_answer_counts(store).await;
    nobody_answers_for_another(store).await;
    what_is_forgotten_takes_no_answer(store).await;
    any_id_of_a_client_will_do(store).await;
}

fn key(connection: &str, invocation: &str) -> InvocationKey {
    let (hub, connection) = (name::hub("results"), name::connection(connection));
    InvocationKey { hub, connection, invocation: invocation.to_owned() }
}

async fn expect(store: &impl ResultStore, key: &InvocationKey) {
    let expires = Timestamp::from_millis(START.as_millis() + 60_000);
    store.expect_result(key, expires).await.expect("an answer");
}

async fn awaits(store: &impl ResultStore, key: &InvocationKey) -> bool {
    store.awaits_result(key).await.expect("an answer")
}

async fn put(store: &impl ResultStore, key: &InvocationKey, result: &ClientResult) -> bool {
    store.put_result(key, result).await.expect("an answer")
}

async fn read(store: &impl ResultStore, key: &InvocationKey) -> Option<ClientResult> {
    store.result(key).await.expect("an answer")
}

/// Clients cannot fill the table with what they make up.
pub async fn an_answer_that_nobody_waits_for_is_left(store: &impl ResultStore) {
    let key = key("nobody", "1");
    assert!(!awaits(store, &key).await);
    assert!(!put(store, &key, &ClientResult::Void).await);
    assert_eq!(read(store, &key).await, None);
}

/// Clients make ids up, and none of theirs is a fault of the table.
pub async fn any_id_of_a_client_will_do(store: &impl ResultStore) {
    for id in ["", " ", "a#b", &longest_name('x')] {
        let key = key("odd", id);
        assert!(!put(store, &key, &ClientResult::Void).await, "{id}");
        expect(store, &key).await;
        assert!(awaits(store, &key).await, "{id}");
        assert!(put(store, &key, &ClientResult::Void).await, "{id}");
        assert!(!awaits(store, &key).await, "{id}");
        assert_eq!(read(store, &key).await, Some(ClientResult::Void), "{id}");
    }
}

/// Empty texts are texts.
pub async fn every_kind_of_answer_reads_back(store: &impl ResultStore) {
    let results = [
        ClientResult::Void,
        ClientResult::Value("null".to_owned()),
        ClientResult::Value("{\"a\":[1,\"語\"]}".to_owned()),
        ClientResult::Error(String::new()),
        ClientResult::Error("no".to_owned()),
    ];
    for (at, result) in results.into_iter().enumerate() {
        let key = key("kinds", &at.to_string());
        expect(store, &key).await;
        assert_eq!(read(store, &key).await, None);
        assert!(put(store, &key, &result).await);
        assert_eq!(read(store, &key).await, Some(result));
    }
}

/// A second answer changes nothing.
pub async fn the_first_answer_counts(store: &impl ResultStore) {
    let (key, second) = (key("first", "1"), ClientResult::Error("late".to_owned()));
    expect(store, &key).await;
    assert!(put(store, &key, &ClientResult::Void).await);
    assert!(!put(store, &key, &second).await);
    assert_eq!(read(store, &key).await, Some(ClientResult::Void));
}

/// The connection is part of the key.
pub async fn nobody_answers_for_another(store: &impl ResultStore) {
    let (own, others) = (key("one", "7"), [key("another", "7"), key("one", "8")]);
    expect(store, &own).await;
    for other in others {
        assert!(!put(store, &other, &ClientResult::Void).await);
    }
    assert_eq!(read(store, &own).await, None);
}

/// Forgetting twice is forgetting once.
pub async fn what_is_forgotten_takes_no_answer(store: &impl ResultStore) {
    let key = key("forgotten", "1");
    expect(store, &key).await;
    for _ in 0..2 {
        store.forget_result(&key).await.expect("an answer");
        assert!(!put(store, &key, &ClientResult::Void).await);
    }
}
