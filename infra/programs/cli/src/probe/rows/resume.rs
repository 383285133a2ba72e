//! A client whose socket is cut comes back to its connection.

use signalr_protocol::message::HubMessage;
use tokio::time::Instant;
use url::Url;

use super::Scene;
use crate::probe::answer::{Answer, NoAnswer, Seen};
use crate::probe::dialogue::{Dialogue, call, is_completion, is_sequence, stateful_handshake};
use crate::probe::target::with;
use hubcast_client::ConnectError;

/// What stands in a row where clients are not offered to come back.
const NOT_OFFERED: &str = "not offered: the parameter StatefulReconnect is off";

/// Goes the whole way of a client with stateful reconnect: negotiation, a call, a cut without a
/// close, another socket at once, and the next call.
pub(super) async fn resume(on: &Scene<'_>) -> Answer {
    let url = on.target.negotiation.as_ref();
    let skipped = NoAnswer::Skipped("a stage has no negotiation; give the public URL");
    let (http, token) = (on.deployment.http()?, &on.target.token);
    let ticket = hubcast_client::negotiate_stateful(&http, url.ok_or(skipped)?, token).await?;
    if !ticket.outlives_sockets {
        return Ok(Seen::info(NOT_OFFERED));
    }
    let socket = with(ticket.socket, "access_token", &ticket.token);
    let mut dialogue = Dialogue::shaken(&socket, stateful_handshake()).await?;
    answered(&mut dialogue, 1).await?;
    drop(dialogue);
    come_back(&socket).await
}

async fn come_back(socket: &Url) -> Answer {
    let start = Instant::now();
    let mut dialogue = match Dialogue::try_open(socket).await {
        Ok(dialogue) => dialogue,
        Err(ConnectError::Refused { status, .. }) => {
            let text = format!("no: the other socket was refused ({status})");
            return Ok(Seen::judged(false, text));
        }
        Err(err) => return Err(err.into()),
    };
    let opened = start.elapsed().as_millis();
    // The call was the first message that counts, and was answered.
    dialogue.send(HubMessage::Sequence { sequence_id: 2 }.encode()).await?;
    dialogue.await_message(is_sequence).await?;
    let told = start.elapsed().as_millis();
    answered(&mut dialogue, 2).await?;
    dialogue.close().await;
    Ok(Seen::ok(format!("yes: a socket after {opened} ms, what was missed after {told} ms")))
}

/// Calls, and waits for the answer to this call; answers to earlier calls may come again.
async fn answered(dialogue: &mut Dialogue, id: u32) -> Result<(), NoAnswer> {
    dialogue.send(call("GetConnectionId", Some(&id.to_string()))?.encode()).await?;
    while !dialogue.await_message(is_completion).await?.answered().contains(&id) {}
    Ok(())
}
