//! Who is let in, and what is known of them afterwards.

use hubcast_local::gateway::{Function, InvokeError};
use serde_json::{Value, json};

use crate::rig::{Answer, Rig, allow, policy, usual};

const TARGET: &str = "/client/?hub=notifications";

async fn refusal_by(authorizer: Answer) -> u16 {
    let rig = Rig::answering(move |function, _| match function {
        Function::Authorizer => authorizer.clone(),
        other => Ok(usual(other)),
    })
    .await;
    let status = rig.refusal(TARGET).await;
    assert_eq!(rig.count(Function::Connect), 0, "$connect is not asked");
    status
}

#[tokio::test]
async fn without_its_identity_source_the_authorizer_is_not_asked() {
    let rig = Rig::answering(|function, _| Ok(usual(function))).await;
    for target in ["/client/", "/client/?hub=", "/local?access_token=x"] {
        assert_eq!(rig.refusal(target).await, 401, "{target}");
    }
    assert_eq!(rig.count(Function::Authorizer), 0);
}

#[tokio::test]
async fn only_the_word_unauthorized_makes_401() {
    assert_eq!(refusal_by(Err(InvokeError("Unauthorized".into()))).await, 401);
    assert_eq!(refusal_by(Err(InvokeError("unauthorized".into()))).await, 500);
    assert_eq!(refusal_by(Err(InvokeError("it broke".into()))).await, 500);
}

#[tokio::test]
async fn a_policy_that_does_not_allow_makes_403() {
    let nobody = json!({ "Version": "2012-10-17", "Statement": [] });
    for policy in [policy("Deny"), nobody] {
        let answer = json!({ "principalId": "x", "policyDocument": policy });
        assert_eq!(refusal_by(Ok(answer)).await, 403);
    }
}

#[tokio::test]
async fn an_answer_that_api_gateway_cannot_use_makes_500() {
    let mut anonymous = allow(&json!({}));
    anonymous.as_object_mut().unwrap().remove("principalId");
    let unusable = [
        allow(&json!({ "long": "x".repeat(8 * 1024) })),
        allow(&json!({ "nested": { "a": 1 } })),
        allow(&json!({ "list": ["a"] })),
        allow(&json!({ "nothing": null })),
        anonymous,
        json!({ "principalId": "alice" }),
        Value::Null,
    ];
    for answer in unusable {
        assert_eq!(refusal_by(Ok(answer.clone())).await, 500, "{answer}");
    }
}

#[tokio::test]
async fn a_context_that_just_fits_is_taken() {
    let rig = Rig::answering(|function, _| match function {
        Function::Authorizer => Ok(allow(&json!({ "long": "x".repeat(7 * 1024) }))),
        other => Ok(usual(other)),
    })
    .await;
    rig.client().await;
}

#[tokio::test]
async fn the_context_rides_on_every_later_event_as_texts() {
    let rig = Rig::answering(|function, _| match function {
        Function::Authorizer => {
            Ok(allow(&json!({ "userId": "alice", "level": 5, "ratio": 0.5, "admin": true })))
        }
        other => Ok(usual(other)),
    })
    .await;
    let mut client = rig.client().await;
    client.text("{}").await;
    rig.event(Function::Message).await;
    drop(client);
    assert!(rig.event(Function::Authorizer).await["requestContext"].get("authorizer").is_none());
    for function in [Function::Connect, Function::Message, Function::Disconnect] {
        let event = rig.event(function).await;
        let mut authorizer = event["requestContext"]["authorizer"].clone();
        assert!(authorizer["integrationLatency"].take().is_u64(), "{function:?}");
        let expected = json!({
            "principalId": "alice", "userId": "alice", "level": "5", "ratio": "0.5",
            "admin": "true", "integrationLatency": null,
        });
        assert_eq!(authorizer, expected, "{function:?}");
    }
}

#[tokio::test]
async fn its_event_is_the_one_of_a_websocket_request_authorizer() {
    let rig = Rig::answering(|function, _| Ok(usual(function))).await;
    rig.client().await;
    let event = rig.event(Function::Authorizer).await;
    let mut keys: Vec<&String> = event.as_object().unwrap().keys().collect();
    keys.sort();
    let expected = [
        "headers",
        "methodArn",
        "multiValueHeaders",
        "multiValueQueryStringParameters",
        "queryStringParameters",
        "requestContext",
        "stageVariables",
        "type",
    ];
    assert_eq!(keys, expected);
    assert_eq!(event["type"], "REQUEST");
    assert_eq!(
        event["methodArn"],
        "arn:aws:execute-api:us-east-1:000000000000:local/local/$connect"
    );
    assert_eq!(event["requestContext"]["eventType"], "CONNECT");
    assert_eq!(event["requestContext"]["routeKey"], "$connect");
}

#[tokio::test]
async fn the_hub_of_a_path_becomes_a_query_parameter() {
    let rig = Rig::answering(|function, _| Ok(usual(function))).await;
    let url = rig.url("/hubs/my%2Dhub?access_token=t");
    crate::rig::Client::open(&url).await.unwrap();
    let query = &rig.event(Function::Authorizer).await["queryStringParameters"];
    assert_eq!(*query, json!({ "hub": "my-hub", "access_token": "t" }));
}
