//! The answer to a handshake: in time, or never.
//!
//! Whoever finds a socket that is joining waits for its answer for
//! [`JOINING_MAX`](hubcast_model::handshake::JOINING_MAX). So no answer may come
//! later than that: a message that comes before the answer ends the client.

use std::time::Duration;

use bytes::Bytes;
use hubcast_model::handshake::ANSWER_MAX;
use hubcast_model::ports::{ConnectionGateway, PostError};
use hubcast_model::socket::Socket;
use hubcast_model::time::Timestamp;
use signalr_protocol::handshake::ACCEPTED;
use tokio::time::timeout;

use super::post::post;

/// Why a client may have got no answer to its handshake.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    /// The post failed.
    #[error(transparent)]
    Post(#[from] PostError),
    /// There was no time left for the post.
    #[error("the handshake took longer than {} s", ANSWER_MAX.as_secs())]
    TooLate,
}

/// What is left at `now` of the time in which a socket's handshake may be answered.
pub(super) fn time_left(socket: &Socket, now: Timestamp) -> Duration {
    let age = socket.handshake_at.map_or(ANSWER_MAX, |began| now.since(began));
    ANSWER_MAX.saturating_sub(age)
}

/// Posts the answer to a socket's handshake within the time that is left.
pub(super) async fn accept(
    gateway: &impl ConnectionGateway,
    socket: &Socket,
    time_left: Duration,
) -> Result<(), Unanswered> {
    let accepted = Bytes::from_static(ACCEPTED.as_bytes());
    let posted = timeout(time_left, post(gateway, &socket.id, accepted));
    Ok(posted.await.map_err(|_elapsed| Unanswered::TooLate)??)
}
