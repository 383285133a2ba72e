//! Keys of issuers over HTTP, from a small server that counts.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hubcast_auth::jwks::{HttpKeys, KeySource};
use hubcast_model::settings::IssuerSettings;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What a path is answered with, and what was asked for.
#[derive(Debug, Default)]
struct State {
    answers: BTreeMap<String, (u16, String)>,
    asked: Vec<String>,
}

#[derive(Debug, Clone)]
struct Server {
    url: String,
    state: Arc<Mutex<State>>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { url, state: Arc::default() };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serving.clone();
                tokio::spawn(async move { serving.serve(stream).await });
            }
        });
        server
    }

    async fn serve(&self, mut stream: TcpStream) {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if stream.read_exact(&mut byte).await.is_err() {
                return;
            }
            request.extend_from_slice(&byte);
        }
        let request = String::from_utf8(request).unwrap();
        let path = request.split(' ').nth(1).unwrap().to_owned();
        let answer = {
            let mut state = self.state.lock().unwrap();
            state.asked.push(path.clone());
            state.answers.get(&path).cloned()
        };
        let (status, body) = answer.unwrap_or((404, String::new()));
        let location = if status == 302 { format!("location: {body}\r\n") } else { String::new() };
        let head = format!(
            "HTTP/1.1 {status} X\r\nconnection: close\r\n{location}content-length: {}\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all((head + &body).as_bytes()).await;
        let _ = stream.shutdown().await;
    }

    #[expect(clippy::needless_pass_by_value, reason = "callers make what they pass")]
    fn answers(&self, path: &str, status: u16, body: impl ToString) {
        let answer = (status, body.to_string());
        self.state.lock().unwrap().answers.insert(path.to_owned(), answer);
    }

    fn asked(&self, path: &str) -> usize {
        self.state.lock().unwrap().asked.iter().filter(|asked| *asked == path).count()
    }

    /// An issuer here whose keys are named.
    fn issuer(&self) -> IssuerSettings {
        self.issuer_with(&json!({ "jwksUri": format!("{}/keys", self.url) }))
    }

    fn issuer_with(&self, more: &Value) -> IssuerSettings {
        let mut issuer = json!({ "issuer": self.url, "audience": "x" });
        issuer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(issuer).unwrap()
    }
}

fn key(kid: &str) -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": kid })
}

fn keys(kids: &[&str]) -> Value {
    json!({ "keys": kids.iter().map(|kid| key(kid)).collect::<Vec<_>>() })
}

async fn names(source: &HttpKeys, issuer: &IssuerSettings, kid: &str) -> Option<Vec<String>> {
    let keys = source.keys(issuer, Some(kid)).await.ok()?;
    Some(keys.0.iter().filter_map(|key| key.key.common.key_id.clone()).collect())
}

/// Moves tokio's clock, which otherwise runs: a clock that stands still jumps to the next timeout
/// while an answer is on its way.
async fn advance(by: Duration) {
    tokio::time::pause();
    tokio::time::advance(by).await;
    tokio::time::resume();
}

#[tokio::test]
async fn keys_are_fetched_once() {
    let (server, source) = (Server::start().await, HttpKeys::default());
    server.answers("/keys", 200, keys(&["a"]));
    for _ in 0..3 {
        assert_eq!(names(&source, &server.issuer(), "a").await.unwrap(), ["a"]);
    }
    assert_eq!(server.asked("/keys"), 1);
}

#[tokio::test]
async fn an_unknown_key_is_looked_for_again_at_most_once_a_minute() {
    let (server, source) = (Server::start().await, HttpKeys::default());
    let issuer = server.issuer();
    server.answers("/keys", 200, keys(&["a"]));
    assert_eq!(names(&source, &issuer, "a").await.unwrap(), ["a"]);
    server.answers("/keys", 200, keys(&["a", "b"]));
    for _ in 0..5 {
        assert_eq!(names(&source, &issuer, "b").await.unwrap(), ["a"]);
    }
    assert_eq!(server.asked("/keys"), 1);
    advance(Duration::from_mins(1)).await;
    for kid in ["b", "c", "d"] {
        assert_eq!(names(&source, &issuer, kid).await.unwrap(), ["a", "b"]);
    }
    assert_eq!(server.asked("/keys"), 2);
}

#[tokio::test]
async fn known_keys_are_good_while_the_issuer_is_down() {
    let (server, source) = (Server::start().await, HttpKeys::default());
    let issuer = server.issuer();
    server.answers("/keys", 200, keys(&["a"]));
    assert_eq!(names(&source, &issuer, "a").await.unwrap(), ["a"]);
    server.answers("/keys", 503, "");
    advance(Duration::from_hours(5)).await;
    assert_eq!(names(&source, &issuer, "a").await.unwrap(), ["a"]);
    assert_eq!(names(&source, &issuer, "b").await.unwrap(), ["a"]);
}

#[tokio::test]
async fn old_keys_are_fetched_anew_behind_the_request_that_they_serve() {
    let (server, source) = (Server::start().await, HttpKeys::default());
    let issuer = server.issuer();
    server.answers("/keys", 200, keys(&["a"]));
    assert_eq!(names(&source, &issuer, "a").await.unwrap(), ["a"]);
    server.answers("/keys", 200, keys(&["a", "b"]));
    advance(Duration::from_hours(1)).await;
    assert_eq!(names(&source, &issuer, "a").await.unwrap(), ["a"]);
    while names(&source, &issuer, "a").await.unwrap() == ["a"] {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.asked("/keys"), 2);
}

