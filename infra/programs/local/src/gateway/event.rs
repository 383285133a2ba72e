//! Events of the exact AWS shape.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use http::{HeaderMap, HeaderName, header};
use hubcast_model::time::{Clock, SystemClock, Timestamp};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::macros::format_description;

use super::STAGE;

pub(super) const ACCOUNT: &str = "000000000000";
pub(super) const API: &str = "local";
/// Headers of the upgrade itself, which events leave out.
const HOP_BY_HOP: [HeaderName; 2] = [header::CONNECTION, header::UPGRADE];

/// A request for an upgrade, as events describe it.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// The headers of the request.
    pub(super) headers: HeaderMap,
    /// The parameters of the query: decoded, in order, repeated names included.
    pub(super) query: Vec<(String, String)>,
}

/// The session of one socket: the part that all events of the socket share.
#[derive(Debug, Clone)]
pub(super) struct Session {
    /// API Gateway's id of the connection.
    pub(super) connection_id: String,
    /// When the socket was opened, in milliseconds since 1970.
    pub(super) connected_at: u64,
    /// The host that the client named.
    pub(super) host: String,
    /// The client's IP address.
    pub(super) source_ip: String,
    /// The client's header `User-Agent`.
    pub(super) user_agent: String,
    /// The authorizer's context, which API Gateway puts into every later event.
    pub(super) authorizer: Map<String, Value>,
}

/// An id like API Gateway's own: 15 characters and a `=`.
pub(super) fn new_id() -> String {
    let mut random = [0; 11];
    // Without randomness ids could repeat, but no id is secret.
    let _ = aws_lc_rs::rand::fill(&mut random);
    URL_SAFE.encode(random)
}

/// A point in time as events show time, such as `24/Nov/2026:05:42:00 +0000`; `at` is in
/// milliseconds since 1970.
pub(super) fn request_time(at: u64) -> String {
    let format =
        format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");
    let seconds = i64::try_from(at / 1000).unwrap_or_default();
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok();
    time.and_then(|time| time.format(&format).ok()).unwrap_or_default()
}

fn now() -> u64 {
    Clock::now(&SystemClock).as_millis()
}

/// The kind of an event.
struct Kind<'a> {
    /// The key of the route that the event is on, such as `$default`.
    route: &'a str,
    /// API Gateway's word for the event.
    event_type: &'static str,
}

const CONNECT: Kind<'_> = Kind { route: "$connect", event_type: "CONNECT" };
const DISCONNECT: Kind<'_> = Kind { route: "$disconnect", event_type: "DISCONNECT" };

