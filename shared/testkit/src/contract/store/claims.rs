//! Claims on connection ids.

use hubcast_model::ports::{ClaimStore, SocketStore};
use hubcast_model::socket::Socket;

use crate::clock::START;
use crate::name;
use crate::socket::connecting;

/// Runs every rule about claims.
pub async fn all(store: &(impl ClaimStore + SocketStore)) {
    a_free_claim_is_taken(store).await;
    a_claim_passes_on_when_its_holder_never_finished(store).await;
    a_claim_is_refused_when_its_holder_finished(store).await;
    a_claim_is_released_only_by_its_holder(store).await;
    a_claim_that_passed_on_fails_the_handshake(store).await;
    claims_of_different_hubs_are_different(store).await;
}

/// A socket of its own hub that claims the connection `c`.
fn claiming(hub: &str, id: &str) -> Socket {
    Socket { connection: name::connection("c"), ..connecting(hub, id, "alice") }
}

async fn take(store: &impl ClaimStore, socket: &Socket) -> bool {
    let taken = store.take_claim(&socket.hub, &socket.connection, &socket.id, START);
    taken.await.expect("an answer")
}

async fn finish(store: &impl SocketStore, socket: &Socket) -> bool {
    store.create_socket(socket).await.expect("an answer");
    store.begin_handshake(&socket.id, &[], START).await.expect("an answer").expect("a socket");
    store.finish_handshake(socket).await.expect("an answer")
}

/// Whoever comes first gets the claim, and keeps it when asking again.
pub async fn a_free_claim_is_taken(store: &impl ClaimStore) {
    let socket = claiming("claims.free", "claim-free=");
    assert!(take(store, &socket).await);
    assert!(take(store, &socket).await);
}

/// A proxy may try an upgrade again; the second try counts.
pub async fn a_claim_passes_on_when_its_holder_never_finished(
    store: &(impl ClaimStore + SocketStore),
) {
    let [first, second] =
        ["claim-passes1=", "claim-passes2="].map(|id| claiming("claims.passes", id));
    assert!(take(store, &first).await);
    assert!(take(store, &second).await);
    assert!(finish(store, &second).await);
}

/// A connection in use is not taken over.
pub async fn a_claim_is_refused_when_its_holder_finished(store: &(impl ClaimStore + SocketStore)) {
    let [first, second] =
        ["claim-refused1=", "claim-refused2="].map(|id| claiming("claims.refused", id));
    assert!(take(store, &first).await);
    assert!(finish(store, &first).await);
    assert!(!take(store, &second).await);
}

/// Who lost a claim cannot release it from under its new holder.
pub async fn a_claim_is_released_only_by_its_holder(store: &(impl ClaimStore + SocketStore)) {
    let [first, second] =
        ["claim-released1=", "claim-released2="].map(|id| claiming("claims.released", id));
    assert!(take(store, &first).await);
    assert!(finish(store, &first).await);
    release(store, &second).await;
    assert!(!take(store, &second).await, "another released it");
    release(store, &first).await;
    assert!(take(store, &second).await, "its holder did not release it");
}

async fn release(store: &impl ClaimStore, socket: &Socket) {
    let released = store.release_claim(&socket.hub, &socket.connection, &socket.id);
    released.await.expect("an answer");
}

/// Of two sockets with one connection id only the claim's holder gets ready.
pub async fn a_claim_that_passed_on_fails_the_handshake(store: &(impl ClaimStore + SocketStore)) {
    let [first, second] = ["claim-fails1=", "claim-fails2="].map(|id| claiming("claims.fails", id));
    assert!(take(store, &first).await);
    assert!(take(store, &second).await);
    assert!(!finish(store, &first).await);
    assert!(take(store, &second).await, "a failed handshake finished the claim");
}

/// Connection ids are a hub's own.
pub async fn claims_of_different_hubs_are_different(store: &(impl ClaimStore + SocketStore)) {
    let [one, other] = ["claims.one", "claims.other"];
    let [one, other] = [claiming(one, "claim-one="), claiming(other, "claim-other=")];
    assert!(take(store, &one).await);
    assert!(finish(store, &one).await);
    assert!(take(store, &other).await);
}
