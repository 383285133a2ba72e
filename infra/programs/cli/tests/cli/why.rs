//! `hubcast why` and `hubcast audit` where there is nothing to tell: each reason has a sentence.

use http::StatusCode;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::rig::{Outcome, program, run, service};

/// The program, told of a deployment whose services answer as a test says.
async fn hubcast(
    arguments: &[&str],
    answer: impl Fn(&str, &Value) -> (StatusCode, Value) + Clone + Send + Sync + 'static,
) -> Outcome {
    let url = service(answer).await;
    run(at(&url).args(arguments)).await
}

fn at(url: &str) -> Command {
    let mut command = program();
    command.args(["--table", "hubcast"]).env("AWS_ENDPOINT_URL", url);
    command.env("AWS_ACCESS_KEY_ID", "a").env("AWS_SECRET_ACCESS_KEY", "b");
    command.env("AWS_REGION", "eu-central-1").env("AWS_MAX_ATTEMPTS", "1");
    command
}

fn refusal(kind: &str, message: &str) -> (StatusCode, Value) {
    (StatusCode::BAD_REQUEST, json!({ "__type": kind, "message": message }))
}

fn denied(_: &str, _: &Value) -> (StatusCode, Value) {
    refusal("AccessDeniedException", "User: arn:aws:iam::1:user/ann is not authorized")
}

fn missing(_: &str, _: &Value) -> (StatusCode, Value) {
    refusal("ResourceNotFoundException", "The specified log group does not exist.")
}

fn silent(_: &str, _: &Value) -> (StatusCode, Value) {
    (StatusCode::OK, json!({ "events": [] }))
}

/// A log with lines, of which none is about what is asked for.
fn busy(_: &str, input: &Value) -> (StatusCode, Value) {
    let line = json!({ "timestamp": 1, "message": "START RequestId: 1" });
    let events = if input["filterPattern"].is_null() { json!([line]) } else { json!([]) };
    (StatusCode::OK, json!({ "events": events }))
}

/// A log whose answers never end.
fn endless(_: &str, _: &Value) -> (StatusCode, Value) {
    (StatusCode::OK, json!({ "events": [], "nextToken": "more" }))
}

/// The functions name users as `none` says; their log is silent.
fn nameless(operation: &str, input: &Value) -> (StatusCode, Value) {
    if operation.contains("/functions/") {
        let variables = json!({ "LOG_AUDIENCE": "none" });
        return (StatusCode::OK, json!({ "Environment": { "Variables": variables } }));
    }
    silent(operation, input)
}

#[tokio::test]
async fn an_id_that_no_line_knows_is_told_with_the_lag_of_lines() {
    for arguments in [&["why", "--message", "m-1"], &["why", "--connection", "m-1"]] {
        let told = hubcast(arguments, busy).await.exits(4);
        assert!(told.err.contains("no line since "), "{told:?}");
        assert!(told.err.contains(" m-1; check the id and --since"), "{told:?}");
        assert!(told.err.contains("lines come up to a minute late"), "{told:?}");
        assert!(told.err.contains("LogSamplePercent"), "{told:?}");
    }
    let told = hubcast(&["audit", "--message", "m-1"], silent).await.exits(4);
    assert!(told.err.contains("the audit has no entry since "), "{told:?}");
    assert!(told.err.contains("about this; entries come up to a minute late"), "{told:?}");
}

#[tokio::test]
async fn a_log_group_without_lines_is_told_from_an_unknown_id() {
    let told = hubcast(&["why", "--message", "m-1"], silent).await.exits(4);
    assert!(told.err.contains("no function has written a line since "), "{told:?}");
    assert!(!told.err.contains("m-1"), "{told:?}");
}

#[tokio::test]
async fn a_missing_permission_is_told_with_the_action() {
    let why = hubcast(&["why", "--message", "m-1"], denied).await.exits(1);
    let sentence = "the log may not be read; ask for the action logs:FilterLogEvents";
    assert!(why.err.contains(sentence), "{why:?}");
    let audit = hubcast(&["audit"], denied).await.exits(1);
    let sentence =
        "the audit is closed to these credentials; ask for the action logs:FilterLogEvents";
    assert!(audit.err.contains(sentence), "{audit:?}");
    // The digest of a name takes the key of the deployment.
    for command in ["why", "audit"] {
        let user = hubcast(&[command, "--user", "alice"], denied).await.exits(1);
        assert!(user.err.contains("lambda:GetFunctionConfiguration"), "{user:?}");
    }
}

#[tokio::test]
async fn a_log_that_does_not_exist_is_told_with_its_name() {
    let why = hubcast(&["why", "--message", "m-1"], missing).await.exits(1);
    assert!(why.err.contains("there is no log: /aws/lambda/hubcast-publisher"), "{why:?}");
    assert!(why.err.contains("check --prefix, --profile and --region"), "{why:?}");
    let audit = hubcast(&["audit"], missing).await.exits(1);
    assert!(audit.err.contains("there is no audit: the log group /hubcast/hubcast/audit"));
}

#[tokio::test]
async fn a_question_that_is_too_big_asks_for_less_time() {
    let why = hubcast(&["why", "--message", "m-1"], endless).await.exits(1);
    assert!(why.err.contains("the log holds too much to look through"), "{why:?}");
    assert!(why.err.contains("say a shorter --since"), "{why:?}");
}

#[tokio::test]
async fn a_log_that_names_nobody_says_so_of_users() {
    for command in ["why", "audit"] {
        let told = hubcast(&[command, "--user", "alice"], nameless).await.exits(4);
        assert!(told.err.contains("names no user, since LogAudience is none"), "{told:?}");
    }
}
