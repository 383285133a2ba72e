//! `@connections`: API Gateway's own management API.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderName, Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::event::iso;
use super::registry::SendError;
use super::{Functions, Gateway, STAGE};

/// The largest frame that a backend can post, in bytes.
const POST_MAX_BYTES: usize = 128 * 1024;
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// The id of the connection in `/{stage}/@connections/{id}`; SDKs encode the `@` and the `=`.
pub fn connection_id(path: &str) -> Option<String> {
    let path = percent_decode_str(path).decode_utf8().ok()?;
    let path = path.strip_prefix('/')?.strip_prefix(STAGE)?;
    path.strip_prefix("/@connections/").map(str::to_owned)
}

/// Answers a request for `/{stage}/@connections/{id}`.
pub fn management_request<F: Functions>(
    gateway: &Gateway<F>,
    method: &Method,
    id: &str,
    body: Bytes,
) -> Response {
    if !is_well_formed(id) {
        let text = format!("Invalid connectionId: {id}");
        return error(StatusCode::BAD_REQUEST, "BadRequestException", &text);
    }
    match *method {
        Method::POST => post(gateway, id, body),
        Method::GET => get(gateway, id),
        Method::DELETE => delete(gateway, id),
        _ => error(StatusCode::METHOD_NOT_ALLOWED, "BadRequestException", "Unsupported method"),
    }
}

/// Whether an id is base64; API Gateway refuses other ids before a look-up.
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
    match entry.send(text) {
        Ok(()) => StatusCode::OK.into_response(),
        Err(SendError::Gone) => gone(),
        Err(SendError::Full) => {
            let text = "The client is sending more than the allowed number of requests per unit of time or the WebSocket client side buffer is full.";
            error(StatusCode::TOO_MANY_REQUESTS, "LimitExceededException", text)
        }
    }
}

fn get<F: Functions>(gateway: &Gateway<F>, id: &str) -> Response {
    let Some(entry) = gateway.registry.find(id) else { return gone() };
    let session = &entry.session;
    axum::Json(json!({
        "connectedAt": iso(session.connected_at),
        "identity": { "sourceIp": session.source_ip, "userAgent": session.user_agent },
        "lastActiveAt": iso(entry.last_active()),
    }))
    .into_response()
}

fn delete<F: Functions>(gateway: &Gateway<F>, id: &str) -> Response {
    // Posts find the connection gone at once; the client gets earlier frames before the end.
    let Some(entry) = gateway.registry.remove(id) else { return gone() };
    entry.close(1000, "Connection Closed Normally");
    StatusCode::NO_CONTENT.into_response()
}

fn gone() -> Response {
    error(StatusCode::GONE, "GoneException", "Gone")
}

fn error(status: StatusCode, kind: &'static str, message: &str) -> Response {
    (status, [(ERROR_TYPE, kind)], axum::Json(json!({ "message": message }))).into_response()
}
