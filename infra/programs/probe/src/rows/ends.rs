//! How answers and sockets end.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use futures_util::future::try_join_all;
use hubcast_model::ports::PostError;
use serde_json::json;
use tokio::time::Instant;

use super::{Scene, skipped};
use crate::socket::{HANDSHAKE, Heard, PING, RS, Socket, invocation};

/// More at once on one socket are too many for hubcast itself.
const FRAMES_OF_A_SOCKET: usize = 25;

/// A call without an id gets no answer, so the function replies with nothing.
pub(super) async fn empty_reply(on: &Scene<'_>) -> Result<String> {
    let mut socket = on.ready().await?;
    socket.send(&invocation("GetConnectionId", None)).await?;
    Ok(match socket.hear(on.patience()).await {
        Heard::Silence => "no: nothing came".to_owned(),
        Heard::Frame(frame) if frame.is_empty() => "yes: an empty frame came".to_owned(),
        heard => format!("something else: {}", heard.text()),
    })
}

/// A second handshake gets Close, and the frame after it ends the socket.
pub(super) async fn close_read(on: &Scene<'_>) -> Result<String> {
    let mut socket = on.ready().await?;
    socket.send(HANDSHAKE).await?;
    let first = socket.hear(Duration::from_secs(15)).await;
    socket.send(PING).await?;
    let then = socket.hear(Duration::from_secs(15)).await;
    let read = if first.has(7) { "yes" } else { "no" };
    Ok(format!("{read}: first came {}, then {}", first.text(), then.text()))
}

/// A backend's `close` posts Close and deletes the socket a second later.
pub(super) async fn log_out(on: &Scene<'_>) -> Result<String> {
    let queue = on.queue()?;
    let mut socket = on.ready().await?;
    let id = socket.id().await?;
    queue.send(&json!({ "hub": on.options.hub, "connectionId": id, "action": "close" })).await?;
    let first = socket.hear(Duration::from_secs(30)).await;
    let start = Instant::now();
    let then = socket.hear(Duration::from_secs(15)).await;
    let read = if first.has(7) { "yes" } else { "no" };
    let millis = start.elapsed().as_millis();
    Ok(format!("{read}: first came {}, {millis} ms later {}", first.text(), then.text()))
}

/// Posts to a socket that was closed by its client, until one hears of it.
pub(super) async fn gone(on: &Scene<'_>) -> Result<String> {
    let poster = on.poster()?;
    let mut socket = on.ready().await?;
    let id = socket.id().await?;
    socket.close().await;
    let start = Instant::now();
    let mut accepted = 0;
    while start.elapsed() < on.patience() {
        match poster.post(&id, format!("{{\"type\":6}}{RS}")).await {
            Ok(()) => accepted += 1,
            Err(PostError::Gone) => {
                let millis = start.elapsed().as_millis();
                return Ok(format!("410 after {millis} ms; {accepted} posts were accepted before"));
            }
            Err(err) => return Err(err.into()),
        }
    }
    Ok(format!("not within {} ms: {accepted} posts were accepted", on.options.patience_ms))
}

/// Sends many frames at once, and sorts what comes.
pub(super) async fn throttle(on: &Scene<'_>) -> Result<String> {
    let frames = on.options.flood;
    let frames =
        frames.ok_or_else(|| skipped("needs --flood FRAMES, which spends everybody's quota"))?;
    let sockets = (0..frames.div_ceil(FRAMES_OF_A_SOCKET)).map(|_| settled(on));
    let sockets = try_join_all(sockets).await?;
    let sent = sockets.len() * FRAMES_OF_A_SOCKET;
    let flood = sockets.into_iter().map(|socket| flooded(socket, on.patience()));
    let mut came: BTreeMap<String, usize> = BTreeMap::new();
    for heard in try_join_all(flood).await?.concat() {
        *came.entry(heard.text()).or_default() += 1;
    }
    let came: Vec<String> = came.iter().map(|(what, times)| format!("{times} x {what}")).collect();
    Ok(format!("of {sent} frames came {}", came.join(", ")))
}

/// A socket whose first answer is there, so that what comes late comes of the flood.
async fn settled(on: &Scene<'_>) -> Result<Socket> {
    let mut socket = on.ready().await?;
    socket.id().await?;
    Ok(socket)
}

async fn flooded(mut socket: Socket, patience: Duration) -> Result<Vec<Heard>> {
    for _ in 0..FRAMES_OF_A_SOCKET {
        socket.send(PING).await?;
    }
    let mut came = Vec::new();
    loop {
        let heard = socket.hear(patience).await;
        if heard == Heard::Silence {
            return Ok(came);
        }
        let is_end = matches!(heard, Heard::Closed(_));
        came.push(heard);
        if is_end {
            return Ok(came);
        }
    }
}

/// Waits without a word.
pub(super) async fn idle(on: &Scene<'_>) -> Result<String> {
    let seconds = on.options.idle_seconds;
    let seconds = seconds.ok_or_else(|| skipped("needs --idle-seconds, 620 to see the end"))?;
    let mut socket = on.ready().await?;
    let start = Instant::now();
    let heard = socket.hear(Duration::from_secs(seconds)).await;
    Ok(format!("after {} s came {}", start.elapsed().as_secs(), heard.text()))
}
