//! `$connect`: authorizer, then integration, then the upgrade.
//!
//! The upgrade is answered only when `$connect` succeeded, and nothing can be
//! posted to the connection before.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, Uri};
use hubcast_core::time::{Clock, SystemClock};
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::event::{self, Request, Session};
use super::registry::Entry;
use super::socket::run;
use super::{Function, Functions, Gateway, URL_MAX_BYTES};

/// The largest frame a client may send, and the largest message.
const FRAME_MAX_BYTES: usize = 32 * 1024;
const MESSAGE_MAX_BYTES: usize = 128 * 1024;
/// The largest answer of an authorizer.
const AUTHORIZER_MAX_BYTES: usize = 8 * 1024;

/// A request for an upgrade.
#[derive(Debug)]
pub struct Handshake {
    /// Its target.
    pub uri: Uri,
    /// Its headers.
    pub headers: HeaderMap,
    /// Who sent it.
    pub peer: SocketAddr,
    /// The hub of a `/hubs/{hub}` path, which the front door turns into a query parameter.
    pub path_hub: Option<String>,
}

/// Takes a WebSocket in, or answers why not.
pub async fn upgrade<F: Functions>(
    gateway: Arc<Gateway<F>>,
    handshake: Handshake,
    web_socket: WebSocketUpgrade,
) -> Response {
    let url_bytes = handshake.uri.path_and_query().map_or(0, |target| target.as_str().len());
    if url_bytes > URL_MAX_BYTES {
        return refusal(StatusCode::URI_TOO_LONG);
    }
    let (mut session, request) = described(handshake);
    match gateway.authorize(&session, &request).await {
        Ok(context) => session.authorizer = context,
        Err(status) => return refusal(status),
    }
    if let Err(status) = gateway.connect(&session, &request).await {
        return refusal(status);
    }
    let (ip, agent) = (session.source_ip.clone(), session.user_agent.clone());
    let (entry, outgoing) = Entry::new(session.connected_at, ip, agent);
    gateway.registry.insert(&session.connection_id, Arc::clone(&entry));
    let failed = (Arc::clone(&gateway), session.clone());
    web_socket
        .max_frame_size(FRAME_MAX_BYTES)
        .max_message_size(MESSAGE_MAX_BYTES)
        .on_failed_upgrade(move |_| {
            let (gateway, session) = failed;
            tokio::spawn(async move { gateway.disconnected(&session, 1006, "").await });
        })
        .on_upgrade(move |socket| run(gateway, session, socket, (entry, outgoing)))
}

fn described(handshake: Handshake) -> (Session, Request) {
    let header = |name| {
        let value = handshake.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let session = Session {
        connection_id: event::new_id(),
        connected_at: SystemClock.now().as_millis(),
        host: header("host"),
        source_ip: handshake.peer.ip().to_string(),
        user_agent: header("user-agent"),
        authorizer: Map::new(),
    };
    let raw = handshake.uri.query().unwrap_or_default();
    let own = form_urlencoded::parse(raw.as_bytes()).into_owned();
    let hub = handshake.path_hub.map(|hub| ("hub".to_owned(), hub));
    let query = hub.into_iter().chain(own).collect();
    (session, Request { headers: handshake.headers, query })
}

impl<F: Functions> Gateway<F> {
    /// Asks the authorizer; answers its context.
    async fn authorize(
        &self,
        session: &Session,
        request: &Request,
    ) -> Result<Map<String, Value>, StatusCode> {
        // The identity source must be there, or the authorizer is not even asked.
        if !request.query.iter().any(|(name, value)| name == "hub" && !value.is_empty()) {
            return Err(StatusCode::UNAUTHORIZED);
        }
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
        allowed(&answer)
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

/// The context of a policy that allows; numbers and booleans become texts on the way.
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
    (status, axum::Json(serde_json::json!({ "message": message }))).into_response()
}
