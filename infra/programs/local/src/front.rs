//! The one port: the router that finds the service of a request.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::response::{Html, IntoResponse, Response};
use axum::{Json, Router};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use hubcast_model::origin::Origins;
use hubcast_model::spelling::json_hint;
use rest::RAW_PATH_HEADER;
use serde_json::json;

use crate::aws;
use crate::door::Peer;
use crate::front_door::{is_of_negotiation, is_of_servers, spelled};
use crate::gateway::{
    Function, connection_id, has_sockets, http_request, is_upgrade, management_request, upgrade,
};
use crate::guard::objection;
use crate::issuer::TokenRequest;
use crate::services::Services;

/// DynamoDB takes bodies of up to 16 MB; nothing here takes more.
const BODY_MAX_BYTES: usize = 16 * 1024 * 1024;

/// Where Lambda tells how the publisher is configured; here only how it logs.
const PUBLISHER_CONFIGURATION: &str = "/2015-03-31/functions/hubcast-publisher/configuration";

/// The routes of the one port.
pub(crate) fn router(services: Arc<Services>) -> Router {
    Router::new().fallback(answer).with_state(services)
}

async fn answer(
    State(services): State<Arc<Services>>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    request: Request,
) -> Response {
    let (mut parts, body) = request.into_parts();
    parts.uri = spelled(parts.uri);
    if let Some(objection) = objection(&parts) {
        return problem(StatusCode::FORBIDDEN, objection);
    }
    if is_of_servers(&parts.uri) {
        services.note_server();
        return negotiation(&services, peer, &parts, &Bytes::new()).await;
    }
    if is_upgrade(&parts.headers) {
        if !has_sockets(parts.uri.path()) {
            return negotiation(&services, peer, &parts, &Bytes::new()).await;
        }
        let _entered = services.enter().await;
        return upgrade(Arc::clone(&services.gateway), peer, &mut parts).await;
    }
    let Ok(body) = axum::body::to_bytes(body, BODY_MAX_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    if let Some(answer) = aws::answer(&services, &parts.headers, &body).await {
        return answer;
    }
    match connection_id(parts.uri.path()) {
        Some(id) => management_request(&services.gateway, &parts.method, &id, body),
        None if parts.uri.path().starts_with("/dev/") => dev(&services, &parts, &body).await,
        None => public(&services, peer, &parts, body).await,
    }
}

async fn public(services: &Services, peer: SocketAddr, parts: &Parts, body: Bytes) -> Response {
    let path = parts.uri.path();
    if path.starts_with("/api/") {
        return backend(services, peer, parts.clone(), body).await;
    }
    if is_of_negotiation(path) {
        return negotiation(services, peer, parts, &body).await;
    }
    match (&parts.method, path) {
        (&Method::GET, PUBLISHER_CONFIGURATION) => publisher_configuration(services),
        // The address of a hub in a browser's address bar.
        (&Method::GET | &Method::HEAD, _) if path.starts_with("/hubs/") => {
            negotiation(services, peer, parts, &body).await
        }
        (&Method::GET | &Method::HEAD, _) => page(services, path).await,
        _ => nothing(),
    }
}

/// How the publisher is configured, as far as anybody here asks: by which names it logs.
fn publisher_configuration(services: &Services) -> Response {
    let environment = json!({ "Variables": services.log_variables });
    Json(json!({ "FunctionName": "hubcast-publisher", "Environment": environment })).into_response()
}

/// Answers by the function that also has all paths that nobody else has.
async fn negotiation(
    services: &Services,
    peer: SocketAddr,
    parts: &Parts,
    body: &Bytes,
) -> Response {
    let _entered = services.enter().await;
    http_request(&services.gateway, Function::Negotiate, parts, peer, body).await
}

async fn page(services: &Services, path: &str) -> Response {
    let built = match &services.demo {
        Some(demo) => demo.answer(path).await,
        None => (path == "/").then(|| Html(welcome(&services.base)).into_response()),
    };
    built.unwrap_or_else(nothing)
}

fn nothing() -> Response {
    let hint = "there is nothing here; hubs are at /hubs/{hub}, SQS and DynamoDB at /, tokens at POST /dev/token";
    (StatusCode::NOT_FOUND, Json(json!({ "message": hint }))).into_response()
}

/// Answers a call of a backend. As the front door of a deployment, this sets the header with the
/// encoded path, whatever the caller sent.
async fn backend(services: &Services, peer: SocketAddr, mut parts: Parts, body: Bytes) -> Response {
    if !services.is_ready() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let path = HeaderValue::from_str(parts.uri.path());
    if let Ok(path) = path {
        parts.headers.insert(HeaderName::from_static(RAW_PATH_HEADER), path);
    }
    http_request(&services.gateway, Function::Rest, &parts, peer, &body).await
}

async fn dev(services: &Services, parts: &Parts, body: &Bytes) -> Response {
    let answer = match (&parts.method, parts.uri.path()) {
        (&Method::OPTIONS, _) => StatusCode::NO_CONTENT.into_response(),
        (&Method::GET, "/dev/.well-known/openid-configuration") => {
            Json(services.issuer.discovery()).into_response()
        }
        (&Method::GET, "/dev/jwks") => Json(services.issuer.keys()).into_response(),
        (&Method::GET, "/dev/counts") => match services.counts().await {
            Ok(counts) => Json(counts).into_response(),
            Err(err) => problem(StatusCode::INTERNAL_SERVER_ERROR, &format!("{err:#}")),
        },
        (&Method::POST, "/dev/token") => token(services, body),
        (&Method::POST, "/dev/rest-token") => match services.issuer.rest_token() {
            Ok(token) => token.into_response(),
            Err(err) => problem(StatusCode::INTERNAL_SERVER_ERROR, &format!("{err:#}")),
        },
        (&Method::POST, "/dev/deploy") => deploy(services, body),
        (&Method::POST, "/dev/reset") => match services.reset().await {
            Ok(()) => StatusCode::NO_CONTENT.into_response(),
            Err(err) => problem(StatusCode::INTERNAL_SERVER_ERROR, &format!("{err:#}")),
        },
        _ => problem(StatusCode::NOT_FOUND, "there is nothing here; try POST /dev/token"),
    };
    with_cors(answer, &parts.headers)
}

fn deploy(services: &Services, body: &Bytes) -> Response {
    let Ok(variables) = serde_json::from_slice(body) else {
        let text =
            "send JSON of variables, such as {\"FRONT_DOOR_SECRET\":\"a-secret-of-16-chars\"}";
        return problem(StatusCode::BAD_REQUEST, text);
    };
    match services.deploy(variables) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(err) => problem(StatusCode::BAD_REQUEST, &format!("{err:#}")),
    }
}

