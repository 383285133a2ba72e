//! Pages: preflights, and whose pages are let in.

use hubcast_testkit::token::PUBLIC_URL;
use serde_json::{Value, json};

use crate::rig::{HUB, ORIGIN, PREFLIGHT, header, rig, text};

#[tokio::test]
async fn a_program_whose_origin_is_the_address_of_the_hub_is_at_home() {
    for (origin, status) in [(PUBLIC_URL, 200), ("https://elsewhere.example", 403)] {
        let own = |event: &mut Value| event["headers"]["origin"] = json!(origin);
        assert_eq!(rig().status(HUB, own).await, status, "{origin}");
    }
}

#[tokio::test]
async fn a_preflight_is_answered_without_a_token() {
    let answer = rig().answer(PREFLIGHT, |_| {}).await;
    assert_eq!((answer.status_code, text(&answer)), (204, ""));
    assert_eq!(header(&answer, "access-control-allow-origin"), Some(ORIGIN));
    assert_eq!(header(&answer, "access-control-allow-credentials"), Some("true"));
    assert_eq!(header(&answer, "access-control-allow-methods"), Some("POST, OPTIONS"));
    let headers = header(&answer, "access-control-allow-headers").unwrap();
    let headers: Vec<&str> = headers.split(", ").collect();
    let of_clients = [
        "authorization",
        "content-type",
        "x-requested-with",
        "x-signalr-user-agent",
        "x-signalr-connection-token",
    ];
    let of_tracing =
        ["traceparent", "tracestate", "baggage", "request-id", "request-context", "sentry-trace"];
    assert_eq!(headers, [&of_clients[..], &of_tracing[..], &["x-tenant"]].concat());
}

#[tokio::test]
async fn pages_of_other_origins_are_refused_unread() {
    for json in [HUB, PREFLIGHT] {
        let evil = |event: &mut Value| event["headers"]["origin"] = json!("https://evil.example");
        let answer = rig().answer(json, evil).await;
        assert_eq!(answer.status_code, 403);
        assert_eq!(header(&answer, "access-control-allow-origin"), None);
        assert_eq!(header(&answer, "vary"), Some("Origin"));
    }
    let program = |event: &mut Value| {
        event["headers"].as_object_mut().map(|headers| headers.remove("origin"));
    };
    let answer = rig().answer(HUB, program).await;
    assert_eq!(answer.status_code, 200);
    assert_eq!(header(&answer, "access-control-allow-origin"), None);
}
