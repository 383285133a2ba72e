//! How long the session of a client token lasts.

use hubcast_model::ports::{SessionStore, StoreError};
use hubcast_model::socket::Socket;
use hubcast_model::time::Timestamp;

/// Makes a session last as long as a new socket of it, and the grace.
pub async fn opened(store: &impl SessionStore, socket: &Socket) -> Result<(), StoreError> {
    let Some(session) = &socket.session else {
        return Ok(());
    };
    let until = socket.expires().plus(session.grace);
    store.join_session(&session.id, &socket.id, until).await
}

/// Takes a socket that ended out of its session, which outlasts it by the grace. Safe to repeat.
pub async fn ended(
    store: &impl SessionStore,
    socket: &Socket,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(session) = &socket.session else {
        return Ok(());
    };
    store.leave_session(&session.id, &socket.id, now.plus(session.grace)).await
}