fn token(services: &Services, body: &Bytes) -> Response {
    let request: TokenRequest = match serde_json::from_slice(body) {
        Ok(request) => request,
        Err(err) => {
            let hint = json_hint(&err);
            let text = format!(
                "send JSON such as {{\"sub\":\"alice\",\"groups\":[\"admins\"],\"ttlSeconds\":3600}}: {err}{hint}"
            );
            return problem(StatusCode::BAD_REQUEST, &text);
        }
    };
    match services.issuer.token(request) {
        Ok(token) => Json(token).into_response(),
        Err(err) => problem(StatusCode::BAD_REQUEST, &format!("{err:#}")),
    }
}

fn problem(status: StatusCode, text: &str) -> Response {
    (status, Json(json!({ "error": text }))).into_response()
}

/// Pages of any local origin may use the development endpoints.
fn with_cors(mut answer: Response, request: &HeaderMap) -> Response {
    let origin = request
        .get(header::ORIGIN)
        .filter(|origin| origin.to_str().is_ok_and(|origin| Origins::Localhost.allows(origin)));
    if let Some(origin) = origin {
        let headers = answer.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        let allowed = HeaderValue::from_static("content-type");
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    }
    answer
}

fn welcome(base: &str) -> String {
    let body = format!(
        "<h1>hubcast, locally</h1><p>Hub: <code>{base}/hubs/notifications</code></p>\
         <p>Token: <code>POST {base}/dev/token {{\"sub\":\"alice\"}}</code></p>\
         <p>SQS and DynamoDB endpoint: <code>{base}</code></p>"
    );
    format!("<!doctype html><html lang=\"en\"><title>hubcast</title><body>{body}</body></html>")
}
