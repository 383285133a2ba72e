//! How large a frame or a post may be.

use bytes::Bytes;
use hubcast_model::ports::ConnectionGateway;
use serde_json::json;
use serde_json::value::to_raw_value;
use signalr_protocol::framing::frame;
use signalr_protocol::message::invocation_record;

use super::{Scene, socket_id};
use crate::failure::Failure;
use crate::probe::answer::{Answer, NoAnswer, Seen};
use crate::probe::dialogue::{ANSWER_MAX, Observation, is_ping};

/// The largest frame of RFC 6455 that API Gateway takes, in bytes.
const FRAME_MAX: usize = 32 * 1024;
/// The largest message that API Gateway takes, in bytes.
const MESSAGE_MAX: usize = 128 * 1024;

/// Pings of these sizes, in one frame and in several, each on a socket of its own.
pub(super) async fn inbound(on: &Scene<'_>) -> Answer {
    let (mut saw, mut is_fine) = (Vec::new(), false);
    for bytes in [FRAME_MAX, FRAME_MAX + 1, MESSAGE_MAX, MESSAGE_MAX + 1] {
        let seen = answer(on, &padded(bytes), bytes).await?;
        is_fine |= bytes == FRAME_MAX && seen.has(is_ping);
        saw.push(format!("{bytes} bytes in one frame: {}", told(&seen)));
    }
    for bytes in [MESSAGE_MAX, MESSAGE_MAX + 1] {
        let seen = answer(on, &padded(bytes), FRAME_MAX).await?;
        saw.push(format!("{bytes} bytes in frames of {FRAME_MAX}: {}", told(&seen)));
    }
    Ok(Seen::judged(is_fine, saw.join("; ")))
}

/// A ping of so many bytes.
fn padded(bytes: usize) -> String {
    let of = |pad: &str| frame([json!({ "type": 6, "pad": pad }).to_string().as_str()]);
    of(&"x".repeat(bytes.saturating_sub(of("").len())))
}

/// What comes of a frame that is sent in pieces of so many bytes.
async fn answer(on: &Scene<'_>, frame: &str, piece_bytes: usize) -> Result<Observation, NoAnswer> {
    let mut dialogue = on.ready().await?;
    // A socket that is being closed takes no more; the close is what the probe looks at.
    let _ = dialogue.send_in_pieces(frame, piece_bytes).await;
    Ok(dialogue.observe(ANSWER_MAX).await)
}

fn told(seen: &Observation) -> String {
    if seen.has(is_ping) { "answered".to_owned() } else { seen.text() }
}

/// Posts of these sizes.
pub(super) async fn outbound(on: &Scene<'_>) -> Answer {
    let gateway = on.gateway().await?;
    let (mut saw, mut is_fine) = (Vec::new(), false);
    for bytes in [FRAME_MAX, FRAME_MAX + 1, MESSAGE_MAX, MESSAGE_MAX + 1] {
        let mut dialogue = on.ready().await?;
        let id = socket_id(&dialogue.id().await?)?;
        let outcome = match gateway.post(&id, Bytes::from(notice(bytes)?)).await {
            Ok(()) => {
                is_fine |= bytes == MESSAGE_MAX;
                format!("taken, {}", arrived(&dialogue.observe(ANSWER_MAX).await, bytes))
            }
            Err(err) => format!("refused ({err})"),
        };
        saw.push(format!("{bytes} bytes: {outcome}"));
    }
    Ok(Seen::judged(is_fine, saw.join("; ")))
}

/// A call of so many bytes, of a client method that nobody handles.
fn notice(bytes: usize) -> Result<String, Failure> {
    let of = |pad: &str| to_raw_value(&[pad]).map(|pad| invocation_record("probe", &pad));
    let bare = of("").map_err(|err| Failure::because("no call can be written", err))?;
    let whole = of(&"x".repeat(bytes.saturating_sub(bare.len())));
    whole.map_err(|err| Failure::because("no call can be written", err))
}

fn arrived(seen: &Observation, bytes: usize) -> String {
    match seen {
        Observation::Frame(frame) if frame.len() == bytes => "arrived whole".to_owned(),
        Observation::Frame(frame) => format!("{} bytes of it arrived at once", frame.len()),
        other => other.text(),
    }
}
