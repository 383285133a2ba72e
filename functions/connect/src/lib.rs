//! The `$connect` route: takes the claim on a connection and records the socket.
//!
//! The token was checked by the authorizer; what it found is in the event.

pub mod wiring;

use aws_lambda_events::apigw::{ApiGatewayProxyResponse, ApiGatewayWebsocketProxyRequest};
use aws_lambda_events::encodings::Body;
use hubcast_connection::connect::{Connect, ConnectError, ConnectRequest};
use hubcast_model::context::{Admission, LATE};
use hubcast_model::id::{HubName, SocketId};
use hubcast_model::query::{self, HUB, is_secret};
use hubcast_model::report::chain;
use hubcast_model::time::Timestamp;
use hubcast_model::values::Values;

/// Lets a socket in (200) or refuses the upgrade (403, 409, 500).
pub async fn handle(
    reception: &impl Connect,
    event: ApiGatewayWebsocketProxyRequest,
) -> ApiGatewayProxyResponse {
    let Some(admission) = admission(&event) else {
        tracing::error!("this is not the connect event of a socket that was authorised");
        return response(500, "Internal server error");
    };
    let Some(request) = request(&event, &admission) else {
        return response(403, "one valid hub is needed, and one origin at most");
    };
    match reception.connect(request).await {
        Ok(()) => response(200, ""),
        Err(err) => refusal(&err),
    }
}

fn admission(event: &ApiGatewayWebsocketProxyRequest) -> Option<Admission> {
    let context = &event.request_context;
    let entry = |name: &str| context.authorizer.fields.get(name)?.as_str().map(str::to_owned);
    let is_connect = context.event_type.as_deref() == Some("CONNECT");
    is_connect.then(|| Admission::from_context(entry).ok()).flatten()
}

fn request<'a>(
    event: &'a ApiGatewayWebsocketProxyRequest,
    admission: &'a Admission,
) -> Option<ConnectRequest<'a>> {
    let context = &event.request_context;
    let hub = query::single(event.multi_value_query_string_parameters.iter(), HUB).ok()?;
    // Without the map of lists there is still the one of last values.
    let last = || query::single(event.query_string_parameters.iter(), HUB).ok()?;
    let hub = hub.or_else(last)?;
    if event.multi_value_headers.get_all("origin").iter().count() > 1 {
        return None;
    }
    Some(ConnectRequest {
        socket: SocketId::parse(context.connection_id.as_deref()?).ok()?,
        admission,
        hub: HubName::parse(hub).ok()?,
        query: told_query(event),
        // An origin that cannot be read is one, and nobody listed it.
        origin: event.headers.get("origin").map(|origin| origin.to_str().unwrap_or_default()),
        host: context.domain_name.as_deref(),
        connected_at: Timestamp::from_millis(u64::try_from(context.connected_at).ok()?),
        is_late: context.authorizer.fields.contains_key(LATE),
    })
}

/// The query as backends hear of it: without what only hubcast may know.
fn told_query(event: &ApiGatewayWebsocketProxyRequest) -> Values {
    let mut query = Values::new();
    for (name, value) in event.multi_value_query_string_parameters.iter() {
        if !is_secret(name) {
            query.entry(name.to_owned()).or_default().push(value.to_owned());
        }
    }
    query
}

fn refusal(err: &ConnectError) -> ApiGatewayProxyResponse {
    let status = match err {
        ConnectError::WrongHub
        | ConnectError::WrongOrigin
        | ConnectError::Blocked
        | ConnectError::Used => 403,
        ConnectError::InUse | ConnectError::Over => 409,
        ConnectError::Store(_) | ConnectError::Line(_) => {
            tracing::error!(error = %chain(err), "a socket could not be recorded");
            return response(500, "Internal server error");
        }
    };
    tracing::info!(error = %err, status, "a socket was refused");
    response(status, &err.to_string())
}

fn response(status: i64, text: &str) -> ApiGatewayProxyResponse {
    let mut response = ApiGatewayProxyResponse::default();
    response.status_code = status;
    response.body = (!text.is_empty()).then(|| Body::Text(text.to_owned()));
    response
}
