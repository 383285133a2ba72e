//! How answers and sockets end.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::try_join_all;
use hubcast_model::envelope::{Action, Content};
use hubcast_model::ports::{ConnectionGateway, PostError};

use signalr_protocol::message::{Close, HubMessage, PING};
use tokio::time::Instant;

use super::{Scene, own, socket_id};
use crate::probe::answer::{Answer, NoAnswer, Seen};
use crate::probe::dialogue::{
    ANSWER_MAX, Dialogue, Observation, handshake, is_close, is_ping, quiet_frame,
};

/// hubcast itself refuses more frames at once on one socket.
const FRAMES_OF_A_SOCKET: usize = 25;

/// A client that says that it leaves gets no answer, so the function replies with nothing.
pub(super) async fn empty_reply(on: &Scene<'_>) -> Answer {
    let mut dialogue = on.ready().await?;
    dialogue.send(HubMessage::Close(Close::default()).encode()).await?;
    Ok(match dialogue.observe(on.effort.patience()).await {
        Observation::Silence => Seen::ok("no: nothing came"),
        // Clients ignore it.
        Observation::Frame(frame) if frame.is_empty() => Seen::info("yes: an empty frame came"),
        other => Seen::judged(false, format!("something else: {}", other.text())),
    })
}

/// A second handshake gets Close, and the next frame ends the socket.
pub(super) async fn close_read(on: &Scene<'_>) -> Answer {
    let mut dialogue = on.ready().await?;
    dialogue.send(handshake()).await?;
    let first = dialogue.observe(ANSWER_MAX).await;
    dialogue.send(PING).await?;
    let then = dialogue.observe(ANSWER_MAX).await;
    let is_read = first.has(is_close);
    let read = if is_read { "yes" } else { "no" };
    let text = format!("{read}: first came {}, then {}", first.text(), then.text());
    Ok(Seen::judged(is_read, text))
}

/// A backend's `close` posts Close and deletes the socket a second later.
pub(super) async fn log_out(on: &Scene<'_>) -> Answer {
    let queue = on.queue().await?;
    let mut dialogue = on.ready().await?;
    let id = dialogue.id().await?;
    let close =
        Action::Close { audience: own(&id)?, reason: None, allow_reconnect: false, revoke: None };
    on.send(&queue, Content::Action(close)).await?;
    let first = dialogue.observe(Duration::from_secs(30)).await;
    let start = Instant::now();
    let then = dialogue.observe(ANSWER_MAX).await;
    let (is_read, millis) = (first.has(is_close), start.elapsed().as_millis());
    let read = if is_read { "yes" } else { "no" };
    let text = format!("{read}: first came {}, {millis} ms later {}", first.text(), then.text());
    Ok(Seen::judged(is_read, text))
}

/// The management API deletes a socket, as hubcast does to cut it.
pub(super) async fn cut_code(on: &Scene<'_>) -> Answer {
    let gateway = on.gateway().await?;
    let mut dialogue = on.ready().await?;
    let id = socket_id(&dialogue.id().await?)?;
    let start = Instant::now();
    gateway.delete(&id).await?;
    let seen = dialogue.observe(ANSWER_MAX).await;
    Ok(Seen::info(format!("{}, after {} ms", seen.text(), start.elapsed().as_millis())))
}

/// The client closes a socket, and posts go on until one is answered by 410.
pub(super) async fn gone(on: &Scene<'_>) -> Answer {
    let gateway = on.gateway().await?;
    let mut dialogue = on.ready().await?;
    let id = socket_id(&dialogue.id().await?)?;
    dialogue.close().await;
    let start = Instant::now();
    let mut accepted = 0;
    while start.elapsed() < on.effort.patience() {
        match gateway.post(&id, Bytes::from(PING)).await {
            Ok(()) => accepted += 1,
            Err(PostError::Gone) => {
                let millis = start.elapsed().as_millis();
                let text = format!("410 after {millis} ms; {accepted} posts were accepted before");
                return Ok(Seen::info(text));
            }
            Err(err) => return Err(err.into()),
        }
    }
    let millis = on.effort.patience().as_millis();
    Ok(Seen::info(format!("not within {millis} ms: {accepted} posts were accepted")))
}

/// Sends many frames at once, and sorts what comes.
pub(super) async fn throttle(on: &Scene<'_>) -> Answer {
    let frames = on.effort.flood;
    let frames =
        frames.ok_or(NoAnswer::Skipped("needs --flood FRAMES, which spends everybody's quota"))?;
    let dialogues = (0..frames.div_ceil(FRAMES_OF_A_SOCKET)).map(|_| quiet(on));
    let dialogues = try_join_all(dialogues).await?;
    let sent = dialogues.len() * FRAMES_OF_A_SOCKET;
    let flood = dialogues.into_iter().map(|dialogue| flooded(dialogue, on.effort.patience()));
    let mut came: BTreeMap<String, usize> = BTreeMap::new();
    let mut is_fine = true;
    for seen in try_join_all(flood).await?.concat() {
        is_fine &= seen.has(is_ping);
        *came.entry(seen.text()).or_default() += 1;
    }
    let came: Vec<String> = came.iter().map(|(what, times)| format!("{times} x {what}")).collect();
    Ok(Seen::judged(is_fine, format!("of {sent} frames came {}", came.join(", "))))
}

/// A dialogue that had one answer, so that all later frames come of the flood.
async fn quiet(on: &Scene<'_>) -> Result<Dialogue, NoAnswer> {
    let mut dialogue = on.ready().await?;
    dialogue.id().await?;
    Ok(dialogue)
}

async fn flooded(mut dialogue: Dialogue, patience: Duration) -> Result<Vec<Observation>, NoAnswer> {
    for _ in 0..FRAMES_OF_A_SOCKET {
        dialogue.send(quiet_frame()).await?;
    }
    let mut came = Vec::new();
    loop {
        let seen = dialogue.observe(patience).await;
        if seen == Observation::Silence {
            return Ok(came);
        }
        let is_end = matches!(seen, Observation::End(_));
        came.push(seen);
        if is_end {
            return Ok(came);
        }
    }
}

/// Sends nothing, and waits for the end of the socket.
pub(super) async fn idle(on: &Scene<'_>) -> Answer {
    let seconds = on.effort.idle_seconds;
    let seconds = seconds.ok_or(NoAnswer::Skipped("needs --idle-seconds, 620 to see the end"))?;
    let mut dialogue = on.ready().await?;
    let start = Instant::now();
    let seen = dialogue.observe(Duration::from_secs(seconds)).await;
    let text = format!("after {} s came {}", start.elapsed().as_secs(), seen.text());
    Ok(Seen::info(text))
}
