//! The rules of the connections whose beginning an endpoint has not taken.

use std::time::Duration;

use hubcast_model::ports::StandingStore;
use hubcast_model::standing::Standing;

use crate::clock::START;
use crate::name;

/// Runs every rule.
pub async fn all(store: &impl StandingStore) {
    a_connection_of_which_nothing_is_noted_is_taken(store).await;
    the_last_note_of_a_connection_counts(store).await;
    nobody_stands_for_another(store).await;
}

async fn put(store: &impl StandingStore, hub: &str, connection: &str, standing: Standing) {
    let expires = START.plus(Duration::from_secs(100));
    let (hub, connection) = (name::hub(hub), name::connection(connection));
    store.put_standing(&hub, &connection, standing, expires).await.expect("an answer");
}

async fn read(store: &impl StandingStore, hub: &str, connection: &str) -> Standing {
    let standing = store.standing(&name::hub(hub), &name::connection(connection)).await;
    standing.expect("an answer")
}

/// Most connections have no row.
pub async fn a_connection_of_which_nothing_is_noted_is_taken(store: &impl StandingStore) {
    assert_eq!(read(store, "stand", "new").await, Standing::Taken);
}

/// Whatever was noted before.
pub async fn the_last_note_of_a_connection_counts(store: &impl StandingStore) {
    for standing in [Standing::Owed, Standing::Refused, Standing::Taken, Standing::Owed] {
        put(store, "stand", "changing", standing).await;
        assert_eq!(read(store, "stand", "changing").await, standing);
    }
}

/// Neither another connection nor the same id on another hub.
pub async fn nobody_stands_for_another(store: &impl StandingStore) {
    put(store, "stand", "refused", Standing::Refused).await;
    assert_eq!(read(store, "stand", "refused2").await, Standing::Taken);
    assert_eq!(read(store, "stand2", "refused").await, Standing::Taken);
}
