//! The rules of the connections whose beginning an endpoint has not taken.

use std::time::Duration;

use hubcast_model::ports::UptakeStore;
use hubcast_model::uptake::Uptake;

use crate::clock::START;
use crate::name;

/// Runs every rule.
pub async fn all(store: &impl UptakeStore) {
    a_connection_of_which_nothing_is_noted_is_taken(store).await;
    the_last_note_of_a_connection_counts(store).await;
    nobody_stands_for_another(store).await;
}

async fn put(store: &impl UptakeStore, hub: &str, connection: &str, uptake: Uptake) {
    let expires = START.plus(Duration::from_secs(100));
    let (hub, connection) = (name::hub(hub), name::connection(connection));
    store.put_uptake(&hub, &connection, uptake, expires).await.expect("an answer");
}

async fn read(store: &impl UptakeStore, hub: &str, connection: &str) -> Uptake {
    let uptake = store.uptake(&name::hub(hub), &name::connection(connection)).await;
    uptake.expect("an answer")
}

/// Most connections have no row.
pub async fn a_connection_of_which_nothing_is_noted_is_taken(store: &impl UptakeStore) {
    assert_eq!(read(store, "stand", "new").await, Uptake::Taken);
}

/// Whatever was noted before.
pub async fn the_last_note_of_a_connection_counts(store: &impl UptakeStore) {
    for uptake in [Uptake::Owed, Uptake::Refused, Uptake::Taken, Uptake::Owed] {
        put(store, "stand", "changing", uptake).await;
        assert_eq!(read(store, "stand", "changing").await, uptake);
    }
}

/// Neither another connection nor the same id on another hub.
pub async fn nobody_stands_for_another(store: &impl UptakeStore) {
    put(store, "stand", "refused", Uptake::Refused).await;
    assert_eq!(read(store, "stand", "refused2").await, Uptake::Taken);
    assert_eq!(read(store, "stand2", "refused").await, Uptake::Taken);
}
