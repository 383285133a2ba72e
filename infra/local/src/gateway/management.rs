//! `@connections`: API Gateway's own management API.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderName, Method, StatusCode};
use serde_json::json;

use super::event::iso;
use super::registry::{NotTaken, Outgoing};
use super::{Functions, Gateway};

/// The largest frame that can be posted.
const POST_MAX_BYTES: usize = 128 * 1024;
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// Answers a request for `/{stage}/@connections/{id}`.
pub fn management_request<F: Functions>(
    gateway: &Gateway<F>,
    method: &Method,
    id: &str,
    body: Bytes,
) -> Response {
    if !is_well_formed(id) {
        return error(StatusCode::BAD_REQUEST, "BadRequestException", "Invalid connectionId");
    }
    match *method {
        Method::POST => post(gateway, id, body),
        Method::GET => get(gateway, id),
        Method::DELETE => delete(gateway, id),
        _ => error(StatusCode::METHOD_NOT_ALLOWED, "BadRequestException", "Unsupported method"),
    }
}

/// Ids are base64; anything else is refused before it is looked up.
fn is_well_formed(id: &str) -> bool {
    !id.is_empty()
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_+/=".contains(&byte))
}

fn post<F: Functions>(gateway: &Gateway<F>, id: &str, body: Bytes) -> Response {
    if body.len() > POST_MAX_BYTES {
        let text = "Message too long";
        return error(StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLargeException", text);
    }
    let Ok(text) = String::from_utf8(body.into()) else {
        let text = "Only text can be posted here";
        return error(StatusCode::BAD_REQUEST, "BadRequestException", text);
    };
    let Some(entry) = gateway.registry.find(id) else { return gone() };
    match entry.send(Outgoing::Text(text)) {
        Ok(()) => StatusCode::OK.into_response(),
        Err(NotTaken::Gone) => gone(),
        Err(NotTaken::Full) => {
            let text = "The client is sending more than the allowed number of requests per unit of time or the WebSocket client side buffer is full.";
            error(StatusCode::TOO_MANY_REQUESTS, "LimitExceededException", text)
        }
    }
}

fn get<F: Functions>(gateway: &Gateway<F>, id: &str) -> Response {
    let Some(entry) = gateway.registry.find(id) else { return gone() };
    axum::Json(json!({
        "connectedAt": iso(entry.connected_at),
        "identity": { "sourceIp": entry.source_ip, "userAgent": entry.user_agent },
        "lastActiveAt": iso(entry.last_active()),
    }))
    .into_response()
}

fn delete<F: Functions>(gateway: &Gateway<F>, id: &str) -> Response {
    let Some(entry) = gateway.registry.find(id) else { return gone() };
    gateway.registry.remove(id);
    // The connection is gone for posts at once; its end reaches the client in order.
    let _ = entry.send(Outgoing::Close { code: 1000, reason: "Connection Closed Normally" });
    StatusCode::NO_CONTENT.into_response()
}

fn gone() -> Response {
    error(StatusCode::GONE, "GoneException", "Gone")
}

fn error(status: StatusCode, kind: &'static str, message: &str) -> Response {
    (status, [(ERROR_TYPE, kind)], axum::Json(json!({ "message": message }))).into_response()
}
