//! The stack as a whole.

use aws_sdk_sqs::Client as Sqs;
use hubcast_aws::store::DynamoStore;
use hubcast_local::{Options, Stack, send_command};
use hubcast_model::access::{Membership, Standing};
use hubcast_model::id::{GroupName, HubName, UserId};
use hubcast_model::ports::MembershipStore;
use hubcast_model::time::{Clock, SystemClock};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::rig::{Client, sdk};

const HANDSHAKE: &str = "{\"protocol\":\"json\",\"version\":1}\u{1e}";

async fn started() -> Stack {
    Stack::start(&Options::on_free_port()).await.unwrap()
}

async fn token(stack: &Stack, user: &str) -> String {
    let url = format!("{}/dev/token", stack.url());
    let body = json!({ "sub": user }).to_string();
    let answer = reqwest::Client::new().post(url).body(body).send().await.unwrap();
    answer.json::<Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned()
}

async fn connected(stack: &Stack, user: &str) -> Client {
    let base = stack.url().replace("http", "ws");
    let url = format!("{base}/hubs/notifications?access_token={}", token(stack, user).await);
    let mut client = Client::open(&url).await.unwrap();
    client.text(HANDSHAKE).await;
    assert_eq!(client.receives().await, "{}\u{1e}");
    client
}

async fn send(stack: &Stack, dedup: &str, body: &Value) {
    let sqs = Sqs::new(&sdk(stack.url()));
    let send = sqs.send_message().queue_url(stack.queue_url()).message_body(body.to_string());
    let send = send.message_group_id("notifications:user:alice").message_deduplication_id(dedup);
    send.send().await.unwrap();
}

async fn reset(stack: &Stack) {
    let url = format!("{}/dev/reset", stack.url());
    let answer = reqwest::Client::new().post(url).send().await.unwrap();
    assert_eq!(answer.status(), 204, "{}", answer.text().await.unwrap());
}

#[tokio::test]
async fn a_message_on_the_queue_reaches_its_user() {
    let stack = started().await;
    let mut client = connected(&stack, "alice").await;
    send(&stack, "1", &json!({ "userId": "alice", "target": "hello", "arguments": [1] })).await;
    let frame = client.receives().await;
    assert_eq!(frame, "{\"type\":1,\"target\":\"hello\",\"arguments\":[1]}\u{1e}");
    stack.shutdown().await;
    assert_eq!(client.closing().await.0, 1001);
}

#[tokio::test]
async fn a_reset_forgets_sockets_messages_and_deduplication_ids_and_can_be_repeated() {
    let stack = started().await;
    for _ in 0..2 {
        let mut before = connected(&stack, "alice").await;
        let hello = json!({ "userId": "alice", "target": "hello" });
        send(&stack, "always-the-same", &hello).await;
        assert!(before.receives().await.contains("hello"));
        reset(&stack).await;
        assert_eq!(before.closing().await.0, 1001);
    }
    let mut after = connected(&stack, "alice").await;
    send(&stack, "always-the-same", &json!({ "userId": "alice", "target": "again" })).await;
    assert!(after.receives().await.contains("again"));
}

