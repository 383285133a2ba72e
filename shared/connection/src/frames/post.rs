//! Posts to a socket that is not ready yet, or just became so.

use std::time::Duration;

use bytes::Bytes;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{ConnectionGateway, PostError};
use hubcast_model::report::chain as report;
use hubcast_model::retention::Source;

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
    post_sourced(gateway, socket, SourcedFrame { frame, sources: &[] }).await
}

/// A frame, and where its records come from.
#[derive(Debug)]
pub(super) struct SourcedFrame<'a> {
    pub(super) frame: Bytes,
    pub(super) sources: &'a [Source],
}

async fn post_sourced(
    gateway: &impl ConnectionGateway,
    socket: &SocketId,
    post: SourcedFrame<'_>,
) -> Result<(), PostError> {
    let SourcedFrame { frame, sources } = post;
    let mut pause = FIRST_PAUSE;
    for _ in 1..ATTEMPTS {
        match gateway.post_elements(socket, frame.clone(), sources).await {
            Err(PostError::Throttled | PostError::Unreached(_)) => {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            outcome => return outcome,
        }
    }
    gateway.post_elements(socket, frame, sources).await
}

/// Posts a frame, or gives it up when no socket takes a frame so large; false when a line has no
/// room for the frame. Neither must keep its user out.
pub(super) async fn post_if_there_is_room(
    gateway: &impl ConnectionGateway,
    socket: &SocketId,
    post: SourcedFrame<'_>,
) -> Result<bool, PostError> {
    if !socket.is_line() {
        let outcome = post_sourced(gateway, socket, post).await;
        return given_up_if_too_large(outcome).map(|()| true);
    }
    // A line waits for room by itself.
    match gateway.post_elements(socket, post.frame, post.sources).await {
        Err(PostError::Unreached(_)) => Ok(false),
        outcome => given_up_if_too_large(outcome).map(|()| true),
    }
}

/// Posts a frame, or gives it up when no socket takes a frame so large. Such a record must not
/// keep its user out.
pub(super) async fn post_unless_too_large(
    gateway: &impl ConnectionGateway,
    socket: &SocketId,
    frame: Bytes,
) -> Result<(), PostError> {
    given_up_if_too_large(post(gateway, socket, frame).await)
}

fn given_up_if_too_large(outcome: Result<(), PostError>) -> Result<(), PostError> {
    match outcome {
        Err(err @ PostError::TooLarge) => {
            tracing::error!(error = %report(&err), "a record that waited is given up");
            Ok(())
        }
        outcome => outcome,
    }
}
