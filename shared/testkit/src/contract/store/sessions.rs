//! The sessions of client tokens.

use hubcast_model::ports::SessionStore;
use hubcast_model::session::SessionId;
use hubcast_model::time::Timestamp;

use crate::clock::START;
use crate::name;

/// Runs every rule about sessions.
pub async fn all(store: &impl SessionStore) {
    what_was_never_opened_does_not_last(store).await;
    a_session_lasts_as_long_as_its_longest_socket(store).await;
    a_session_outlasts_its_last_socket(store).await;
    the_end_of_one_socket_takes_nothing_from_the_others(store).await;
    a_late_end_makes_no_session_shorter(store).await;
    leaving_twice_is_leaving_once(store).await;
    a_token_is_used_up_by_one_connection(store).await;
    a_token_is_spent_by_one_socket(store).await;
    a_use_makes_no_session(store).await;
}

const fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(START.as_millis() + millis)
}

fn session(token: &str) -> SessionId {
    SessionId::of(&name::hub("sessions"), token)
}

async fn join(store: &impl SessionStore, session: &SessionId, socket: &str, until: Timestamp) {
    store.join_session(session, &name::socket(socket), until).await.expect("an answer");
}

async fn leave(store: &impl SessionStore, session: &SessionId, socket: &str, until: Timestamp) {
    store.leave_session(session, &name::socket(socket), until).await.expect("an answer");
}

/// Whether the session lasts beyond these points in time.
async fn lasts<const N: usize>(
    store: &impl SessionStore,
    session: &SessionId,
    points: [u64; N],
) -> [bool; N] {
    let mut answers = [false; N];
    for (answer, point) in answers.iter_mut().zip(points) {
        *answer = store.session_lasts(session, at(point)).await.expect("an answer");
    }
    answers
}

/// Nothing is made up.
pub async fn what_was_never_opened_does_not_last(store: &impl SessionStore) {
    assert_eq!(lasts(store, &session("never"), [0]).await, [false]);
}

/// A session ends at its very millisecond.
pub async fn a_session_lasts_as_long_as_its_longest_socket(store: &impl SessionStore) {
    let session = session("sockets");
    join(store, &session, "s1=", at(5)).await;
    join(store, &session, "s2=", at(9)).await;
    join(store, &session, "s3=", at(7)).await;
    assert_eq!(lasts(store, &session, [0, 8, 9]).await, [true, true, false]);
}

/// The end is what the last socket that left says.
pub async fn a_session_outlasts_its_last_socket(store: &impl SessionStore) {
    let session = session("outlasts");
    join(store, &session, "s1=", at(100)).await;
    leave(store, &session, "s1=", at(20)).await;
    assert_eq!(lasts(store, &session, [19, 20]).await, [true, false]);
    join(store, &session, "s2=", at(100)).await;
    assert_eq!(lasts(store, &session, [99, 100]).await, [true, false]);
    leave(store, &session, "s2=", at(40)).await;
    assert_eq!(lasts(store, &session, [39, 40]).await, [true, false]);
}

/// As long as one is open, its own end counts.
pub async fn the_end_of_one_socket_takes_nothing_from_the_others(store: &impl SessionStore) {
    let session = session("others");
    join(store, &session, "s1=", at(100)).await;
    join(store, &session, "s2=", at(100)).await;
    leave(store, &session, "s1=", at(20)).await;
    assert_eq!(lasts(store, &session, [99, 100]).await, [true, false]);
}

/// Ends that are told in the wrong order leave the later one.
pub async fn a_late_end_makes_no_session_shorter(store: &impl SessionStore) {
    let session = session("late");
    leave(store, &session, "s1=", at(30)).await;
    leave(store, &session, "s2=", at(20)).await;
    assert_eq!(lasts(store, &session, [29, 30]).await, [true, false]);
}

/// Whoever repeats it changes nothing but the end.
pub async fn leaving_twice_is_leaving_once(store: &impl SessionStore) {
    let session = session("twice");
    join(store, &session, "s1=", at(100)).await;
    leave(store, &session, "s1=", at(20)).await;
    leave(store, &session, "s1=", at(21)).await;
    assert_eq!(lasts(store, &session, [20, 21]).await, [true, false]);
}

/// The same connection may try again, as it does behind a proxy.
pub async fn a_token_is_used_up_by_one_connection(store: &impl SessionStore) {
    let (session, expires) = (session("used"), at(1000));
    let [one, other] = ["one", "other"].map(name::connection);
    assert!(!store.is_used_up(&session).await.expect("an answer"));
    assert!(store.use_up(&session, &one, expires).await.expect("an answer"));
    assert!(store.use_up(&session, &one, expires).await.expect("an answer"));
    assert!(!store.use_up(&session, &other, expires).await.expect("an answer"));
    assert!(store.is_used_up(&session).await.expect("an answer"));
}

/// Whoever shakes hands first, and then nobody comes in by the token again.
pub async fn a_token_is_spent_by_one_socket(store: &impl SessionStore) {
    let (session, connection) = (session("spent"), name::connection("one"));
    let [first, second] = ["s1=", "s2="].map(name::socket);
    assert!(!store.spend(&session, &first).await.expect("an answer"), "it was never used");
    assert!(store.use_up(&session, &connection, at(1000)).await.expect("an answer"));
    assert!(store.spend(&session, &first).await.expect("an answer"));
    assert!(store.spend(&session, &first).await.expect("an answer"), "a repetition");
    assert!(!store.spend(&session, &second).await.expect("an answer"));
    assert!(!store.use_up(&session, &connection, at(1000)).await.expect("an answer"));
}

/// What was used up once is not thereby good for longer.
pub async fn a_use_makes_no_session(store: &impl SessionStore) {
    let session = session("use");
    store.use_up(&session, &name::connection("one"), at(1000)).await.expect("an answer");
    assert_eq!(lasts(store, &session, [0]).await, [false]);
    join(store, &session, "s1=", at(5)).await;
    assert!(store.is_used_up(&session).await.expect("an answer"));
}
