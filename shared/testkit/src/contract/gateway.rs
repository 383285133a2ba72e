//! The rules of the sockets' port: every answer is sorted by what it means for the frame.

use bytes::Bytes;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{ConnectionGateway, PostError};

/// Sockets whose posts and deletes are answered in a known way.
#[derive(Debug, Clone)]
pub struct Sockets {
    /// 200.
    pub open: SocketId,
    /// 410.
    pub gone: SocketId,
    /// 413.
    pub too_large: SocketId,
    /// 403.
    pub forbidden: SocketId,
    /// 429.
    pub throttled: SocketId,
    /// 500.
    pub broken: SocketId,
    /// No answer at all.
    pub silent: SocketId,
}

/// Runs every rule over these sockets.
pub async fn all(gateway: &impl ConnectionGateway, sockets: &Sockets) {
    an_accepted_post_is_fine(gateway, &sockets.open).await;
    a_socket_that_is_gone_is_told_apart(gateway, &sockets.gone).await;
    a_frame_that_is_too_large_is_told_apart(gateway, &sockets.too_large).await;
    a_post_that_is_not_allowed_is_refused(gateway, &sockets.forbidden).await;
    a_throttled_post_was_not_sent(gateway, &sockets.throttled).await;
    a_server_error_leaves_the_outcome_open(gateway, &sockets.broken).await;
    no_answer_leaves_the_outcome_open(gateway, &sockets.silent).await;
    an_open_socket_is_told_from_one_that_is_gone(gateway, sockets).await;
    a_socket_can_be_deleted(gateway, &sockets.open).await;
    a_socket_that_is_gone_can_be_deleted(gateway, &sockets.gone).await;
}

async fn post(gateway: &impl ConnectionGateway, socket: &SocketId) -> Result<(), PostError> {
    gateway.post(socket, Bytes::from_static(b"{}\x1e")).await
}

/// 200 is accepted.
pub async fn an_accepted_post_is_fine(gateway: &impl ConnectionGateway, open: &SocketId) {
    assert!(post(gateway, open).await.is_ok());
}

/// 410 is [`PostError::Gone`].
pub async fn a_socket_that_is_gone_is_told_apart(
    gateway: &impl ConnectionGateway,
    gone: &SocketId,
) {
    let outcome = post(gateway, gone).await;
    assert!(matches!(outcome, Err(PostError::Gone)), "{outcome:?}");
}

/// 413 is [`PostError::TooLarge`].
pub async fn a_frame_that_is_too_large_is_told_apart(
    gateway: &impl ConnectionGateway,
    too_large: &SocketId,
) {
    let outcome = post(gateway, too_large).await;
    assert!(matches!(outcome, Err(PostError::TooLarge)), "{outcome:?}");
}

/// 403 is [`PostError::Refused`].
pub async fn a_post_that_is_not_allowed_is_refused(
    gateway: &impl ConnectionGateway,
    forbidden: &SocketId,
) {
    let outcome = post(gateway, forbidden).await;
    assert!(matches!(outcome, Err(PostError::Refused(_))), "{outcome:?}");
}

/// 429 is [`PostError::Throttled`].
pub async fn a_throttled_post_was_not_sent(gateway: &impl ConnectionGateway, throttled: &SocketId) {
    let outcome = post(gateway, throttled).await;
    assert!(matches!(outcome, Err(PostError::Throttled)), "{outcome:?}");
}

/// 500 is [`PostError::Ambiguous`].
pub async fn a_server_error_leaves_the_outcome_open(
    gateway: &impl ConnectionGateway,
    broken: &SocketId,
) {
    let outcome = post(gateway, broken).await;
    assert!(matches!(outcome, Err(PostError::Ambiguous(_))), "{outcome:?}");
}

/// Silence is [`PostError::Ambiguous`] once the attempt's time is over.
pub async fn no_answer_leaves_the_outcome_open(
    gateway: &impl ConnectionGateway,
    silent: &SocketId,
) {
    let outcome = post(gateway, silent).await;
    assert!(matches!(outcome, Err(PostError::Ambiguous(_))), "{outcome:?}");
}

/// 200 and 410 are answers; everything else leaves it open.
pub async fn an_open_socket_is_told_from_one_that_is_gone(
    gateway: &impl ConnectionGateway,
    sockets: &Sockets,
) {
    assert!(matches!(gateway.is_connected(&sockets.open).await, Ok(true)));
    assert!(matches!(gateway.is_connected(&sockets.gone).await, Ok(false)));
    for unknown in [&sockets.throttled, &sockets.broken] {
        assert!(gateway.is_connected(unknown).await.is_err());
    }
}

/// 204 ends the socket.
pub async fn a_socket_can_be_deleted(gateway: &impl ConnectionGateway, open: &SocketId) {
    assert!(gateway.delete(open).await.is_ok());
}

/// 410 on a delete is what was wanted.
pub async fn a_socket_that_is_gone_can_be_deleted(
    gateway: &impl ConnectionGateway,
    gone: &SocketId,
) {
    assert!(gateway.delete(gone).await.is_ok());
}
