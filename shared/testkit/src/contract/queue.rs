//! The rules of the queue's port: dead letters arrive, each once.

use hubcast_model::ports::{DeadLetter, NotificationQueue};

/// A dead letter as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// The rejected elements.
    pub body: String,
    /// The attribute `RejectReason`.
    pub reason: String,
    /// The attribute `RejectDetail`.
    pub detail: String,
    /// The attribute `ProgressKey`.
    pub progress_key: String,
    /// The message group.
    pub group: String,
}

impl From<DeadLetter> for Arrived {
    fn from(letter: DeadLetter) -> Self {
        let DeadLetter { body, reason, detail, progress_key, group, .. } = letter;
        Self { body, reason: reason.to_owned(), detail, progress_key, group }
    }
}

/// Runs every rule; `arrived` answers all letters of a message group that are in the dead-letter
/// queue.
pub async fn all(queue: &impl NotificationQueue, arrived: impl AsyncFn(&str) -> Vec<Arrived>) {
    a_letter_arrives_with_its_reason(queue, &arrived).await;
    a_letter_that_is_moved_twice_arrives_once(queue, &arrived).await;
    any_key_and_text_will_do(queue, &arrived).await;
}

fn letter(group: &str, progress_key: &str) -> DeadLetter {
    DeadLetter {
        trace: None,
        body: r#"{"usrId":"alice"}"#.to_owned(),
        reason: "UnknownProperty",
        detail: "'usrId' is not a property of the envelope".to_owned(),
        progress_key: progress_key.to_owned(),
        group: group.to_owned(),
    }
}

/// The letter says what was wrong and where a redrive resumes.
pub async fn a_letter_arrives_with_its_reason(
    queue: &impl NotificationQueue,
    arrived: impl AsyncFn(&str) -> Vec<Arrived>,
) {
    let letter = letter("letter:reason", "219f8380-5770-4cc2-8c3e-5c715e145f5e/0/rejected");
    queue.dead_letter(&letter).await.expect("an answer");
    assert_eq!(arrived("letter:reason").await, [Arrived::from(letter)]);
}

/// A move that is repeated, because its answer was lost, leaves one letter.
pub async fn a_letter_that_is_moved_twice_arrives_once(
    queue: &impl NotificationQueue,
    arrived: impl AsyncFn(&str) -> Vec<Arrived>,
) {
    let first = letter("letter:twice", "letter-twice/0/rejected");
    let other = letter("letter:twice", "letter-twice/1/rejected");
    for letter in [&first, &first, &other] {
        queue.dead_letter(letter).await.expect("an answer");
    }
    assert_eq!(arrived("letter:twice").await, [first, other].map(Arrived::from));
}

/// A letter must never be stuck because of what its message says.
pub async fn any_key_and_text_will_do(
    queue: &impl NotificationQueue,
    arrived: impl AsyncFn(&str) -> Vec<Arrived>,
) {
    let long = format!("{}/0/rejected", "redriven-often/rejected/".repeat(20));
    let odd = "chosen by the sender: clé".to_owned();
    let letters = [long, odd].map(|key| letter("letter:odd", &key));
    for letter in &letters {
        queue.dead_letter(letter).await.expect("an answer");
    }
    assert_eq!(arrived("letter:odd").await, letters.map(Arrived::from));
}
