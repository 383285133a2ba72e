//! Refreshes that must not change an open connection: of others, by others, or of nothing.

use std::time::Duration;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use aws_lambda_events::encodings::Body;
use hubcast_model::channel::{ChannelKey, ChannelRow};
use hubcast_model::id::ConnectionId;
use hubcast_model::ports::{ChannelStore, SocketStore};
use hubcast_model::session::Reuse;
use hubcast_model::settings::{AccessKeys, Secret};
use hubcast_model::socket::Socket;
use hubcast_testkit::clock::START;
use hubcast_testkit::name;
use serde_json::{Value, json};

use crate::cases::{access_key, app, app_token, client_claims, minted};
use crate::forge::{STRANGER, part, seconds, with};
use crate::rig::{HOST, Request, Rig, access_keys};

const TOKEN: &str = "x-signalr-connection-token";
const CLIENT: &str = "/client/refresh";

/// A client token of alice whose session ends in ten minutes, with these claims changed.
fn fresh(changes: &Value) -> String {
    let session = json!({ "asrs.s.coae": "true", "asrs.s.aeo": seconds(600) });
    access_key().token("x", &with(with(client_claims(), &session), changes))
}

/// A rig with an open connection of alice on hub `one`, and its connectionToken.
async fn opened() -> (Rig, String) {
    let mut rig = Rig::new(Reuse::Session);
    rig.negotiation.close_on_token_expiry = true;
    let own = minted(&access_keys(), "one", Some("alice"), START);
    let token = fresh(&json!({}));
    let query = [("hub", "one"), ("id", own.as_str()), ("access_token", token.as_str())];
    let query = query.map(|(n, v)| (n.to_owned(), v.to_owned()));
    assert_eq!(rig.upgrade(&query, &[], "s1=").await.0, 200);
    let id = ConnectionId::parse(&own).expect("an id");
    let channels = [ChannelKey::connection(&name::hub("one"), &id)];
    let begun = rig.store.begin_handshake(&name::socket("s1="), &channels, START).await;
    let socket = begun.expect("an answer").expect("a socket");
    rig.store.put_rows(&socket.rows(&socket.channels, None)).await.expect("an answer");
    assert!(rig.store.finish_handshake(&socket).await.expect("an answer"));
    (rig, own)
}

/// All that a refresh may change.
fn state(rig: &Rig) -> (Vec<Socket>, Vec<ChannelRow>) {
    (rig.store.sockets(), rig.store.rows())
}

/// A refresh, with these headers.
fn refresh(path: &str, query: &str, headers: &[(&str, &str)]) -> Request {
    let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    Request::Http { method: "POST", path: path.to_owned(), query: query.to_owned(), headers }
}

fn shows(connection: &str, bearer: &str) -> Request {
    let bearer = format!("Bearer {bearer}");
    refresh(CLIENT, "hub=one", &[(TOKEN, connection), ("authorization", &bearer)])
}

#[tokio::test]
async fn a_good_refresh_is_taken_however_old_the_connection_is() {
    let (rig, own) = opened().await;
    rig.clock.advance(Duration::from_secs(500));
    let later = fresh(&json!({ "asrs.s.aeo": seconds(3000) }));
    let (status, body) = rig.answer(&shows(&own, &later)).await;
    assert_eq!((status, body), (200, json!({ "tokenLifetimeSeconds": 2500 })));
    let [socket] = rig.store.sockets().try_into().expect("one socket");
    assert_eq!(socket.session_expires.map(|end| end.since(START)), Some(Duration::from_mins(50)));
}

/// Tokens that another one shows for alice's connection, or alice in vain.
fn bearers() -> Vec<(&'static str, String, u16)> {
    let none = json!({ "alg": "none" }).to_string();
    vec![
        ("another user's", fresh(&json!({ "nameid": "bob" })), 403),
        ("one of a user with a longer name", fresh(&json!({ "nameid": "alice2" })), 403),
        ("one of the same name in other letters", fresh(&json!({ "nameid": "Alice" })), 403),
        ("nobody's", fresh(&json!({ "nameid": null })), 403),
        ("an app token of an issuer's alice", app(&json!({})), 403),
        ("one for another hub", fresh(&json!({ "aud": format!("{HOST}/client/?hub=two") })), 403),
        ("an expired one of an open session", fresh(&json!({ "exp": seconds(-100) })), 401),
        ("one whose session is over", fresh(&json!({ "asrs.s.aeo": seconds(0) })), 401),
        ("one of tomorrow", fresh(&json!({ "iat": seconds(86_400) })), 401),
        ("one of a stranger", STRANGER.token("x", &client_claims()), 401),
        ("one that is not signed", format!("{}.{}.", part(none), part("{}")), 401),
        ("one for the REST API", app_token(&json!({})), 401),
        ("nothing", String::new(), 401),
        ("no token", "x".to_owned(), 401),
    ]
}

