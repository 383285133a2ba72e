//! The development issuer and the other `/dev` endpoints.

use hubcast_local::{Options, Stack};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};

async fn stack() -> Stack {
    Stack::start(&Options::on_free_port()).await.unwrap()
}

async fn post(stack: &Stack, path: &str, body: &str) -> (u16, Value) {
    let url = format!("{}{path}", stack.url());
    let answer = reqwest::Client::new().post(url).body(body.to_owned()).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

async fn get(url: &str) -> Value {
    reqwest::get(url).await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn a_token_is_verified_by_discovery_alone() {
    let stack = stack().await;
    let body = r#"{"sub":"alice","groups":["admins"],"ttlSeconds":90,"claims":{"tier":"gold"}}"#;
    let (status, answer) = post(&stack, "/dev/token", body).await;
    assert_eq!(status, 200);
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["expires_in"], 90);
    let token = answer["access_token"].as_str().unwrap();

    let issuer = format!("{}/dev", stack.url());
    let discovery = get(&format!("{issuer}/.well-known/openid-configuration")).await;
    assert_eq!(discovery["issuer"], json!(issuer));
    let keys: JwkSet =
        serde_json::from_value(get(discovery["jwks_uri"].as_str().unwrap()).await).unwrap();
    let key = keys.find(&decode_header(token).unwrap().kid.unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&["hubcast"]);
    validation.set_issuer(&[issuer]);
    let claims = decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &validation);
    let claims = claims.unwrap().claims;
    assert_eq!(claims["sub"], "alice");
    assert_eq!(claims["groups"], json!(["admins"]));
    assert_eq!(claims["tier"], "gold");
    let lifetime = claims["exp"].as_f64().unwrap() - claims["iat"].as_f64().unwrap();
    assert!((lifetime - 90.0).abs() < 0.001, "{lifetime}");
}

#[tokio::test]
async fn a_token_request_that_is_wrong_is_told_what_to_send() {
    let stack = stack().await;
    for (body, hint) in [
        ("", "EOF"),
        ("alice", "{\"sub\":\"alice\""),
        ("{}", "missing field `sub`"),
        (r#"{"sub":"a","ttl":5}"#, "unknown field `ttl`"),
        (r#"{"sub":"a","groups":"admins"}"#, "expected a sequence"),
        (r#"{"sub":"a","ttlSeconds":99999999999}"#, "ttlSeconds is out of range"),
    ] {
        let (status, answer) = post(&stack, "/dev/token", body).await;
        assert_eq!(status, 400, "{body}");
        assert!(answer["error"].as_str().unwrap().contains(hint), "{body}: {answer}");
    }
}

/// A request as a browser makes it for a page, with a name of the stack's.
async fn of_page(stack: &Stack, (method, path): (&str, &str), host: &str, origin: &str) -> u16 {
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let url = format!("{}{path}", stack.url());
    let mut request = reqwest::Client::new().request(method, url).body(r#"{"sub":"a"}"#);
    for (name, value) in [("Host", host), ("Origin", origin)] {
        request = if value.is_empty() { request } else { request.header(name, value) };
    }
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn no_website_reaches_the_stack_through_a_browser() {
    let stack = stack().await;
    let asks = [
        ("POST", "/dev/reset"),
        ("POST", "/dev/token"),
        ("OPTIONS", "/dev/token"),
        ("GET", "/dev/counts"),
        ("GET", "/"),
        ("POST", "/"),
        ("DELETE", "/local/@connections/x"),
    ];
    for ask in asks {
        for origin in ["https://evil.com", "http://evil.com", "null", "http://localhost.evil.com"] {
            assert_eq!(of_page(&stack, ask, "", origin).await, 403, "{ask:?} {origin}");
        }
        for (host, origin) in [("evil.com", ""), ("evil.com:8080", "http://evil.com:8080")] {
            assert_eq!(of_page(&stack, ask, host, origin).await, 403, "{ask:?} {host}");
        }
        for (host, origin) in [
            ("", ""),
            ("", "http://localhost:4200"),
            ("localhost:8080", "http://localhost:8080"),
            ("192.168.1.5:8080", "http://192.168.1.5:8080"),
            ("host.docker.internal:8080", ""),
        ] {
            let status = of_page(&stack, ask, host, origin).await;
            assert_ne!(status, 403, "{ask:?} {host} {origin}");
        }
    }
    for path in ["/hubs/notifications/negotiate", "/api/health"] {
        assert_eq!(of_page(&stack, ("GET", path), "evil.com", "").await, 403, "{path}");
    }
}

#[tokio::test]
async fn local_pages_may_ask_for_tokens_and_others_not() {
    let stack = stack().await;
    let url = format!("{}/dev/token", stack.url());
    for (origin, status, allowed) in [
        ("http://localhost:4200", 204, Some("http://localhost:4200")),
        ("https://evil.example", 403, None),
    ] {
        let options = reqwest::Client::new().request(reqwest::Method::OPTIONS, &url);
        let answer = options.header("Origin", origin).send().await.unwrap();
        assert_eq!(answer.status(), status);
        let shown = answer.headers().get("access-control-allow-origin");
        assert_eq!(shown.map(|value| value.to_str().unwrap()), allowed);
    }
}

#[tokio::test]
async fn what_is_not_there_says_so() {
    let stack = stack().await;
    assert_eq!(post(&stack, "/dev/nothing", "").await.0, 404);
    let (status, answer) = post(&stack, "/nothing", "").await;
    assert_eq!(status, 404);
    assert!(answer["message"].as_str().unwrap().contains("/hubs/{hub}"));
}

#[tokio::test]
async fn a_rest_token_is_a_text_that_the_rest_api_takes() {
    let stack = stack().await;
    let http = reqwest::Client::new();
    let minted = http.post(format!("{}/dev/rest-token", stack.url())).send().await.unwrap();
    let token = minted.text().await.unwrap();
    let send = format!("{}/api/hubs/notifications/:send?api-version=2024-12-01", stack.url());
    let send = http.post(send).bearer_auth(token).json(&json!({ "target": "toast" }));
    assert_eq!(send.send().await.unwrap().status(), 202);
}

#[tokio::test]
async fn a_hub_in_the_address_bar_says_what_it_is() {
    let stack = stack().await;
    let url = format!("{}/hubs/notifications", stack.url());
    let answer = reqwest::get(&url).await.unwrap();
    assert_eq!(answer.status(), 400);
    let text = answer.text().await.unwrap();
    assert!(text.starts_with("This is a hub.") && text.contains(&url), "{text}");
}
