//! Posts to a socket that is not ready yet, or just became so.

use std::time::Duration;

use bytes::Bytes;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{ConnectionGateway, PostError};
use hubcast_model::report::chain as report;

/// How many attempts a post gets when the gateway says that nothing was sent.
const ATTEMPTS: u32 = 4;
/// The pause after the first attempt; each further pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Posts a frame. Only a frame that surely did not arrive is posted again, since a client takes a
/// second answer to its handshake for a broken record.
pub(super) async fn post(
    gateway: &impl ConnectionGateway,
    socket: &SocketId,
    frame: Bytes,
) -> Result<(), PostError> {
    let mut pause = FIRST_PAUSE;
    for _ in 1..ATTEMPTS {
        match gateway.post(socket, frame.clone()).await {
            Err(PostError::Throttled | PostError::Unreached(_)) => {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            outcome => return outcome,
        }
    }
    gateway.post(socket, frame).await
}

/// Posts a frame, or gives it up when no socket takes a frame so large. Such a record must not
/// keep its user out.
pub(super) async fn post_unless_too_large(
    gateway: &impl ConnectionGateway,
    socket: &SocketId,
    frame: Bytes,
) -> Result<(), PostError> {
    match post(gateway, socket, frame).await {
        Err(err @ PostError::TooLarge) => {
            tracing::error!(error = %report(&err), "a record that waited is given up");
            Ok(())
        }
        outcome => outcome,
    }
}
