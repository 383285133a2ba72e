//! `@connections`, by the official client where that can say it.

use std::time::{Duration, Instant};

use aws_sdk_apigatewaymanagement::error::ProvideErrorMetadata;
use aws_sdk_apigatewaymanagement::operation::post_to_connection::PostToConnectionError;
use aws_sdk_apigatewaymanagement::primitives::Blob;
use hubcast_local::gateway::{EndNews, Function, Limits};
use hubcast_model::time::{Clock, SystemClock};
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::rig::{Client, RELAXED, Rig, usual};

const KB: usize = 1024;

async fn rig() -> Rig {
    Rig::answering(|function, _| Ok(usual(function))).await
}

async fn within(end_news: EndNews) -> Rig {
    let limits = Limits { end_news, ..RELAXED };
    Rig::within(limits, |function, _| Ok(usual(function))).await
}

/// When a connection was last active, in milliseconds since 1970. The clock moves on before the
/// answer, so that whatever happens next is later.
async fn activity(rig: &Rig, client: &Client) -> i64 {
    let known = rig.management().get_connection().connection_id(&client.id).send().await.unwrap();
    let last = known.last_active_at().unwrap().to_millis().unwrap();
    let now = || i64::try_from(SystemClock.now().as_millis()).unwrap();
    let asked = now();
    while now() == asked {
        tokio::task::yield_now().await;
    }
    last
}

async fn post(rig: &Rig, id: &str, bytes: Vec<u8>) -> Result<(), PostToConnectionError> {
    let post = rig.management().post_to_connection().connection_id(id).data(Blob::new(bytes));
    post.send()
        .await
        .map(|_| ())
        .map_err(aws_sdk_apigatewaymanagement::error::SdkError::into_service_error)
}

async fn end(rig: &Rig) -> (u64, String) {
    let event = rig.event(Function::Disconnect).await;
    let context = &event["requestContext"];
    let reason = context["disconnectReason"].as_str().unwrap().to_owned();
    (context["disconnectStatusCode"].as_u64().unwrap(), reason)
}

#[tokio::test]
async fn posts_arrive_in_order() {
    let rig = rig().await;
    let mut client = rig.client().await;
    for n in 0..50 {
        post(&rig, &client.id, format!("{n}").into_bytes()).await.unwrap();
    }
    for n in 0..50 {
        assert_eq!(client.receives().await, n.to_string());
    }
}

#[tokio::test]
async fn a_connection_can_be_looked_at() {
    let rig = rig().await;
    let client = rig.client().await;
    let known = rig.management().get_connection().connection_id(&client.id).send().await.unwrap();
    assert!(known.connected_at().unwrap() <= known.last_active_at().unwrap());
    assert_eq!(known.identity().unwrap().source_ip(), Some("127.0.0.1"));
}

#[tokio::test]
async fn a_connection_is_active_whenever_a_frame_passes_in_either_direction() {
    let rig = rig().await;
    let mut client = rig.client().await;
    let opened = activity(&rig, &client).await;
    post(&rig, &client.id, b"p".to_vec()).await.unwrap();
    client.receives().await;
    let after_post = activity(&rig, &client).await;
    assert!(opened < after_post, "{opened:?} {after_post:?}");
    client.text("x").await;
    rig.event(Function::Message).await;
    let after_frame = activity(&rig, &client).await;
    assert!(after_post < after_frame, "{after_post:?} {after_frame:?}");
}

#[tokio::test]
async fn a_deleted_connection_is_gone_at_once_and_its_client_told() {
    let rig = rig().await;
    let mut client = rig.client().await;
    post(&rig, &client.id, b"last".to_vec()).await.unwrap();
    let delete = || reqwest::Client::new().delete(rig.connection(&client.id)).send();
    assert_eq!(delete().await.unwrap().status(), 204);
    assert!(post(&rig, &client.id, b"late".to_vec()).await.unwrap_err().is_gone_exception());
    assert_eq!(delete().await.unwrap().status(), 410);
    assert_eq!(client.receives().await, "last");
    assert_eq!(client.closing().await.0, 1000);
    assert_eq!(end(&rig).await, (1000, "Connection Closed Normally".into()));
}

#[tokio::test]
async fn an_unknown_connection_is_gone_and_a_malformed_one_refused() {
    let rig = rig().await;
    let client = rig.management();
    let unknown = "L0SM9cOFvHcCIhw=";
    assert!(post(&rig, unknown, b"x".to_vec()).await.unwrap_err().is_gone_exception());
    let err = client.get_connection().connection_id(unknown).send().await.unwrap_err();
    assert!(err.into_service_error().is_gone_exception());
    let err = client.delete_connection().connection_id(unknown).send().await.unwrap_err();
    assert!(err.into_service_error().is_gone_exception());
    for malformed in ["a b", "a*b", "ü"] {
        let err = post(&rig, malformed, b"x".to_vec()).await.unwrap_err();
        assert_eq!(err.code(), Some("BadRequestException"), "{malformed}");
    }
}

