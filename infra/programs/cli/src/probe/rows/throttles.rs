//! How many posts one socket takes.

use bytes::Bytes;
use futures_util::future::join_all;
use hubcast_model::ports::{ConnectionGateway, PostError};
use signalr_protocol::message::PING;
use tokio::time::Instant;

use super::{Scene, socket_id};
use crate::probe::answer::{Answer, NoAnswer, Seen};

/// How many posts are under way at once; the publisher posts so to one socket in turns.
const AT_ONCE: usize = 16;

/// Posts to one socket until a post is throttled, or all posts are done. The client reads nothing
/// meanwhile, so that the buffer of the socket fills.
pub(super) async fn posts(on: &Scene<'_>) -> Answer {
    let most = on.effort.posts.ok_or(NoAnswer::Skipped("needs --posts N, and --management-url"))?;
    let gateway = on.gateway().await?;
    let mut dialogue = on.ready().await?;
    let id = socket_id(&dialogue.id().await?)?;
    let (start, mut taken) = (Instant::now(), 0);
    while taken < most {
        let round = (0..AT_ONCE.min(most - taken)).map(|_| gateway.post(&id, Bytes::from(PING)));
        for outcome in join_all(round).await {
            match outcome {
                Ok(()) => taken += 1,
                Err(PostError::Throttled) => {
                    let millis = start.elapsed().as_millis();
                    let text = format!("429 after {taken} posts and {millis} ms");
                    return Ok(Seen::info(text));
                }
                Err(err) => return Err(err.into()),
            }
        }
    }
    let millis = start.elapsed().as_millis();
    Ok(Seen::info(format!("no 429: {taken} posts were taken in {millis} ms")))
}
