//! How long the session of a client token lasts.
//!
//! A session lasts as long as its last socket, and the grace after that.

use hubcast_model::ports::{SessionStore, StoreError};
use hubcast_model::socket::Socket;
use hubcast_model::time::Timestamp;

/// Adds a new socket to its session. The session then lasts until the socket expires, and the grace.
///
/// # Errors
/// When the table does not answer.
pub async fn add_socket(store: &impl SessionStore, socket: &Socket) -> Result<(), StoreError> {
    let Some(session) = &socket.session else {
        return Ok(());
    };
    let until = socket.expires().plus(session.grace);
    store.join_session(&session.id, &socket.id, until).await
}

/// Takes a socket that ended at `now` out of its session. The session then lasts for the grace.
///
/// Safe to repeat.
///
/// # Errors
/// When the table does not answer.
pub async fn remove_socket(
    store: &impl SessionStore,
    socket: &Socket,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(session) = &socket.session else {
        return Ok(());
    };
    store.leave_session(&session.id, &socket.id, now.plus(session.grace)).await
}
