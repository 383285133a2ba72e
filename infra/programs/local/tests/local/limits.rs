//! The limits of API Gateway, and how a socket ends at them.

use std::time::{Duration, Instant};

use hubcast_local::gateway::{Function, Limits};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::rig::{Client, RELAXED, Rig, usual};

const KB: usize = 1024;

async fn rig(limits: Limits) -> Rig {
    Rig::within(limits, |function, event| match function {
        Function::Message => {
            let bytes = event["body"].as_str().unwrap().len();
            Ok(json!({ "statusCode": 200, "body": bytes.to_string() }))
        }
        other => Ok(usual(other)),
    })
    .await
}

async fn send_fragmented(client: &mut Client, fragments: usize, bytes: usize) {
    for at in 0..fragments {
        let data = if at == 0 { Data::Text } else { Data::Continue };
        let is_last = at + 1 == fragments;
        let frame = Frame::message("x".repeat(bytes).into_bytes(), OpCode::Data(data), is_last);
        client.send(Message::Frame(frame)).await;
    }
}

async fn disconnect_code(rig: &Rig) -> u64 {
    let event = rig.event(Function::Disconnect).await;
    event["requestContext"]["disconnectStatusCode"].as_u64().unwrap()
}

#[tokio::test]
async fn a_frame_may_have_32_kb_and_a_message_128() {
    let rig = rig(RELAXED).await;
    let mut client = rig.client().await;
    client.text(&"x".repeat(32 * KB)).await;
    assert_eq!(client.receives().await, "32768");
    send_fragmented(&mut client, 4, 32 * KB).await;
    assert_eq!(client.receives().await, "131072");
}

#[tokio::test]
async fn a_larger_frame_ends_the_socket_with_1009() {
    // The largest does not fit any buffer on the way.
    for bytes in [32 * KB + 1, 200 * KB, 8 * 1024 * KB] {
        let rig = rig(RELAXED).await;
        let mut client = rig.client().await;
        client.text(&"x".repeat(bytes)).await;
        assert_eq!(client.closing().await.0, 1009, "{bytes}");
        assert_eq!(disconnect_code(&rig).await, 1009);
        assert_eq!(rig.count(Function::Message), 0);
    }
}

#[tokio::test]
async fn a_larger_message_ends_the_socket_with_1009() {
    let rig = rig(RELAXED).await;
    let mut client = rig.client().await;
    send_fragmented(&mut client, 5, 30 * KB).await;
    assert_eq!(client.closing().await.0, 1009);
    assert_eq!(disconnect_code(&rig).await, 1009);
}

#[tokio::test]
async fn a_binary_frame_ends_the_socket_with_1003() {
    let rig = rig(RELAXED).await;
    let mut client = rig.client().await;
    client.send(vec![1, 2, 255]).await;
    assert_eq!(client.closing().await.0, 1003);
    assert_eq!(disconnect_code(&rig).await, 1003);
    assert_eq!(rig.count(Function::Message), 0);
}

#[tokio::test]
async fn an_idle_socket_ends_and_frames_either_way_keep_it() {
    // A frame each way takes less than this also on a busy machine.
    let idle = Duration::from_secs(3);
    let rig = rig(Limits { idle, ..RELAXED }).await;
    let (mut quiet, mut busy, mut posted) =
        (rig.client().await, rig.client().await, rig.client().await);
    let started = Instant::now();
    while started.elapsed() < 2 * idle {
        busy.text("x").await;
        busy.receives().await;
        let post = reqwest::Client::new().post(rig.connection(&posted.id)).body("p");
        assert_eq!(post.send().await.unwrap().status(), 200);
        posted.receives().await;
    }
    assert_eq!(quiet.closing().await, (1001, "Going away".into()));
    assert_eq!(disconnect_code(&rig).await, 1001);
    assert_eq!(rig.gateway.connection_count(), 2);
    assert_eq!(busy.closing().await.0, 1001);
}

#[tokio::test]
async fn a_socket_ends_with_its_lifetime_however_busy_it_is() {
    let rig = rig(Limits { lifetime: Duration::from_millis(300), ..RELAXED }).await;
    let mut client = rig.client().await;
    for _ in 0..5 {
        client.text("x").await;
    }
    assert_eq!(client.closing().await, (1001, "Going away".into()));
    assert_eq!(disconnect_code(&rig).await, 1001);
}

#[tokio::test]
async fn a_client_that_does_not_read_ends_with_its_lifetime_too() {
    let rig = rig(Limits { lifetime: Duration::from_secs(2), ..RELAXED }).await;
    let client = rig.client().await;
    let http = reqwest::Client::new();
    let body = "x".repeat(128 * KB);
    let until_full = async {
        loop {
            let post = http.post(rig.connection(&client.id)).body(body.clone()).send();
            if post.await.unwrap().status() != 200 {
                break;
            }
        }
    };
    until_full.await;
    assert_eq!(disconnect_code(&rig).await, 1001);
}