#[tokio::test]
async fn no_token_of_another_refreshes_a_connection() {
    let (rig, own) = opened().await;
    let before = state(&rig);
    for (what, token, expected) in bearers() {
        let (status, body) = rig.answer(&shows(&own, &token)).await;
        let code = if expected == 403 { "permission_change_rejected" } else { "invalid_token" };
        assert_eq!((status, &body["error"]), (expected, &json!(code)), "{what}");
        assert_eq!(state(&rig), before, "{what}");
    }
}

#[tokio::test]
async fn no_token_but_the_own_one_names_the_connection() {
    let (rig, own) = opened().await;
    let before = state(&rig);
    let stranger = AccessKeys { primary: Secret::new("s".repeat(40)), secondary: None };
    let (id, signature) = own.split_once('.').expect("two parts");
    let ours = |hub: &str, user| minted(&access_keys(), hub, user, START);
    for (what, shown) in [
        ("one that opened nothing", ours("one", Some("alice"))),
        ("another user's", ours("one", Some("bob"))),
        ("nobody's", ours("one", None)),
        ("one of another hub", ours("two", Some("alice"))),
        ("one by another key", minted(&stranger, "one", Some("alice"), START)),
        ("the public id", id.to_owned()),
        ("the public id with another's signature", {
            let other = ours("one", Some("alice"));
            format!("{id}.{}", other.split_once('.').expect("two parts").1)
        }),
        ("a cut signature", format!("{id}.{}", &signature[..signature.len() - 2])),
        ("the id of the socket", "s1=".to_owned()),
        ("a name that is none", "a b".to_owned()),
    ] {
        let (status, body) = rig.answer(&shows(&shown, &fresh(&json!({})))).await;
        assert_eq!((status, &body["error"]), (404, &json!("connection_not_found")), "{what}");
        assert_eq!(state(&rig), before, "{what}");
    }
}

#[tokio::test]
async fn a_refresh_of_another_shape_is_answered_by_an_object_and_changes_nothing() {
    let (rig, own) = opened().await;
    let before = state(&rig);
    let bearer = format!("Bearer {}", fresh(&json!({})));
    let of_app = format!("Bearer {}", app(&json!({})));
    let (shown, signed) = ((TOKEN, own.as_str()), ("authorization", bearer.as_str()));
    let in_query = format!("hub=one&id={own}&connectionToken={own}");
    for (what, request, expected, code) in [
        ("no header", refresh(CLIENT, "hub=one", &[signed]), 400, "missing_connection_token"),
        ("an empty header", shows("", &fresh(&json!({}))), 400, "missing_connection_token"),
        ("a query", refresh(CLIENT, &in_query, &[signed]), 400, "missing_connection_token"),
        ("two hubs", refresh(CLIENT, "hub=one&hub=two", &[shown, signed]), 400, "invalid_request"),
        ("no hub", refresh(CLIENT, "", &[shown, signed]), 400, "invalid_request"),
        (
            "another hub",
            refresh(CLIENT, "hub=two", &[shown, signed]),
            403,
            "permission_change_rejected",
        ),
        (
            "no hub of ours",
            refresh(CLIENT, "hub=none", &[shown, signed]),
            404,
            "connection_not_found",
        ),
        (
            "a client token at the hub",
            refresh("/hubs/one/refresh", "", &[shown, signed]),
            401,
            "invalid_token",
        ),
        (
            "an issuer's alice at the hub",
            refresh("/hubs/one/refresh", "", &[shown, ("authorization", &of_app)]),
            403,
            "permission_change_rejected",
        ),
        (
            "a page of another origin",
            refresh(CLIENT, "hub=one", &[shown, signed, ("origin", "https://evil.example")]),
            403,
            "permission_change_rejected",
        ),
    ] {
        let (status, body) = rig.answer(&request).await;
        assert_eq!((status, &body), (expected, &json!({ "error": code })), "{what}");
        assert_eq!(state(&rig), before, "{what}");
    }
    for method in ["GET", "PUT", "DELETE", "QUERY"] {
        let headers = [shown, signed].map(|(n, v)| (n.to_owned(), v.to_owned())).into();
        let (path, query) = (CLIENT.to_owned(), "hub=one".to_owned());
        let answer = rig.answer(&Request::Http { method, path, query, headers }).await;
        assert_eq!(answer, (405, json!({})), "{method}");
        assert_eq!(state(&rig), before, "{method}");
    }
}