fn context(session: &Session, request_id: &str, kind: &Kind<'_>) -> Map<String, Value> {
    let at = now();
    let context = json!({
        "routeKey": kind.route,
        "eventType": kind.event_type,
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

/// Header names as API Gateway shows them: `Sec-WebSocket-Key`.
fn shown(name: &str) -> String {
    let words = name.split('-').map(|word| match word {
        "websocket" => "WebSocket".to_owned(),
        _ => word
            .chars()
            .take(1)
            .map(|c| c.to_ascii_uppercase())
            .chain(word.chars().skip(1))
            .collect(),
    });
    words.collect::<Vec<String>>().join("-")
}

type Multi = BTreeMap<String, Vec<String>>;

/// The request's own headers without those of the upgrade, and the headers that the gateway adds.
fn headers(session: &Session, request: &Request) -> Multi {
    let own = request.headers.iter().filter(|(name, _)| !HOP_BY_HOP.contains(name));
    let own = own.map(|(name, value)| {
        (shown(name.as_str()), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let port = session.host.rsplit_once(':').map_or("80", |(_, port)| port).to_owned();
    let trace = format!("Root=1-{:08x}-{:024x}", session.connected_at / 1000, session.connected_at);
    let added = [
        ("X-Amzn-Trace-Id", trace),
        ("X-Forwarded-For", session.source_ip.clone()),
        ("X-Forwarded-Port", port),
        ("X-Forwarded-Proto", "http".to_owned()),
    ];
    multi(own.chain(added.map(|(name, value)| (name.to_owned(), value))))
}

fn multi(pairs: impl Iterator<Item = (String, String)>) -> Multi {
    let mut map = Multi::new();
    for (name, value) in pairs {
        map.entry(name).or_default().push(value);
    }
    map
}

/// The single-value map of a multi-value one: the last value counts.
fn single(map: &Multi) -> Value {
    map.iter().map(|(name, values)| (name.clone(), json!(values.last()))).collect()
}

/// The header and query maps of `$connect`; messages have none.
fn request_maps(session: &Session, request: &Request) -> Map<String, Value> {
    let mut maps = header_maps(&headers(session, request));
    let query = multi(request.query.iter().cloned());
    if !query.is_empty() {
        maps.insert("queryStringParameters".to_owned(), single(&query));
        maps.insert("multiValueQueryStringParameters".to_owned(), json!(query));
    }
    maps
}

fn header_maps(headers: &Multi) -> Map<String, Value> {
    let mut maps = Map::new();
    maps.insert("headers".to_owned(), single(headers));
    maps.insert("multiValueHeaders".to_owned(), json!(headers));
    maps
}

/// The event of the REQUEST authorizer on `$connect`.
pub(super) fn authorize(session: &Session, request: &Request) -> Value {
    let mut event = request_maps(session, request);
    event.insert("type".to_owned(), json!("REQUEST"));
    event.insert("stageVariables".to_owned(), json!({}));
    let arn = format!("arn:aws:execute-api:us-east-1:{ACCOUNT}:{API}/{STAGE}/$connect");
    event.insert("methodArn".to_owned(), json!(arn));
    let context = context(session, &new_id(), &CONNECT);
    event.insert("requestContext".to_owned(), Value::Object(context));
    Value::Object(event)
}

/// The `$connect` event.
pub(super) fn connect(session: &Session, request: &Request) -> Value {
    let mut event = request_maps(session, request);
    let context = context(session, &new_id(), &CONNECT);
    event.insert("requestContext".to_owned(), Value::Object(context));
    event.insert("isBase64Encoded".to_owned(), json!(false));
    Value::Object(event)
}

/// The event of a message on the route that it selected.
pub(super) fn message(session: &Session, request_id: &str, route: &str, body: &str) -> Value {
    let mut context = context(session, request_id, &Kind { route, event_type: "MESSAGE" });
    context.insert("messageId".to_owned(), json!(new_id()));
    json!({ "requestContext": context, "body": body, "isBase64Encoded": false })
}

/// The `$disconnect` event. All its headers but the host are empty.
pub(super) fn disconnect(session: &Session, code: u16, reason: &str) -> Value {
    let mut context = context(session, &new_id(), &DISCONNECT);
    context.insert("disconnectStatusCode".to_owned(), json!(code));
    context.insert("disconnectReason".to_owned(), json!(reason));
    let headers = [
        ("Host", session.host.as_str()),
        ("x-api-key", ""),
        ("X-Forwarded-For", ""),
        ("x-restapi", ""),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut event = header_maps(&multi(headers.into_iter()));
    event.insert("requestContext".to_owned(), Value::Object(context));
    event.insert("isBase64Encoded".to_owned(), json!(false));
    Value::Object(event)
}

/// The frame that API Gateway sends to the client when an integration fails. The frame has no record
/// separator.
pub(super) fn internal_error(session: &Session, request_id: &str) -> String {
    let connection_id = &session.connection_id;
    format!(
        r#"{{"message":"Internal server error","connectionId":"{connection_id}","requestId":"{request_id}"}}"#
    )
}

/// A point in time as `GetConnection` shows time; `at` is in milliseconds since 1970.
pub(super) fn iso(at: u64) -> String {
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    let nanos = i128::from(Timestamp::from_millis(at).as_millis()) * 1_000_000;
    let time = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok();
    time.and_then(|time| time.format(&format).ok()).unwrap_or_default()
}
