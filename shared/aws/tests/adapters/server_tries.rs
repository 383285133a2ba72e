//! Whether servers try to connect, as the logs of a deployment say.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use hubcast_aws::operator::{Account, SignIn, Trouble};
use serde_json::{Value, json};

use crate::endpoint::serve;

/// The answer of the logs for a group.
type Answer = fn(&str) -> (StatusCode, Value);
type Asked = Arc<Mutex<Vec<Value>>>;

const NOT_THERE: &str = "ResourceNotFoundException";

fn refusal(code: &str) -> (StatusCode, Value) {
    (StatusCode::BAD_REQUEST, json!({ "__type": code, "message": "no" }))
}

fn events(lines: &[&str]) -> (StatusCode, Value) {
    let events: Vec<Value> = lines.iter().map(|line| json!({ "message": line })).collect();
    (StatusCode::OK, json!({ "events": events, "searchedLogStreams": [] }))
}

async fn logs(
    State((answer, asked)): State<(Answer, Asked)>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    assert_eq!(headers.get("x-amz-target").expect("a target"), "Logs_20140328.FilterLogEvents");
    let input: Value = serde_json::from_slice(&body).expect("JSON");
    let (status, body) = answer(input["logGroupName"].as_str().expect("a group"));
    asked.lock().expect("what was asked").push(input);
    (status, body.to_string())
}

async fn tries(answer: Answer) -> (Result<bool, Trouble>, Vec<Value>) {
    let asked = Asked::default();
    let router = Router::new().fallback(logs).with_state((answer, Arc::clone(&asked)));
    let account = Account::open(&SignIn::Local(serve(router).await)).await.expect("an account");
    let found = account.has_server_tries("hubcast").await.map_err(|err| err.trouble);
    let asked = asked.lock().expect("what was asked").clone();
    (found, asked)
}

#[tokio::test]
async fn both_logs_are_asked_for_the_line() {
    let (found, asked) = tries(|_| events(&[])).await;
    assert_eq!(found, Ok(false));
    let groups: Vec<&str> =
        asked.iter().filter_map(|input| input["logGroupName"].as_str()).collect();
    let front_door = "/aws/cloudfront/function/hubcast-front-door-viewer-request";
    assert_eq!(groups, ["/aws/lambda/hubcast-negotiate", front_door]);
    let pattern = "\"a server in default or persistent mode tried to connect\"";
    assert!(asked.iter().all(|input| input["filterPattern"] == pattern), "{asked:?}");
}

#[tokio::test]
async fn a_line_in_either_log_is_a_try() {
    let (found, _) = tries(|group| match group {
        "/aws/lambda/hubcast-negotiate" => refusal(NOT_THERE),
        _ => events(&["x a server in default or persistent mode tried to connect"]),
    })
    .await;
    assert_eq!(found, Ok(true));
}

#[tokio::test]
async fn a_log_that_is_not_there_has_no_line_and_one_that_may_not_be_read_is_told() {
    assert_eq!(tries(|_| refusal(NOT_THERE)).await.0, Ok(false));
    assert_eq!(tries(|_| refusal("AccessDeniedException")).await.0, Err(Trouble::Denied));
}