#[tokio::test]
async fn ids_may_be_encoded_in_any_way() {
    let rig = rig().await;
    let mut client = rig.client().await;
    assert!(client.id.ends_with('='), "{}", client.id);
    let encoded = client.id.replace('=', "%3D");
    for path in [
        format!("/local/@connections/{}", client.id),
        format!("/local/@connections/{encoded}"),
        format!("/local/%40connections/{encoded}"),
    ] {
        let post =
            reqwest::Client::new().post(format!("http://{}{path}", rig.host)).body(path.clone());
        assert_eq!(post.send().await.unwrap().status(), 200, "{path}");
        assert_eq!(client.receives().await, path);
    }
}

#[tokio::test]
async fn a_post_may_have_128_kb_and_no_more() {
    let rig = rig().await;
    let mut client = rig.client().await;
    let err = post(&rig, &client.id, vec![b'x'; 128 * KB + 1]).await.unwrap_err();
    assert!(err.is_payload_too_large_exception());
    post(&rig, &client.id, vec![b'x'; 128 * KB]).await.unwrap();
    assert_eq!(client.receives().await.len(), 128 * KB);
}

#[tokio::test]
async fn errors_are_told_as_the_sdks_read_them() {
    let rig = rig().await;
    let answer = reqwest::Client::new().get(rig.connection("AAAA=")).send().await.unwrap();
    assert_eq!(answer.headers()["x-amzn-errortype"], "GoneException");
    assert!(answer.json::<Value>().await.unwrap()["message"].is_string());
}

/// Posts until the client's buffers are full.
async fn fill(rig: &Rig, client: &Client) -> PostToConnectionError {
    for _ in 0..5_000 {
        if let Err(err) = post(rig, &client.id, vec![b'x'; 64 * KB]).await {
            return err;
        }
    }
    panic!("a client that does not read never fills up");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_throttled_and_reads_on_later() {
    let rig = rig().await;
    let mut client = rig.client().await;
    assert!(fill(&rig, &client).await.is_limit_exceeded_exception());
    assert_eq!(client.receives().await.len(), 64 * KB);
}

#[tokio::test]
async fn a_client_that_does_not_read_can_be_deleted() {
    let rig = rig().await;
    let client = rig.client().await;
    fill(&rig, &client).await;
    rig.management().delete_connection().connection_id(&client.id).send().await.unwrap();
    rig.event(Function::Disconnect).await;
}

#[tokio::test]
async fn the_end_of_a_socket_is_told_once_with_its_code_and_reason() {
    let ends = [
        (Some((4001, "bye")), (4001, "bye")),
        (Some((1000, "")), (1000, "")),
        (None, (1005, "Client-side close frame status not set")),
    ];
    for (close, expected) in ends {
        let rig = rig().await;
        let mut client = rig.client().await;
        let frame = close.map(|(code, reason): (u16, &str)| CloseFrame {
            code: code.into(),
            reason: reason.into(),
        });
        client.send(Message::Close(frame)).await;
        assert_eq!(end(&rig).await, (expected.0, expected.1.to_owned()));
        let delete = reqwest::Client::new().delete(rig.connection(&client.id)).send();
        assert_eq!(delete.await.unwrap().status(), 410);
        rig.gateway.close_all().await;
        assert_eq!(rig.count(Function::Disconnect), 1);
    }
}

#[tokio::test]
async fn a_late_disconnect_finds_its_connection_long_gone() {
    let late = Duration::from_mins(1);
    let rig = within(EndNews::After(late)).await;
    let client = rig.client().await;
    let delete = || reqwest::Client::new().delete(rig.connection(&client.id)).send();
    assert_eq!(delete().await.unwrap().status(), 204);
    assert_eq!(delete().await.unwrap().status(), 410);
    assert_eq!(rig.count(Function::Disconnect), 0, "nobody is told yet");
    // Whoever stops the gateway does not wait.
    rig.gateway.close_all().await;
    assert_eq!(end(&rig).await.0, 1000);
    assert_eq!(rig.count(Function::Disconnect), 1);
}

#[tokio::test]
async fn a_late_disconnect_comes_in_the_end() {
    let late = Duration::from_millis(300);
    let rig = within(EndNews::After(late)).await;
    let client = rig.client().await;
    let closed = Instant::now();
    drop(client);
    assert_eq!(end(&rig).await.0, 1006);
    assert!(closed.elapsed() >= late, "{:?}", closed.elapsed());
}

#[tokio::test]
async fn a_disconnect_may_never_come() {
    let rig = within(EndNews::Never).await;
    drop(rig.client().await);
    rig.client().await;
    rig.gateway.close_all().await;
    assert_eq!(rig.gateway.connection_count(), 0);
    assert_eq!(rig.count(Function::Disconnect), 0);
}

#[tokio::test]
async fn a_close_is_answered_before_the_connection_ends() {
    let rig = rig().await;
    let mut client = rig.client().await;
    let frame = CloseFrame { code: 1000.into(), reason: "done".into() };
    client.send(Message::Close(Some(frame))).await;
    assert_eq!(client.closing().await.0, 1000);
}

#[tokio::test]
async fn a_connection_that_breaks_is_told_as_1006() {
    let rig = rig().await;
    drop(rig.client().await);
    assert_eq!(end(&rig).await.0, 1006);
}