#[tokio::test]
async fn an_issuer_that_never_answered_is_an_error_and_is_not_asked_in_a_row() {
    let (server, source) = (Server::start().await, HttpKeys::default());
    for _ in 0..3 {
        assert_eq!(names(&source, &server.issuer(), "a").await, None);
    }
    assert_eq!(server.asked("/keys"), 1);
}

#[tokio::test]
async fn keys_are_discovered_from_the_issuer_alone() {
    let (server, source) = (Server::start().await, HttpKeys::default());
    let discovery = "/.well-known/openid-configuration";
    let document = json!({ "issuer": server.url, "jwks_uri": format!("{}/found", server.url) });
    server.answers(discovery, 200, document);
    server.answers("/found", 200, keys(&["a"]));
    let issuer = server.issuer_with(&json!({}));
    assert_eq!(names(&source, &issuer, "a").await.unwrap(), ["a"]);
}

#[tokio::test]
async fn documents_may_begin_with_a_byte_order_mark() {
    let (server, source) = (Server::start().await, HttpKeys::default());
    let document = json!({ "issuer": server.url, "jwks_uri": format!("{}/found", server.url) });
    server.answers("/.well-known/openid-configuration", 200, format!("\u{feff}{document}"));
    server.answers("/found", 200, format!("\u{feff}{}", keys(&["a"])));
    let issuer = server.issuer_with(&json!({}));
    assert_eq!(names(&source, &issuer, "a").await.unwrap(), ["a"]);
}

#[tokio::test]
async fn a_discovery_of_another_issuer_or_of_untrusted_keys_is_refused() {
    for (issuer, keys_at) in [
        ("https://other".to_owned(), None),
        ("SELF/".to_owned(), None),
        ("SELF".to_owned(), Some("http://192.0.2.1/keys")),
        ("SELF".to_owned(), Some("file:///etc/passwd")),
    ] {
        let (server, source) = (Server::start().await, HttpKeys::default());
        let ours = format!("{}/keys", server.url);
        let document = json!({
            "issuer": issuer.replace("SELF", &server.url),
            "jwks_uri": keys_at.unwrap_or(&ours),
        });
        server.answers("/.well-known/openid-configuration", 200, document);
        server.answers("/keys", 200, keys(&["a"]));
        let issuer = server.issuer_with(&json!({}));
        assert_eq!(names(&source, &issuer, "a").await, None);
        assert_eq!(server.asked("/keys"), 0);
    }
}

#[tokio::test]
async fn redirects_large_documents_and_documents_of_something_else_are_refused() {
    let elsewhere = Server::start().await;
    elsewhere.answers("/keys", 200, keys(&["a"]));
    let padding = json!({ "keys": [key("a")], "padding": "p".repeat(300 * 1024) });
    for (status, body) in [
        (302, format!("{}/keys", elsewhere.url)),
        (200, padding.to_string()),
        (200, "<html>".to_owned()),
        (200, "[]".to_owned()),
        (500, keys(&["a"]).to_string()),
    ] {
        let (server, source) = (Server::start().await, HttpKeys::default());
        server.answers("/keys", status, body);
        assert_eq!(names(&source, &server.issuer(), "a").await, None);
    }
    assert_eq!(elsewhere.asked("/keys"), 0);
}

#[tokio::test]
async fn a_key_of_an_unknown_kind_does_not_cost_the_others() {
    let (server, source) = (Server::start().await, HttpKeys::default());
    let broken = json!({ "kty": "RSA", "kid": "broken" });
    server.answers("/keys", 200, json!({ "keys": [broken, { "kty": "LMS" }, key("a")] }));
    assert_eq!(names(&source, &server.issuer(), "a").await.unwrap(), ["a"]);
}

#[tokio::test]
async fn a_set_may_name_the_issuer_of_each_key() {
    let (server, source) = (Server::start().await, HttpKeys::default());
    let named = |kid: &str, issuer: Value| {
        let mut named = key(kid);
        named["issuer"] = issuer;
        named
    };
    let all = [named("a", json!("https://i")), named("b", json!(null)), named("c", json!(7))];
    server.answers("/keys", 200, json!({ "keys": all }));
    let keys = source.keys(&server.issuer(), Some("a")).await.unwrap();
    let issuers: Vec<_> = keys.0.iter().map(|key| key.issuer.as_deref()).collect();
    assert_eq!(issuers, [Some("https://i"), None], "what cannot be read is left out");
}

#[tokio::test]
async fn issuers_do_not_wait_for_each_other() {
    let (server, source) = (Server::start().await, HttpKeys::default());
    server.answers("/keys", 200, keys(&["a"]));
    // Takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = format!("http://{}/keys", silent.local_addr().unwrap());
    let stuck = server.issuer_with(&json!({ "jwksUri": place }));
    let quick = async { names(&source, &server.issuer(), "a").await };
    tokio::select! {
        biased;
        answer = names(&source, &stuck, "a") => panic!("nobody answers, but {answer:?} came"),
        answer = quick => assert_eq!(answer.unwrap(), ["a"]),
    }
}