/// The status of `:refreshAuth` or the claims query, with this body.
async fn asks(rig: &Rig, path: &str, token: &str, query: &str, body: &str) -> u16 {
    let event = json!({
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": { "authorization": format!("Bearer {token}"), "content-type": "application/json" },
        "requestContext": { "http": { "method": "POST", "path": path } },
        "body": body,
        "isBase64Encoded": false,
    });
    let event: ApiGatewayV2httpRequest = serde_json::from_value(event).expect("an event");
    let answer = rest::handle(&rig.rest, event, Duration::from_secs(28)).await;
    let is_error = answer.status_code >= 400;
    assert!(
        !is_error || matches!(&answer.body, Some(Body::Text(text)) if text.contains("\"code\""))
    );
    u16::try_from(answer.status_code).expect("a status")
}

const REFRESH: &str = "/api/hubs/one/connections/:refreshAuth";
const CLAIMS: &str = "/api/hubs/one/connections/claims";
const VERSION: &str = "api-version=2026-07-01";

/// A token of the management SDK for a path.
fn signed(path: &str) -> String {
    let aud = json!({ "aud": format!("{HOST}{path}"), "nameid": null });
    access_key().token("x", &with(client_claims(), &aud))
}

#[tokio::test]
async fn a_backend_refreshes_no_connection_but_by_its_own_token_and_user() {
    let (rig, own) = opened().await;
    let before = state(&rig);
    let with_claims =
        |claims: Value| json!({ "connectionToken": own, "claims": claims }).to_string();
    let one = |name: &str, value: Value| with_claims(json!([{ "type": name, "value": value }]));
    let shown = |token: &str| json!({ "connectionToken": token }).to_string();
    let until = |end: Value| json!({ "connectionToken": own, "expireTime": end }).to_string();
    let ours = |hub: &str, user| minted(&access_keys(), hub, user, START);
    let (id, _) = own.split_once('.').expect("two parts");
    for (body, expected) in [
        (String::new(), 400),
        ("[]".to_owned(), 400),
        ("{}".to_owned(), 400),
        (json!({ "connectionToken": 7 }).to_string(), 400),
        (json!({ "connectionToken": null }).to_string(), 400),
        (shown(id), 404),
        (shown("s1="), 404),
        (shown("a b"), 404),
        (shown(&ours("one", Some("alice"))), 404),
        (shown(&ours("two", Some("alice"))), 404),
        (shown(&ours("one", Some("bob"))), 404),
        (until(json!(seconds(600))), 400),
        (until(json!("soon")), 400),
        (until(json!("2020-01-01T00:00:00Z")), 400),
        (with_claims(json!({ "role": "admin" })), 400),
        (with_claims(json!(["role"])), 400),
        (with_claims(json!([{ "type": "role" }])), 400),
        (one("role", json!(7)), 400),
        (one("role", json!("x".repeat(10_000))), 400),
        (one("asrs.s.uid", json!("bob")), 403),
        (one("asrs.s.uid", json!("Alice")), 403),
        (one("nameid", json!("bob")), 403),
    ] {
        let status = asks(&rig, REFRESH, &signed(REFRESH), VERSION, &body).await;
        assert_eq!(status, expected, "{body}");
        assert_eq!(state(&rig), before, "{body}");
    }
}

#[tokio::test]
async fn nobody_but_a_backend_of_the_hub_reads_or_changes_claims() {
    let (rig, own) = opened().await;
    let before = state(&rig);
    let body = json!({ "connectionToken": own }).to_string();
    let two = "/api/hubs/two/connections/claims";
    let of_one = app_token(&json!({ "aud": "api://hubcast-rest-one" }));
    for (what, path, token, query, expected) in [
        ("its own client", CLAIMS, fresh(&json!({})), VERSION, 401),
        ("a person", CLAIMS, app(&json!({})), VERSION, 401),
        ("one who signed for the other call", CLAIMS, signed(REFRESH), VERSION, 401),
        ("one who signed for another hub", CLAIMS, signed(two), VERSION, 401),
        ("a backend of another hub's", two, signed(two), VERSION, 404),
        ("an app of hub one on hub two", two, of_one, VERSION, 403),
        ("a version without it", CLAIMS, signed(CLAIMS), "api-version=2024-12-01", 400),
        ("no version", CLAIMS, signed(CLAIMS), "api-version=2099-01-01", 400),
    ] {
        assert_eq!(asks(&rig, path, &token, query, &body).await, expected, "{what}");
        assert_eq!(state(&rig), before, "{what}");
    }
    assert_eq!(asks(&rig, CLAIMS, &signed(CLAIMS), VERSION, &body).await, 200);
    assert_eq!(asks(&rig, REFRESH, &signed(REFRESH), VERSION, &body).await, 200);
}
