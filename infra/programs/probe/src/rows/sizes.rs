//! How large a frame or a post may be.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::Scene;
use crate::socket::{Heard, RS};

const FRAME_MAX: usize = 32 * 1024;
const MESSAGE_MAX: usize = 128 * 1024;

/// Pings of these sizes, in one frame and in several, each on a socket of its own.
pub(super) async fn inbound(on: &Scene<'_>) -> Result<String> {
    let mut saw = Vec::new();
    for bytes in [FRAME_MAX, FRAME_MAX + 1, MESSAGE_MAX, MESSAGE_MAX + 1] {
        let heard = answer(on, vec![Message::text(padded(bytes))]).await?;
        saw.push(format!("{bytes} bytes in one frame: {}", told(&heard)));
    }
    for bytes in [MESSAGE_MAX, MESSAGE_MAX + 1] {
        let heard = answer(on, pieces(&padded(bytes))).await?;
        saw.push(format!("{bytes} bytes in frames of {FRAME_MAX}: {}", told(&heard)));
    }
    Ok(saw.join("; "))
}

/// A ping of so many bytes.
fn padded(bytes: usize) -> String {
    let bare = format!("{{\"type\":6,\"pad\":\"\"}}{RS}").len();
    format!("{{\"type\":6,\"pad\":\"{}\"}}{RS}", "x".repeat(bytes.saturating_sub(bare)))
}

fn pieces(text: &str) -> Vec<Message> {
    let chunks: Vec<&[u8]> = text.as_bytes().chunks(FRAME_MAX).collect();
    let frame = |(at, chunk): (usize, &&[u8])| {
        let code = if at == 0 { Data::Text } else { Data::Continue };
        let is_last = at + 1 == chunks.len();
        Message::Frame(Frame::message(chunk.to_vec(), OpCode::Data(code), is_last))
    };
    chunks.iter().enumerate().map(frame).collect()
}

async fn answer(on: &Scene<'_>, messages: Vec<Message>) -> Result<Heard> {
    let mut socket = on.ready().await?;
    for message in messages {
        // A socket that is being closed takes no more; the close is what is looked at.
        if socket.send_message(message).await.is_err() {
            break;
        }
    }
    Ok(socket.hear(Duration::from_secs(15)).await)
}

fn told(heard: &Heard) -> String {
    if heard.has(6) { "answered".to_owned() } else { heard.text() }
}

/// Posts of these sizes.
pub(super) async fn outbound(on: &Scene<'_>) -> Result<String> {
    let poster = on.poster()?;
    let mut saw = Vec::new();
    for bytes in [FRAME_MAX, FRAME_MAX + 1, MESSAGE_MAX, MESSAGE_MAX + 1] {
        let mut socket = on.ready().await?;
        let id = socket.id().await?;
        let outcome = match poster.post(&id, notice(bytes)).await {
            Ok(()) => {
                format!("taken, {}", arrived(&socket.hear(Duration::from_secs(15)).await, bytes))
            }
            Err(err) => format!("refused ({err})"),
        };
        saw.push(format!("{bytes} bytes: {outcome}"));
    }
    Ok(saw.join("; "))
}

/// A call of a client method that nobody handles, of so many bytes.
fn notice(bytes: usize) -> String {
    let of =
        |pad: &str| format!("{}{RS}", json!({ "type": 1, "target": "probe", "arguments": [pad] }));
    of(&"x".repeat(bytes.saturating_sub(of("").len())))
}

fn arrived(heard: &Heard, bytes: usize) -> String {
    match heard {
        Heard::Frame(frame) if frame.len() == bytes => "arrived whole".to_owned(),
        Heard::Frame(frame) => format!("{} bytes of it arrived at once", frame.len()),
        other => other.text(),
    }
}
