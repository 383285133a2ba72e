//! The `$default` route: SignalR handshakes, pings and invocations.
//!
//! Always answers 200: an error here would make API Gateway send a frame of
//! its own that no SignalR client can read.

pub mod wiring;

use std::time::Duration;

use aws_lambda_events::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};
use aws_lambda_events::encodings::Body;
use hubcast_connection::frames::{AnswerFrames, turned_away};
use hubcast_model::context::{Admission, Caller};
use hubcast_model::id::SocketId;
use hubcast_model::time::Timestamp;
use signalr_protocol::message::PING;

/// Answers one frame of a client within `patience`.
pub async fn handle(
    frames: &impl AnswerFrames,
    event: ApiGatewayWebsocketProxyRequest,
    patience: Duration,
) -> ApiGatewayProxyResponse {
    if event.request_context.event_type.as_deref() != Some("MESSAGE") {
        tracing::error!("this is not the event of a message");
        return response(String::new());
    }
    let caller = caller(&event);
    let frame = event.body.unwrap_or_default();
    measure(&frame);
    let Some(caller) = caller else {
        tracing::error!("this is not the message of a socket that was authorised");
        return response(turned_away(&frame));
    };
    response(frames.answer(&caller, &frame, patience).await)
}

/// Counts frames, and those that are a ping and nothing else: API Gateway charges for each.
fn measure(frame: &str) {
    metrics::counter!("frames").increment(1);
    metrics::counter!("pings").increment(u64::from(frame == PING));
}

fn caller(event: &ApiGatewayWebsocketProxyRequest) -> Option<Caller> {
    let context = &event.request_context;
    let entry = |name: &str| context.authorizer.fields.get(name)?.as_str().map(str::to_owned);
    Some(Caller {
        socket: SocketId::parse(context.connection_id.as_deref()?).ok()?,
        connected_at: Timestamp::from_millis(u64::try_from(context.connected_at).ok()?),
        admission: Admission::from_context(entry).ok()?,
    })
}

fn response(frame: String) -> ApiGatewayProxyResponse {
    let mut response = ApiGatewayProxyResponse::default();
    response.status_code = 200;
    response.body = (!frame.is_empty()).then_some(Body::Text(frame));
    response
}
