//! Which of two answers comes first.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use tokio::time::Instant;

use super::Scene;
use crate::socket::{HANDSHAKE, RS, Socket, invocation};

/// The handshake's answer is a post; what follows it in the same frame is answered by the reply of
/// the same invocation, after that post's 200.
pub(super) async fn post_first(on: &Scene<'_>) -> Result<String> {
    let mut posts_first = 0;
    for _ in 0..on.options.rounds {
        let mut socket = Socket::open(&on.target.socket).await?;
        socket.send(&format!("{HANDSHAKE}{}", invocation("GetConnectionId", Some("1")))).await?;
        let first = socket.hear(Duration::from_secs(15)).await;
        posts_first += usize::from(first.records().first() == Some(&json!({})));
        socket.close().await;
    }
    Ok(format!("in {posts_first} of {} rounds", on.options.rounds))
}

/// From outside nobody sees when a function ends. So posts begin at several moments after a frame
/// was sent, and the moment from which on they come after its reply tells.
pub(super) async fn reply_first(on: &Scene<'_>) -> Result<String> {
    let poster = on.poster()?;
    let mut socket = on.ready().await?;
    let id = socket.id().await?;
    let reply = socket.ping().await?;
    let (mut latest_before, mut earliest_after) = (None, None);
    for round in 0..on.options.rounds {
        let delay = reply * 2 * u32::try_from(round)? / u32::try_from(on.options.rounds)?;
        socket.send(&invocation("GetConnectionId", Some("1"))).await?;
        let until = Instant::now() + delay;
        tokio::time::sleep_until(until).await;
        let mark = json!({ "type": 1, "target": "probe", "arguments": [] });
        poster.post(&id, format!("{mark}{RS}")).await?;
        if reply_came_first(&mut socket).await? {
            earliest_after = earliest_after.or(Some(delay));
        } else {
            latest_before = Some(delay);
        }
    }
    Ok(told(reply, latest_before, earliest_after))
}

async fn reply_came_first(socket: &mut Socket) -> Result<bool> {
    let first = socket.hear(Duration::from_secs(15)).await;
    let is_reply = first.has(3);
    anyhow::ensure!(is_reply || first.has(1), "instead of either came {}", first.text());
    socket.expect(if is_reply { 1 } else { 3 }).await?;
    Ok(is_reply)
}

fn told(reply: Duration, before: Option<Duration>, after: Option<Duration>) -> String {
    let at = |delay: Option<Duration>| {
        delay.map_or_else(|| "never".to_owned(), |delay| format!("{} ms", delay.as_millis()))
    };
    format!(
        "a reply takes {}; after the frame, the latest post before it began at {}, the earliest post after it at {}",
        at(Some(reply)),
        at(before),
        at(after)
    )
}
