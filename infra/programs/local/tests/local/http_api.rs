//! The HTTP API: payload format 2.0 there and back.

use hubcast_local::gateway::{Function, InvokeError};
use serde_json::{Value, json};

use crate::rig::{Answer, Rig, usual};

async fn rig(answer: Answer) -> Rig {
    Rig::answering(move |function, _| match function {
        Function::Negotiate => answer.clone(),
        other => Ok(usual(other)),
    })
    .await
}

#[tokio::test]
async fn a_request_becomes_an_event_of_payload_format_2() {
    let rig = rig(Ok(json!({ "statusCode": 200 }))).await;
    let url = format!("http://{}/hubs/h/negotiate?a=1&a=2&b=x%20y", rig.host);
    let post = reqwest::Client::new().post(url).body("hello").header("Cookie", "one=1; two=2");
    let post = post.header("Content-Type", "text/plain;charset=UTF-8").header("X-Twice", "1");
    post.header("X-Twice", "2").header("User-Agent", "tester").send().await.unwrap();
    let event = rig.event(Function::Negotiate).await;
    assert_eq!(event["version"], "2.0");
    assert_eq!(event["rawPath"], "/hubs/h/negotiate");
    assert_eq!(event["rawQueryString"], "a=1&a=2&b=x%20y");
    assert_eq!(event["queryStringParameters"], json!({ "a": "1,2", "b": "x y" }));
    assert_eq!(event["headers"]["x-twice"], "1,2");
    assert!(event["headers"].get("cookie").is_none());
    assert_eq!(event["cookies"], json!(["one=1", "two=2"]));
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("hello"), &json!(false)));
    let http = &event["requestContext"]["http"];
    assert_eq!((&http["method"], &http["sourceIp"]), (&json!("POST"), &json!("127.0.0.1")));
    assert_eq!(http["userAgent"], "tester");
    assert_eq!(event["requestContext"]["domainName"], json!(rig.host));
}

#[tokio::test]
async fn what_a_request_lacks_is_left_out_and_what_is_no_text_encoded() {
    let rig = rig(Ok(json!({ "statusCode": 200 }))).await;
    let url = format!("http://{}/client/negotiate", rig.host);
    let client = reqwest::Client::new();
    client.post(&url).send().await.unwrap();
    client.post(&url).body("hello").send().await.unwrap();
    let events = rig.events(Function::Negotiate, 2).await;
    for absent in ["body", "cookies", "queryStringParameters"] {
        assert!(events[0].get(absent).is_none(), "{absent}");
    }
    assert_eq!(
        (&events[1]["body"], &events[1]["isBase64Encoded"]),
        (&json!("aGVsbG8="), &json!(true))
    );
}

#[tokio::test]
async fn an_answer_becomes_a_response() {
    let answer = json!({
        "statusCode": 201, "headers": { "X-Own": "1" }, "body": "aGVsbG8=", "isBase64Encoded": true,
    });
    let rig = rig(Ok(answer)).await;
    let response = reqwest::get(format!("http://{}/x/negotiate", rig.host)).await.unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers()["x-own"], "1");
    assert_eq!(response.text().await.unwrap(), "hello");
}

#[tokio::test]
async fn a_failed_integration_is_a_500() {
    for answer in [Err(InvokeError("it broke".into())), Ok(json!({ "statusCode": "200" }))] {
        let rig = rig(answer).await;
        let response = reqwest::get(format!("http://{}/x/negotiate", rig.host)).await.unwrap();
        assert_eq!(response.status(), 500);
        let body: Value = response.json().await.unwrap();
        assert_eq!(body, json!({ "message": "Internal Server Error" }));
    }
}
