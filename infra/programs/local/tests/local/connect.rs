//! The upgrade and its integration.

use std::sync::Arc;

use hubcast_local::gateway::{Function, InvokeError};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::rig::{Answer, Client, RELAXED, Rig, usual};

/// A rig whose `$connect` waits for a permit.
async fn held() -> (Rig, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    let rig = Rig::start(RELAXED, move |function, _| {
        let gate = Arc::clone(&held);
        async move {
            if function == Function::Connect {
                gate.acquire().await.unwrap().forget();
            }
            Ok(usual(function))
        }
    })
    .await;
    (rig, gate)
}

#[tokio::test]
async fn nothing_can_be_posted_before_connect_has_returned() {
    let (rig, gate) = held().await;
    let url = rig.url("/client/?hub=notifications");
    let opening = tokio::spawn(async move { Client::open(&url).await.unwrap() });
    let event = rig.event(Function::Connect).await;
    let id = event["requestContext"]["connectionId"].as_str().unwrap();
    let post = || reqwest::Client::new().post(rig.connection(id)).body("hello").send();
    assert_eq!(post().await.unwrap().status(), 410);
    assert!(!opening.is_finished(), "the upgrade waits for $connect");
    gate.add_permits(1);
    let mut client = opening.await.unwrap();
    assert_eq!(post().await.unwrap().status(), 200);
    assert_eq!(client.receives().await, "hello");
}

#[tokio::test]
async fn a_client_that_leaves_during_connect_is_disconnected() {
    let (rig, gate) = held().await;
    let mut connection = TcpStream::connect(&rig.host).await.unwrap();
    let request = "GET /client/?hub=h HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    connection.write_all(request.as_bytes()).await.unwrap();
    let connect = rig.event(Function::Connect).await;
    drop(connection);
    gate.add_permits(1);
    let disconnect = rig.event(Function::Disconnect).await;
    let id = |event: &Value| event["requestContext"]["connectionId"].clone();
    assert_eq!(id(&connect), id(&disconnect));
    assert_eq!(disconnect["requestContext"]["disconnectStatusCode"], 1006);
}

#[tokio::test]
async fn a_connect_that_does_not_answer_2xx_refuses_the_upgrade() {
    let answers: [(Answer, u16); 7] = [
        (Ok(json!({ "statusCode": 403 })), 403),
        (Ok(json!({ "statusCode": 409, "body": "taken" })), 409),
        (Ok(json!({ "statusCode": 500 })), 500),
        (Ok(json!({ "statusCode": 302 })), 500),
        (Ok(json!({})), 500),
        (Ok(Value::Null), 500),
        (Err(InvokeError("it broke".into())), 500),
    ];
    for (answer, status) in answers {
        let given = answer.clone();
        let rig = Rig::answering(move |function, _| match function {
            Function::Connect => given.clone(),
            other => Ok(usual(other)),
        })
        .await;
        assert_eq!(rig.refusal("/client/?hub=h").await, status, "{answer:?}");
        assert_eq!(rig.gateway.connection_count(), 0);
        assert_eq!(rig.count(Function::Disconnect), 0, "who never came does not leave");
    }
}

#[tokio::test]
async fn any_2xx_lets_a_client_in() {
    let rig = Rig::answering(|function, _| match function {
        Function::Connect => Ok(json!({ "statusCode": 204 })),
        other => Ok(usual(other)),
    })
    .await;
    rig.client().await;
}

#[tokio::test]
async fn sockets_live_at_three_places_only() {
    let rig = Rig::answering(|function, _| Ok(usual(function))).await;
    for target in ["/?hub=h", "/local/more?hub=h", "/hubs/a/b?hub=h", "/clients?hub=h"] {
        assert_eq!(rig.refusal(target).await, 403, "{target}");
    }
    for target in ["/client?hub=h", "/client/?hub=h", "/hubs/h", "/local?hub=h", "/local/?hub=h"] {
        Client::open(&rig.url(target)).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_no_handshake_is_refused_before_anyone_is_asked() {
    let rig = Rig::answering(|function, _| Ok(usual(function))).await;
    let long = format!("/client/?hub=h&access_token={}", "x".repeat(4096));
    assert_eq!(rig.refusal(&long).await, 414);
    let mut old = rig.url("/client/?hub=h").into_client_request().unwrap();
    old.headers_mut().insert("sec-websocket-version", "8".parse().unwrap());
    assert!(Client::open(old).await.is_err());
    assert_eq!(rig.count(Function::Authorizer), 0);
}

#[tokio::test]
async fn the_connect_event_has_the_maps_of_aws() {
    let rig = Rig::answering(|function, _| Ok(usual(function))).await;
    let mut request = rig.url("/client/?hub=h&tag=a&tag=b%20c").into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("user-agent", "tester".parse().unwrap());
    headers.append("x-signalr-user-agent", "one".parse().unwrap());
    headers.append("x-signalr-user-agent", "two".parse().unwrap());
    Client::open(request).await.unwrap();
    let event = rig.event(Function::Connect).await;
    let multi = json!({ "hub": ["h"], "tag": ["a", "b c"] });
    assert_eq!(event["multiValueQueryStringParameters"], multi);
    assert_eq!(event["queryStringParameters"], json!({ "hub": "h", "tag": "b c" }));
    assert_eq!(event["multiValueHeaders"]["X-Signalr-User-Agent"], json!(["one", "two"]));
    assert_eq!(event["headers"]["X-Signalr-User-Agent"], "two");
    assert_eq!(event["headers"]["Host"], json!(rig.host));
    assert_eq!(event["headers"]["Sec-WebSocket-Version"], "13");
    assert_eq!(event["headers"]["X-Forwarded-For"], "127.0.0.1");
    assert!(event["headers"].get("Upgrade").is_none());
    assert_eq!(event["isBase64Encoded"], false);
    assert!(event.get("body").is_none());
}

#[tokio::test]
async fn contexts_have_what_aws_puts_into_them() {
    let rig = Rig::answering(|function, _| Ok(usual(function))).await;
    let mut client = rig.client().await;
    client.text("{}").await;
    rig.event(Function::Message).await;
    let id = client.id.clone();
    drop(client);
    let expected = [
        (Function::Connect, "$connect", "CONNECT"),
        (Function::Message, "$default", "MESSAGE"),
        (Function::Disconnect, "$disconnect", "DISCONNECT"),
    ];
    for (function, route, kind) in expected {
        let event = rig.event(function).await;
        let context = &event["requestContext"];
        assert_eq!(context["routeKey"], route);
        assert_eq!(context["eventType"], kind);
        assert_eq!(context["connectionId"], json!(id));
        assert_eq!(context["requestId"], context["extendedRequestId"]);
        assert_eq!(context["identity"]["sourceIp"], "127.0.0.1");
        assert_eq!(context["domainName"], json!(rig.host));
        assert_eq!((&context["stage"], &context["apiId"]), (&json!("local"), &json!("local")));
        assert!(context["connectedAt"].as_u64() <= context["requestTimeEpoch"].as_u64());
        assert_eq!(context.get("messageId").is_some(), function == Function::Message);
    }
    let message = rig.event(Function::Message).await;
    assert!(message.get("headers").is_none(), "messages have no headers");
    assert!(message.get("queryStringParameters").is_none());
    let disconnect = rig.event(Function::Disconnect).await;
    assert_eq!(disconnect["headers"]["Host"], json!(rig.host));
    assert!(disconnect.get("queryStringParameters").is_none());
}
