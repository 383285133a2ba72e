//! `$connect`: authorizer, then integration, then the upgrade.
//!
//! The gateway answers the upgrade after `$connect` succeeded. Nobody can post to
//! the connection before.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use hubcast_model::time::{Clock, SystemClock};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use url::form_urlencoded;

use super::event::{self, Request, Session};
use super::registry::Entry;
use super::socket::{End, Socket, run};
use super::{Function, Functions, Gateway, STAGE, URL_MAX_BYTES};

/// The largest frame a client may send, and the largest message.
const FRAME_MAX_BYTES: usize = 32 * 1024;
const MESSAGE_MAX_BYTES: usize = 128 * 1024;
/// The largest answer of an authorizer, in bytes.
const AUTHORIZER_MAX_BYTES: usize = 8 * 1024;

/// Whether a request asks for an upgrade to a WebSocket.
pub fn is_upgrade(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(header::UPGRADE).and_then(|value| value.to_str().ok());
    upgrade.is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket"))
}

/// Accepts a WebSocket at `/client`, `/hubs/{hub}` or the raw stage, or answers why not.
pub async fn upgrade<F: Functions>(
    gateway: Arc<Gateway<F>>,
    peer: SocketAddr,
    parts: &mut Parts,
) -> Response {
    let Some(path_query) = path_query(parts.uri.path()) else {
        return refusal(StatusCode::FORBIDDEN);
    };
    if parts.uri.path_and_query().map_or(0, |target| target.as_str().len()) > URL_MAX_BYTES {
        return refusal(StatusCode::URI_TOO_LONG);
    }
    let (Some(accept), Some(on_upgrade)) =
        (accept_key(parts), parts.extensions.remove::<OnUpgrade>())
    else {
        return refusal(StatusCode::BAD_REQUEST);
    };
    let (session, request) = described(parts, peer, path_query);
    // A task of its own: a client that leaves during `$connect` must not end it half-way.
    let admission = tokio::spawn(gateway.admit(session, request, on_upgrade));
    match admission.await.unwrap_or(Err(StatusCode::INTERNAL_SERVER_ERROR)) {
        Ok(()) => switching(&accept),
        Err(status) => refusal(status),
    }
}

/// Whether a path has sockets.
pub fn has_sockets(path: &str) -> bool {
    path_query(path).is_some()
}

/// The parameters that a path adds to the query, as in the front door; `None` when the path has no
/// sockets.
fn path_query(path: &str) -> Option<Vec<(String, String)>> {
    let path = path.trim_matches('/');
    if path == "client" || path == STAGE {
        return Some(Vec::new());
    }
    let hub = path.strip_prefix("hubs/").filter(|hub| !hub.contains('/'))?;
    let hub = percent_decode_str(hub).decode_utf8_lossy().into_owned();
    Some(vec![("hub".to_owned(), hub)])
}

fn accept_key(parts: &Parts) -> Option<String> {
    let version = parts.headers.get(header::SEC_WEBSOCKET_VERSION)?;
    let key = parts.headers.get(header::SEC_WEBSOCKET_KEY)?;
    let is_handshake = parts.method == Method::GET && version == "13";
    is_handshake.then(|| derive_accept_key(key.as_bytes()))
}

