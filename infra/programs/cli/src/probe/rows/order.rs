//! Which of two answers comes first.

use std::time::Duration;

use bytes::Bytes;
use hubcast_model::ports::ConnectionGateway;
use signalr_protocol::handshake::ACCEPTED;
use tokio::time::Instant;

use super::{Scene, socket_id};
use crate::probe::answer::{Answer, NoAnswer, Seen};
use crate::probe::dialogue::{
    ANSWER_MAX, Dialogue, Observation, call, handshake, is_call, is_completion,
};

/// How many frames are sent at once; a browser's loop without `await` does the like.
const FRAMES: u32 = 20;

/// Sends a handshake and a call in one frame. The function posts the handshake's answer, waits for
/// the 200 of the post, and answers the call by its reply.
pub(super) async fn post_first(on: &Scene<'_>) -> Answer {
    let mut posts_first = 0;
    for _ in 0..on.effort.rounds {
        let mut dialogue = Dialogue::open(&on.target.socket).await?;
        let call = call("GetConnectionId", Some("1"))?.encode();
        dialogue.send(handshake() + &call).await?;
        let first = dialogue.observe(ANSWER_MAX).await;
        posts_first += u32::from(is_handshake_answer(&first));
        dialogue.close().await;
    }
    let rounds = on.effort.rounds;
    Ok(Seen::judged(posts_first == rounds, format!("in {posts_first} of {rounds} rounds")))
}

fn is_handshake_answer(seen: &Observation) -> bool {
    matches!(seen, Observation::Frame(frame) if frame.starts_with(ACCEPTED))
}

/// From outside nobody sees when a function ends. So posts begin at several moments after a frame
/// was sent. The row tells from which moment on a post comes after the reply.
pub(super) async fn reply_first(on: &Scene<'_>) -> Answer {
    let gateway = on.gateway().await?;
    let mut dialogue = on.ready().await?;
    let id = socket_id(&dialogue.id().await?)?;
    let reply = dialogue.ping().await?;
    let (mut latest_before, mut earliest_after) = (None, None);
    for round in 0..on.effort.rounds {
        let delay = reply * 2 * round / on.effort.rounds;
        dialogue.send(call("GetConnectionId", Some("1"))?.encode()).await?;
        let until = Instant::now() + delay;
        tokio::time::sleep_until(until).await;
        gateway.post(&id, Bytes::from(call("probe", None)?.encode())).await?;
        if reply_came_first(&mut dialogue).await? {
            earliest_after = earliest_after.or(Some(delay));
        } else {
            latest_before = Some(delay);
        }
    }
    Ok(Seen::info(told(reply, latest_before, earliest_after)))
}

/// Sends calls at once, each in a frame of its own. API Gateway invokes the function for each frame
/// side by side, so the order of the answers tells how much of the order of frames is kept.
pub(super) async fn frames(on: &Scene<'_>) -> Answer {
    let mut dialogue = on.ready().await?;
    // The function is warm, and knows the connection.
    dialogue.id().await?;
    for id in 1..=FRAMES {
        dialogue.send(call("GetConnectionId", Some(&id.to_string()))?.encode()).await?;
    }
    let (mut seen, mut latest, mut overtaken) = (0, 0, 0);
    while seen < FRAMES {
        for id in dialogue.await_message(is_completion).await?.answered() {
            seen += 1;
            overtaken += u32::from(id < latest);
            latest = latest.max(id);
        }
    }
    dialogue.close().await;
    let text = format!("{overtaken} of {FRAMES} came after an answer to a later frame");
    Ok(Seen::info(text))
}

async fn reply_came_first(dialogue: &mut Dialogue) -> Result<bool, NoAnswer> {
    let first = dialogue.observe(ANSWER_MAX).await;
    let is_reply = first.has(is_completion);
    if !is_reply && !first.has(is_call) {
        return Err(NoAnswer::Failed(format!("instead of either came {}", first.text())));
    }
    dialogue.await_message(if is_reply { is_call } else { is_completion }).await?;
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
