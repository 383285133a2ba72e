//! Frames of clients: routes, replies, failures.

use std::sync::Arc;

use hubcast_local::gateway::{Function, InvokeError, Limits};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::rig::{RELAXED, Rig, usual};

/// Replies with the body of the event, unless that asks for something else.
fn echo(function: Function, event: &Value) -> Result<Value, InvokeError> {
    match (function, event["body"].as_str()) {
        (Function::Message | Function::GroupJoin, Some("empty")) => {
            Ok(json!({ "statusCode": 200, "body": "" }))
        }
        (Function::Message, Some("none")) => Ok(json!({ "statusCode": 200 })),
        (Function::Message, Some("break")) => Err(InvokeError("it broke".into())),
        (Function::Message, Some("malformed")) => Ok(json!({ "body": "no status" })),
        (Function::Message | Function::GroupJoin, body) => {
            Ok(json!({ "statusCode": 200, "body": body }))
        }
        (other, _) => Ok(usual(other)),
    }
}

#[tokio::test]
async fn a_reply_is_the_body_of_the_answer_and_nothing_without_one() {
    let rig = Rig::answering(|function, event| echo(function, &event)).await;
    let mut client = rig.client().await;
    for silent in ["empty", "none"] {
        client.text(silent).await;
    }
    rig.events(Function::Message, 2).await;
    client.text("{\"type\":6}\u{1e}").await;
    assert_eq!(client.receives().await, "{\"type\":6}\u{1e}");
    rig.gateway.close_all().await;
    assert_eq!(client.closing().await.0, 1001, "and there was no other frame");
}

#[tokio::test]
async fn a_failed_integration_is_told_to_the_client_by_api_gateway_itself() {
    let rig = Rig::answering(|function, event| echo(function, &event)).await;
    let mut client = rig.client().await;
    for (at, body) in ["break", "malformed"].into_iter().enumerate() {
        client.text(body).await;
        let event = rig.events(Function::Message, at + 1).await.swap_remove(at);
        let request_id = event["requestContext"]["requestId"].as_str().unwrap();
        let expected = format!(
            r#"{{"message":"Internal server error","connectionId":"{}","requestId":"{request_id}"}}"#,
            client.id
        );
        assert_eq!(client.receives().await, expected);
    }
}

#[tokio::test]
async fn the_target_of_a_body_selects_the_route() {
    let strict = [
        (r#"{"type":1,"target":"JoinGroup"}"#, Function::GroupJoin, "JoinGroup"),
        (r#"{"target":"LeaveGroup"}"#, Function::GroupJoin, "LeaveGroup"),
        (r#"{"target":"joingroup"}"#, Function::Message, "$default"),
        (r#"{"target":"$connect"}"#, Function::Message, "$default"),
        (r#"{"target":5}"#, Function::Message, "$default"),
        (r#"["JoinGroup"]"#, Function::Message, "$default"),
        ("{\"target\":\"JoinGroup\"}\u{1e}", Function::Message, "$default"),
        ("no JSON", Function::Message, "$default"),
    ];
    let rig = Rig::answering(|function, event| echo(function, &event)).await;
    let lenient = Limits { lenient_route_selection: true, ..RELAXED };
    let lenient = Rig::within(lenient, |function, event| echo(function, &event)).await;
    for (rig, frames) in [
        (&rig, strict.as_slice()),
        (&lenient, &[("{\"target\":\"JoinGroup\"}\u{1e}", Function::GroupJoin, "JoinGroup")]),
    ] {
        let mut client = rig.client().await;
        for (body, function, route) in frames {
            let at = rig.count(*function);
            client.text(body).await;
            let event = rig.events(*function, at + 1).await.swap_remove(at);
            assert_eq!(event["requestContext"]["routeKey"], *route, "{body}");
            assert_eq!(event["body"], *body);
            assert_eq!(event["isBase64Encoded"], false);
            assert_eq!(client.receives().await, *body);
        }
    }
}

#[tokio::test]
async fn frames_of_a_client_are_handled_side_by_side() {
    let gate = Arc::new(Notify::new());
    let held = Arc::clone(&gate);
    let rig = Rig::start(RELAXED, move |function, event| {
        let gate = Arc::clone(&held);
        async move {
            if event["body"] == "slow" {
                gate.notified().await;
            }
            echo(function, &event)
        }
    })
    .await;
    let mut client = rig.client().await;
    client.text("slow").await;
    rig.event(Function::Message).await;
    client.text("quick").await;
    assert_eq!(client.receives().await, "quick");
    gate.notify_one();
    assert_eq!(client.receives().await, "slow");
}

#[tokio::test]
async fn a_client_that_leaves_does_not_miss_the_end_of_its_invocation() {
    let gate = Arc::new(Notify::new());
    let held = Arc::clone(&gate);
    let rig = Rig::start(RELAXED, move |function, event| {
        let gate = Arc::clone(&held);
        async move {
            if function == Function::Message {
                gate.notified().await;
            }
            echo(function, &event)
        }
    })
    .await;
    let mut client = rig.client().await;
    client.text("slow").await;
    rig.event(Function::Message).await;
    drop(client);
    rig.event(Function::Disconnect).await;
    gate.notify_one();
    rig.client().await;
}
