//! Events of the exact AWS shape.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use hubcast_core::time::{Clock, SystemClock, Timestamp};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::macros::format_description;

use super::STAGE;

pub(super) const ACCOUNT: &str = "000000000000";
pub(super) const API: &str = "local";

/// A request for an upgrade, as events describe it.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) headers: HeaderMap,
    /// Decoded, in order, repeated names included.
    pub(super) query: Vec<(String, String)>,
}

/// What all events of one socket share.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) connection_id: String,
    pub(super) connected_at: u64,
    pub(super) host: String,
    pub(super) source_ip: String,
    pub(super) user_agent: String,
    /// The authorizer's context; API Gateway hands it to every later event.
    pub(super) authorizer: Map<String, Value>,
}

/// An id like API Gateway's own: 15 characters and a `=`.
pub(super) fn new_id() -> String {
    let random: [u8; 11] = std::array::from_fn(|_| fastrand_byte());
    STANDARD.encode(random).replace(['+', '/'], "x")
}

fn fastrand_byte() -> u8 {
    let mut byte = [0];
    // Without randomness ids could repeat, but nothing here is secret.
    let _ = aws_lc_rs::rand::fill(&mut byte);
    byte[0]
}

fn request_time(at: u64) -> String {
    let format =
        format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");
    let seconds = i64::try_from(at / 1000).unwrap_or_default();
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok();
    time.and_then(|time| time.format(&format).ok()).unwrap_or_default()
}

fn now() -> u64 {
    Clock::now(&SystemClock).as_millis()
}

fn context(session: &Session, route: &str, event_type: &str) -> Map<String, Value> {
    let at = now();
    let request_id = new_id();
    let context = json!({
        "routeKey": route,
        "eventType": event_type,
        "extendedRequestId": request_id,
        "requestTime": request_time(at),
        "messageDirection": "IN",
        "stage": STAGE,
        "connectedAt": session.connected_at,
        "requestTimeEpoch": at,
        "identity": { "sourceIp": session.source_ip, "userAgent": session.user_agent },
        "requestId": request_id,
        "domainName": session.host,
        "connectionId": session.connection_id,
        "apiId": API,
    });
    let Value::Object(mut context) = context else { return Map::new() };
    if !session.authorizer.is_empty() {
        context.insert("authorizer".to_owned(), Value::Object(session.authorizer.clone()));
    }
    context
}

/// The header and query maps of `$connect`; later events have none.
fn request_maps(request: &Request) -> Map<String, Value> {
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in &request.headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers.entry(name.as_str().to_owned()).or_default().push(value);
    }
    let mut query: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in &request.query {
        query.entry(name.clone()).or_default().push(value.clone());
    }
    let last = |map: &BTreeMap<String, Vec<String>>| -> Map<String, Value> {
        map.iter().map(|(name, values)| (name.clone(), json!(values.last()))).collect()
    };
    let mut maps = Map::new();
    maps.insert("headers".to_owned(), Value::Object(last(&headers)));
    maps.insert("multiValueHeaders".to_owned(), json!(headers));
    if !query.is_empty() {
        maps.insert("queryStringParameters".to_owned(), Value::Object(last(&query)));
        maps.insert("multiValueQueryStringParameters".to_owned(), json!(query));
    }
    maps
}

/// The event of the REQUEST authorizer on `$connect`.
pub(super) fn authorize(session: &Session, request: &Request) -> Value {
    let mut event = request_maps(request);
    event.insert("type".to_owned(), json!("REQUEST"));
    let arn = format!("arn:aws:execute-api:us-east-1:{ACCOUNT}:{API}/{STAGE}/$connect");
    event.insert("methodArn".to_owned(), json!(arn));
    let context = context(session, "$connect", "CONNECT");
    event.insert("requestContext".to_owned(), Value::Object(context));
    Value::Object(event)
}

/// The `$connect` event.
pub(super) fn connect(session: &Session, request: &Request) -> Value {
    let mut event = request_maps(request);
    let context = context(session, "$connect", "CONNECT");
    event.insert("requestContext".to_owned(), Value::Object(context));
    event.insert("isBase64Encoded".to_owned(), json!(false));
    Value::Object(event)
}

/// The event of a message on the route that it selected.
pub(super) fn message(session: &Session, route: &str, body: &str) -> Value {
    let mut context = context(session, route, "MESSAGE");
    context.insert("messageId".to_owned(), json!(new_id()));
    json!({ "requestContext": context, "body": body, "isBase64Encoded": false })
}

/// The `$disconnect` event.
pub(super) fn disconnect(session: &Session, code: u16, reason: &str) -> Value {
    let mut context = context(session, "$disconnect", "DISCONNECT");
    context.insert("disconnectStatusCode".to_owned(), json!(code));
    context.insert("disconnectReason".to_owned(), json!(reason));
    json!({ "requestContext": context, "isBase64Encoded": false })
}

/// What API Gateway sends to the client itself when an integration fails. It ends in no record separator.
pub(super) fn internal_error(session: &Session) -> String {
    let (connection_id, request_id) = (&session.connection_id, new_id());
    json!({ "message": "Internal server error", "connectionId": connection_id, "requestId": request_id })
        .to_string()
}

/// A point in time as `GetConnection` answers it.
pub(super) fn iso(at: u64) -> String {
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    let nanos = i128::from(Timestamp::from_millis(at).as_millis()) * 1_000_000;
    let time = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok();
    time.and_then(|time| time.format(&format).ok()).unwrap_or_default()
}
