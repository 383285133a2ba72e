//! What moves `lastActiveAt` of a connection.

use std::time::Duration;

use bytes::Bytes;
use hubcast_model::id::SocketId;
use hubcast_model::ports::ConnectionGateway;
use hubcast_model::time::Timestamp;
use signalr_protocol::message::PING;
use tokio::time::sleep;

use super::{Scene, socket_id};
use crate::probe::answer::{Answer, NoAnswer, Seen};

/// The gateway may tell the time in seconds.
const A_SECOND: Duration = Duration::from_millis(1_100);

/// Posts to a socket, then lets its client send, and looks each time.
pub(super) async fn last_active(on: &Scene<'_>) -> Answer {
    let gateway = on.gateway().await?;
    let mut dialogue = on.ready().await?;
    let id = socket_id(&dialogue.id().await?)?;
    let first = looked(on, &id).await?;
    gateway.post(&id, Bytes::from(PING)).await?;
    let posted = looked(on, &id).await?;
    dialogue.ping().await?;
    let sent = looked(on, &id).await?;
    let says = |has_moved: bool| if has_moved { "yes" } else { "no" };
    let (by_post, by_frame) = (says(posted > first), says(sent > posted));
    Ok(Seen::info(format!("a post: {by_post}; a frame of the client: {by_frame}")))
}

/// When a connection was last active; what happens afterwards is at least a second later.
async fn looked(on: &Scene<'_>, id: &SocketId) -> Result<Timestamp, NoAnswer> {
    let known = on.management().await?.last_active(id).await?;
    sleep(A_SECOND).await;
    known.ok_or_else(|| NoAnswer::Failed("the connection is gone".to_owned()))
}
