//! The `$disconnect` route: removes a socket and its channel rows, and tells backends of its end.
//!
//! API Gateway makes its best effort to send this event, and not more; rows
//! of sockets that it does not tell of go by 410 or by their ttl.
//!
//! The socket of a line ends alone: its client may come back.

pub mod wiring;

use aws_lambda_events::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};
use hubcast_membership::line_end::{EndLines, LineEndError};
use hubcast_membership::presence::Disconnect;
use hubcast_model::context::line_of;
use hubcast_model::id::SocketId;
use hubcast_model::journey::connection::Ending;
use hubcast_model::ports::StoreError;

/// The ends of sockets, and of lines, which have one socket after another.
#[derive(Debug)]
pub struct Exits<P, L> {
    /// Removes sockets.
    pub presence: P,
    /// Ends lines.
    pub lines: L,
}

/// Carries out the end that an event tells of: of a socket, or of the socket that a line has now.
/// Safe to repeat.
///
/// # Errors
/// When the table does not answer; Lambda records the failure.
pub async fn handle<P: Disconnect, L: EndLines>(
    exits: &Exits<P, L>,
    event: ApiGatewayWebsocketProxyRequest,
) -> Result<ApiGatewayProxyResponse, LineEndError> {
    let Some((line, socket)) = line_end(&event) else {
        return Ok(end_socket(&exits.presence, event).await?);
    };
    let code = event.request_context.disconnect_status_code;
    exits.lines.socket_gone(&line, &socket, code).await?;
    Ok(done())
}

/// The line that lost a socket, and the socket; `None` when the event tells of no such loss.
fn line_end(event: &ApiGatewayWebsocketProxyRequest) -> Option<(SocketId, SocketId)> {
    let context = &event.request_context;
    let entry = |name: &str| context.authorizer.fields.get(name)?.as_str().map(str::to_owned);
    if context.event_type.as_deref() != Some("DISCONNECT") {
        return None;
    }
    Some((line_of(entry)?, SocketId::parse(context.connection_id.as_deref()?).ok()?))
}

/// Removes the socket that an event tells the end of. Safe to repeat.
///
/// # Errors
/// When the table does not answer; Lambda records the failure.
pub async fn end_socket(
    presence: &impl Disconnect,
    event: ApiGatewayWebsocketProxyRequest,
) -> Result<ApiGatewayProxyResponse, StoreError> {
    let context = &event.request_context;
    let is_end = context.event_type.as_deref() == Some("DISCONNECT");
    let socket = context.connection_id.as_deref().and_then(|id| SocketId::parse(id).ok());
    if let Some(socket) = socket.filter(|_| is_end) {
        if let Some(why) = why(context.disconnect_status_code, context.disconnect_reason.as_deref())
        {
            presence.note_end(&socket, &why).await;
        }
        presence.disconnect(&socket, &Ending::Disconnected(context.disconnect_status_code)).await?;
    } else {
        // A frame that names this route may select it.
        tracing::warn!("this is not the event of a socket's end");
    }
    Ok(done())
}

fn done() -> ApiGatewayProxyResponse {
    let mut response = ApiGatewayProxyResponse::default();
    response.status_code = 200;
    response
}

/// Why a socket ended, as its close code says. Clients that go by themselves have no reason.
/// <https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1>
fn why(code: Option<i64>, reason: Option<&str>) -> Option<String> {
    match (code?, reason.unwrap_or_default()) {
        // Browsers say 1001 when their page goes, without these words.
        (1001, "Going away") => Some(
            "The connection was idle for too long, or had reached the two hours of a socket."
                .to_owned(),
        ),
        (1000 | 1001 | 1005, _) => None,
        (1006, _) => Some("The connection was lost.".to_owned()),
        (1009, _) => Some("The client sent a frame that is too large.".to_owned()),
        (code, _) => Some(format!("The socket was closed with the code {code}.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_reasons_unless_a_client_went_by_itself() {
        for (code, reason) in [(1000, "Connection Closed Normally"), (1005, ""), (1001, "")] {
            assert_eq!(why(Some(code), Some(reason)), None);
        }
        assert_eq!(why(None, None), None);
        for (code, word) in [(1001, "idle"), (1006, "lost"), (1009, "too large"), (4000, "4000")] {
            let told = why(Some(code), Some("Going away")).unwrap_or_default();
            assert!(told.contains(word), "{told}");
        }
    }
}
