//! The HTTP API: a request becomes an event of payload format 2.0, and a function's result an answer.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode, header};
use hubcast_model::time::{Clock, SystemClock};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::event::{ACCOUNT, API, new_id, request_time};
use super::{Function, Functions, Gateway};

/// Invokes a function with an HTTP request, and answers the function's answer.
pub async fn http_request<F: Functions>(
    gateway: &Gateway<F>,
    function: Function,
    parts: &Parts,
    peer: SocketAddr,
    body: &Bytes,
) -> Response {
    let event = event(parts, peer, body);
    match gateway.invoke(function, event).await {
        Ok(answer) => response(&answer).unwrap_or_else(failure),
        Err(err) => {
            tracing::error!(error = %err, "an HTTP integration failed");
            failure()
        }
    }
}

fn failure() -> Response {
    let body = axum::Json(json!({ "message": "Internal Server Error" }));
    (StatusCode::INTERNAL_SERVER_ERROR, body).into_response()
}

fn event(parts: &Parts, peer: SocketAddr, body: &Bytes) -> Value {
    let path = parts.uri.path();
    let query = parts.uri.query().unwrap_or_default();
    let text = |name| parts.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let (body, is_base64) = encoded(text("content-type").unwrap_or_default(), body);
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": joined(headers(parts)),
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": API,
            "domainName": text("host"),
            "domainPrefix": API,
            "http": {
                "method": parts.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": peer.ip().to_string(),
                "userAgent": text("user-agent").unwrap_or_default(),
            },
            "requestId": new_id(),
            "routeKey": "$default",
            "stage": "$default",
            "time": request_time(SystemClock.now().as_millis()),
            "timeEpoch": SystemClock.now().as_millis(),
        },
        "isBase64Encoded": is_base64,
    });
    // What a request does not have is left out.
    let parameters = joined(form_urlencoded::parse(query.as_bytes()).into_owned());
    for (name, value) in [
        ("cookies", cookies(parts).map(Value::from)),
        ("queryStringParameters", (!parameters.is_empty()).then(|| json!(parameters))),
        ("body", body.map(Value::from)),
    ] {
        if let (Some(value), Some(event)) = (value, event.as_object_mut()) {
            event.insert(name.to_owned(), value);
        }
    }
    event
}

fn headers(parts: &Parts) -> impl Iterator<Item = (String, String)> {
    let others = parts.headers.iter().filter(|(name, _)| *name != header::COOKIE);
    others.map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    })
}

/// The cookies, which events hold apart from the headers.
fn cookies(parts: &Parts) -> Option<Vec<&str>> {
    let headers = parts.headers.get_all(header::COOKIE).iter();
    let cookies: Vec<&str> = headers
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';').map(str::trim))
        .collect();
    (!cookies.is_empty()).then_some(cookies)
}

/// A body is text only when its type says so; anything else is encoded.
fn encoded(content_type: &str, body: &Bytes) -> (Option<String>, bool) {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_text = kind.starts_with("text/")
        || ["json", "xml", "javascript"].iter().any(|suffix| kind.ends_with(suffix));
    match std::str::from_utf8(body) {
        Ok("") => (None, false),
        Ok(text) if is_text => (Some(text.to_owned()), false),
        _ => (Some(STANDARD.encode(body)), true),
    }
}

/// Payload format 2.0 joins repeated names with commas.
fn joined(pairs: impl Iterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let mut map: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in pairs {
        map.entry(name)
            .and_modify(|known| {
                known.push(',');
                known.push_str(&value);
            })
            .or_insert(value);
    }
    map
}

fn response(answer: &Value) -> Option<Response> {
    let status = u16::try_from(answer.get("statusCode")?.as_u64()?).ok()?;
    let text = answer.get("body").and_then(Value::as_str).unwrap_or_default();
    let body = if answer.get("isBase64Encoded").and_then(Value::as_bool) == Some(true) {
        Body::from(STANDARD.decode(text).ok()?)
    } else {
        Body::from(text.to_owned())
    };
    let mut response = Response::builder().status(status).body(body).ok()?;
    let headers = answer.get("headers").and_then(Value::as_object);
    for (name, value) in headers.into_iter().flatten() {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        response.headers_mut().insert(name, HeaderValue::from_str(value.as_str()?).ok()?);
    }
    Some(response)
}
