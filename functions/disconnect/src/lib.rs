//! The `$disconnect` route: removes a socket and its channel rows, and tells backends of its end.
//!
//! API Gateway makes its best effort to send this event, and not more; rows
//! of sockets that it does not tell of go by 410 or by their ttl.

pub mod wiring;

use aws_lambda_events::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};
use hubcast_membership::presence::Disconnect;
use hubcast_model::id::SocketId;
use hubcast_model::journey::connection::Ending;
use hubcast_model::ports::StoreError;

/// Removes the socket that an event tells the end of. Safe to repeat.
///
/// # Errors
/// When the table does not answer; Lambda records the failure.
pub async fn handle(
    presence: &impl Disconnect,
    event: ApiGatewayWebsocketProxyRequest,
) -> Result<ApiGatewayProxyResponse, StoreError> {
    let context = &event.request_context;
    let is_end = context.event_type.as_deref() == Some("DISCONNECT");
    let socket = context.connection_id.as_deref().and_then(|id| SocketId::parse(id).ok());
    if let Some(socket) = socket.filter(|_| is_end) {
        presence.disconnect(&socket, &Ending::Disconnected(context.disconnect_status_code)).await?;
    } else {
        // A frame that names this route may select it.
        tracing::warn!("this is not the event of a socket's end");
    }
    let mut response = ApiGatewayProxyResponse::default();
    response.status_code = 200;
    Ok(response)
}
