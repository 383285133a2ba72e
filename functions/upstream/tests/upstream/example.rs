//! The worked example of docs/PROTOCOL.md, made anew.

use hubcast_auth::webhook::of_connection;
use hubcast_backend::webhook::Templates;
use hubcast_model::ports::WebhookRequest;
use hubcast_model::settings::AccessKeys;
use hubcast_model::time::{Clock, Timestamp};
use serde_json::json;

use crate::rig::rig;

const PROTOCOL: &str = include_str!("../../../../docs/PROTOCOL.md");
/// The key of the local stack, which is no secret.
const KEY: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH";

/// The request for the event of the example.
async fn request() -> WebhookRequest {
    let mut rig = rig([]);
    let templates = Templates::parse("https://app.example/hooks/{event}?code=x");
    (rig.courier.templates, rig.courier.keys) =
        (templates.unwrap(), AccessKeys::parse(KEY).unwrap());
    let sent = Timestamp::parse("2026-11-23T10:00:01Z").unwrap();
    rig.clock.advance(sent.since(rig.clock.now()));
    let event = json!({
        "eventId": "L0SM9cOFvHcCIhw=/8f14e45fceea167a5a36dedd4bea2543",
        "category": "messages", "event": "Add", "hub": "notifications",
        "connectionId": "paCBVG51-hc78YdltYYL6A", "userId": "alice",
        "claims": { "role": ["admin"] }, "query": { "hub": ["notifications"] },
        "timestamp": "2026-11-23T10:00:00.5Z",
        "target": "Add", "arguments": [1, 2], "invocationId": "7",
    });
    assert!(rig.kept(&[("c", event.to_string())]).await.is_empty());
    rig.outside.0.lock().unwrap().requests[0].clone()
}

fn block(language: &str, start: &str) -> &'static str {
    let opening = format!("```{language}\n");
    let mut bodies =
        PROTOCOL.split(opening.as_str()).skip(1).filter_map(|block| block.split("\n```").next());
    bodies.find(|body| body.starts_with(start)).unwrap()
}

#[tokio::test]
async fn the_request_of_the_documents_is_the_request_that_is_sent() {
    let WebhookRequest { url, headers, body } = request().await;
    let target = url.strip_prefix("https://app.example").unwrap();
    let headers = headers.iter().map(|(name, value)| format!("{name}: {value}\n"));
    let text = format!("POST {target} HTTP/1.1\n{}\n{body}", headers.collect::<String>());
    assert_eq!(block("http", "POST /hooks"), text);
}

#[tokio::test]
async fn the_lines_of_the_documents_are_the_lines_that_are_signed() {
    let text = block("text", "1795428001\n");
    // The same HMAC, of any text.
    let signature = of_connection(&AccessKeys::parse(KEY).unwrap(), text);
    let signature = signature.replace("sha256=", ",v2=");
    let (_, sent) = request().await.headers.pop().unwrap();
    assert!(sent.ends_with(&signature), "{sent}");
}