fn switching(accept: &str) -> Response {
    let Ok(accept) = HeaderValue::from_str(accept) else {
        return refusal(StatusCode::INTERNAL_SERVER_ERROR);
    };
    let headers = [
        (header::CONNECTION, HeaderValue::from_static("upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (header::SEC_WEBSOCKET_ACCEPT, accept),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

fn described(
    parts: &Parts,
    peer: SocketAddr,
    path_query: Vec<(String, String)>,
) -> (Session, Request) {
    let header = |name| {
        let value = parts.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let session = Session {
        connection_id: event::new_id(),
        connected_at: SystemClock.now().as_millis(),
        host: header(header::HOST),
        source_ip: peer.ip().to_string(),
        user_agent: header(header::USER_AGENT),
        authorizer: Map::new(),
    };
    let own = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let query = path_query.into_iter().chain(own.into_owned()).collect();
    (session, Request { headers: parts.headers.clone(), query })
}

impl<F: Functions> Gateway<F> {
    /// Registers a socket. Posts find the socket from now on; the upgrade starts its service.
    async fn admit(
        self: Arc<Self>,
        mut session: Session,
        request: Request,
        on_upgrade: OnUpgrade,
    ) -> Result<(), StatusCode> {
        session.authorizer = self.authorize(&session, &request).await?;
        self.connect(&session, &request).await?;
        let (entry, outgoing) = Entry::new(session);
        self.registry.insert(Arc::clone(&entry));
        self.running.send_modify(|running| *running += 1);
        tokio::spawn(async move {
            let Ok(upgraded) = on_upgrade.await else {
                return self.disconnected(&entry.session, &End::abnormal()).await;
            };
            let config = WebSocketConfig::default()
                .max_frame_size(Some(FRAME_MAX_BYTES))
                .max_message_size(Some(MESSAGE_MAX_BYTES));
            let upgraded = TokioIo::new(upgraded);
            let socket = Socket::from_raw_socket(upgraded, Role::Server, Some(config)).await;
            run(self, entry, outgoing, socket).await;
        });
        Ok(())
    }

    /// Invokes the authorizer; answers the authorizer's context.
    async fn authorize(
        &self,
        session: &Session,
        request: &Request,
    ) -> Result<Map<String, Value>, StatusCode> {
        // The identity source must be there, or the authorizer is not even asked.
        if !request.query.iter().any(|(name, value)| name == "hub" && !value.is_empty()) {
            return Err(StatusCode::UNAUTHORIZED);
        }
        let asked = Instant::now();
        let event = event::authorize(session, request);
        let answer = self.invoke(Function::Authorizer, event).await.map_err(|err| {
            if err.0 == "Unauthorized" {
                return StatusCode::UNAUTHORIZED;
            }
            tracing::warn!(error = %err, "the authorizer failed");
            StatusCode::INTERNAL_SERVER_ERROR
        })?;
        if answer.to_string().len() > AUTHORIZER_MAX_BYTES {
            tracing::warn!("the authorizer's answer is larger than 8 KB");
            return Err(StatusCode::INTERNAL_SERVER_ERROR);
        }
        let mut context = allowed(&answer)?;
        let latency = u64::try_from(asked.elapsed().as_millis()).unwrap_or_default();
        context.insert("integrationLatency".to_owned(), json!(latency));
        Ok(context)
    }

    async fn connect(&self, session: &Session, request: &Request) -> Result<(), StatusCode> {
        let event = event::connect(session, request);
        let answer = self.invoke(Function::Connect, event).await;
        let status = answer.ok().and_then(|answer| answer.get("statusCode")?.as_u64());
        match status.and_then(|status| u16::try_from(status).ok()) {
            Some(200..300) => Ok(()),
            Some(status @ 400..600) => {
                Err(StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN))
            }
            _ => Err(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

/// The context of a policy that allows. Numbers and booleans become texts.
fn allowed(answer: &Value) -> Result<Map<String, Value>, StatusCode> {
    let statements = answer.pointer("/policyDocument/Statement").and_then(Value::as_array);
    let statements = statements.ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
    let effects = || statements.iter().filter_map(|statement| statement.get("Effect")?.as_str());
    if effects().any(|effect| effect == "Deny") || !effects().any(|effect| effect == "Allow") {
        return Err(StatusCode::FORBIDDEN);
    }
    let mut context = Map::new();
    let entries = answer.get("context").and_then(Value::as_object);
    for (name, value) in entries.into_iter().flatten() {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            // Lists and objects are not allowed in the context.
            _ => return Err(StatusCode::INTERNAL_SERVER_ERROR),
        };
        context.insert(name.clone(), Value::String(text));
    }
    let principal = answer.get("principalId").and_then(Value::as_str);
    let principal = principal.ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
    context.insert("principalId".to_owned(), Value::String(principal.to_owned()));
    Ok(context)
}

fn refusal(status: StatusCode) -> Response {
    let message = status.canonical_reason().unwrap_or("Forbidden");
    (status, axum::Json(json!({ "message": message }))).into_response()
}