#[tokio::test]
async fn both_loopback_addresses_are_served() {
    let stack = started().await;
    let (_, port) = stack.url().rsplit_once(':').unwrap();
    for host in ["127.0.0.1", "[::1]"] {
        let url = format!("http://{host}:{port}/api/health");
        assert_eq!(reqwest::get(&url).await.unwrap().status(), 200, "{url}");
        assert_eq!(reqwest::Client::new().head(&url).send().await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn it_can_be_bound_to_one_address() {
    for (bind, url) in [("::1", "http://[::1]:"), ("0.0.0.0", "http://127.0.0.1:")] {
        let options = Options { bind: Some(bind.parse().unwrap()), ..Options::on_free_port() };
        let stack = Stack::start(&options).await.unwrap();
        assert!(stack.url().starts_with(url), "{}", stack.url());
        connected(&stack, "alice").await;
    }
    let options = Options { bind: Some("::1".parse().unwrap()), ..Options::on_free_port() };
    let stack = Stack::start(&options).await.unwrap();
    let elsewhere = stack.url().replace("[::1]", "127.0.0.1");
    assert!(reqwest::get(format!("{elsewhere}/api/health")).await.is_err());
}

#[tokio::test]
async fn a_data_folder_keeps_the_table_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = Some(folder.path().join("new"));
    let options = Options { data_dir, ..Options::on_free_port() };
    let (hub, user) = (HubName::parse("h").unwrap(), UserId::parse("alice").unwrap());
    let group = GroupName::parse("admins").unwrap();
    let membership = Membership { group: group.keyed(), standing: Standing::Member, expires: None };
    let store = |stack: &Stack| DynamoStore::new(&sdk(stack.url()), "hubcast");

    let stack = Stack::start(&options).await.unwrap();
    store(&stack).put_membership(&hub, &user, &membership).await.unwrap();
    stack.shutdown().await;

    let stack = Stack::start(&options).await.unwrap();
    let kept = store(&stack).memberships(&hub, &user, SystemClock.now()).await.unwrap();
    assert_eq!(kept, [membership]);
}

#[tokio::test]
async fn the_variables_of_the_functions_can_be_set() {
    let set = vec![("HUBS".to_owned(), "orders".to_owned())];
    let stack = Stack::start(&Options { set, ..Options::on_free_port() }).await.unwrap();
    let url = format!("{}/hubs/notifications/negotiate", stack.url());
    let post = reqwest::Client::new().post(url).bearer_auth(token(&stack, "alice").await);
    assert_ne!(post.send().await.unwrap().status(), 200, "that hub does not exist now");
    let set = vec![("HUB_SHARDS".to_owned(), "many".to_owned())];
    let err = Stack::start(&Options { set, ..Options::on_free_port() }).await.unwrap_err();
    assert!(format!("{err:#}").contains("HUB_SHARDS must be a number"), "{err:#}");
}

#[tokio::test]
async fn redirects_follow_the_host_of_the_request() {
    let stack = started().await;
    let url = format!("{}/hubs/notifications/negotiate?negotiateVersion=1", stack.url());
    let post = reqwest::Client::new().post(url).header("Host", "localhost:4242");
    let answer = post.bearer_auth(token(&stack, "alice").await).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["url"], "http://localhost:4242/client/?hub=notifications", "{answer}");
}

/// A client token as the Azure management SDK makes them with the emulator's connection string.
fn azure_token(audience: &str) -> String {
    let seconds = SystemClock.now().as_seconds();
    let claims = json!({ "aud": audience, "nameid": "alice", "iat": seconds, "exp": seconds + 60 });
    let key = EncodingKey::from_secret(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH").unwrap();
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap()
}

#[tokio::test]
async fn the_key_of_the_azure_emulator_is_the_local_one() {
    let stack = started().await;
    let base = stack.url().replace("http", "ws");
    for (audience, is_good) in [
        ("http://localhost/client/?hub=chat", true),
        ("http://localhost:8080/client/?hub=chat", true),
        ("http://127.0.0.1/client/?hub=chat", true),
        ("http://localhost/client/?hub=other", false),
        ("http://localhost/server/?hub=chat", false),
        ("http://hubcast:8080/client/?hub=chat", true),
        ("http://elsewhere.example/client/?hub=chat", false),
    ] {
        let url = format!("{base}/client/?hub=chat&access_token={}", azure_token(audience));
        assert_eq!(Client::open(&url).await.is_ok(), is_good, "{audience}");
    }
}

#[tokio::test]
async fn pages_of_any_local_origin_may_connect_and_others_not() {
    let stack = started().await;
    let base = stack.url().replace("http", "ws");
    let url = format!("{base}/hubs/any_hub?access_token={}", token(&stack, "alice").await);
    for (origin, is_good) in [("http://localhost:4200", true), ("https://evil.example", false)] {
        let mut request = url.as_str().into_client_request().unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        assert_eq!(Client::open(request).await.is_ok(), is_good, "{origin}");
    }
}

#[tokio::test]
async fn the_command_to_copy_names_this_stack() {
    let stack = started().await;
    let command = send_command(&stack);
    assert!(command.starts_with(&format!("curl '{}/api/hubs/", stack.url())), "{command}");
    assert!(command.contains(&format!("{}/dev/rest-token", stack.url())), "{command}");
}
