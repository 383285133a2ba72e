//! The demo page, and the counts that it shows.

use std::path::Path;

use aws_sdk_sqs::Client as Sqs;
use hubcast_local::{Options, Stack};
use reqwest::Response;
use serde_json::{Value, json};

use crate::rig::{Client, sdk};

const PAGE: &str = "<!doctype html><title>built</title>";

async fn with_page(folder: &Path) -> Stack {
    std::fs::create_dir_all(folder.join("dist/assets")).unwrap();
    std::fs::write(folder.join("dist/index.html"), PAGE).unwrap();
    std::fs::write(folder.join("dist/assets/page.js"), "run()").unwrap();
    std::fs::write(folder.join("dist/api.html"), "<title>api</title>").unwrap();
    std::fs::write(folder.join("dist/hubcast-client.tgz"), "package").unwrap();
    std::fs::write(folder.join("dist/notes.txt"), "not of the page").unwrap();
    std::fs::write(folder.join("secret.js"), "above the page").unwrap();
    let demo = Some(folder.join("dist"));
    Stack::start(&Options { demo, ..Options::on_free_port() }).await.unwrap()
}

/// Asks as no browser does: with the path as it is written.
async fn get(stack: &Stack, path: &str) -> Response {
    let mut url = reqwest::Url::parse(stack.url()).unwrap();
    url.set_path(path);
    reqwest::get(url).await.unwrap()
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

#[tokio::test]
async fn the_page_and_its_files_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let stack = with_page(folder.path()).await;
    let page = get(&stack, "/").await;
    assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
    assert!(header(&page, "content-security-policy").starts_with("default-src 'self';"));
    assert_eq!(page.text().await.unwrap(), PAGE);
    let script = get(&stack, "/assets/page.js").await;
    assert_eq!(header(&script, "content-type"), "text/javascript; charset=utf-8");
    assert_eq!(script.text().await.unwrap(), "run()");
    assert_eq!(get(&stack, "/api").await.text().await.unwrap(), "<title>api</title>");
    let package = get(&stack, "/hubcast-client.tgz").await;
    assert_eq!(header(&package, "content-type"), "application/gzip");
}

#[tokio::test]
async fn nothing_else_of_the_disk_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let stack = with_page(folder.path()).await;
    let absolute = folder.path().join("secret.js");
    let above =
        ["/../secret.js", "/assets/../../secret.js", "/%2e%2e/secret.js", "/..%2fsecret.js"];
    let others = ["/notes.txt", "/assets", "/assets/none.js", "//", "/index.html/"];
    for path in above.into_iter().chain(others).chain(absolute.to_str()) {
        // A raw request, since clients tidy such paths before they send them.
        assert_eq!(raw_status(&stack, path).await, 404, "{path}");
    }
    assert_eq!(raw_status(&stack, "/assets/page.js").await, 200);
}

async fn raw_status(stack: &Stack, path: &str) -> u16 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let host = stack.url().strip_prefix("http://").unwrap();
    let mut socket = tokio::net::TcpStream::connect(host).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_stack_without_the_page_says_where_everything_is() {
    let stack = Stack::start(&Options::on_free_port()).await.unwrap();
    let text = get(&stack, "/").await.text().await.unwrap();
    assert!(text.contains(&format!("{}/hubs/notifications", stack.url())), "{text}");
    assert_eq!(get(&stack, "/assets/page.js").await.status(), 404);
}

#[tokio::test]
async fn a_folder_without_the_page_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Some(folder.path().to_owned());
    let started = Stack::start(&Options { demo, ..Options::on_free_port() }).await;
    assert!(started.unwrap_err().to_string().ends_with("is not there; make demo builds it"));
}

async fn counts(stack: &Stack) -> Value {
    get(stack, "/dev/counts").await.json().await.unwrap()
}

/// A client that is heard of: the answer to its first ping comes once it is ready.
async fn ready(stack: &Stack, token: &Value) -> Client {
    let answer = reqwest::Client::new().post(format!("{}/dev/token", stack.url()));
    let answer: Value = answer.body(token.to_string()).send().await.unwrap().json().await.unwrap();
    let (base, token) = (stack.url().replace("http", "ws"), answer["access_token"].as_str());
    let url = format!("{base}/hubs/notifications?access_token={}", token.unwrap());
    let mut client = Client::open(&url).await.unwrap();
    client.text("{\"protocol\":\"json\",\"version\":1}\u{1e}").await;
    client.receives().await;
    client.text("{\"type\":6}\u{1e}").await;
    client.receives().await;
    client
}

#[tokio::test]
async fn counts_tell_who_is_connected_and_what_is_dead() {
    let stack = Stack::start(&Options::on_free_port()).await.unwrap();
    let idle = json!({ "notifications": 0, "deliveries": 0, "dlq": 0 });
    assert_eq!(
        counts(&stack).await,
        json!({
            "sockets": 0, "serverTries": 0, "statefulReconnect": "off", "hubs": {}, "queues": idle,
        })
    );

    let alice = json!({ "sub": "alice", "groups": ["acme", "a#b"] });
    let mut clients = vec![ready(&stack, &alice).await, ready(&stack, &alice).await];
    clients.push(ready(&stack, &json!({ "sub": "bob", "groups": ["acme"] })).await);
    let sqs = Sqs::new(&sdk(stack.url()));
    let letter = sqs.send_message().queue_url(stack.queue_url()).message_body("not json");
    letter.message_group_id("g").message_deduplication_id("1").send().await.unwrap();

    let hub = json!({
        "connections": 3,
        "users": { "alice": 2, "bob": 1 },
        "groups": { "acme": 3, "a#b": 2 },
    });
    let queues = json!({ "notifications": 0, "deliveries": 0, "dlq": 1 });
    let expected = json!({
        "sockets": 3,
        "serverTries": 0,
        "statefulReconnect": "off",
        "hubs": { "notifications": hub },
        "queues": queues,
    });
    let patience = tokio::time::timeout(crate::rig::PATIENCE, async {
        while counts(&stack).await != expected {}
    });
    let found = patience.await;
    assert!(found.is_ok(), "{}", counts(&stack).await);
}
