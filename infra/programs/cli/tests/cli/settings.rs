//! What `hubcast doctor` finds of a stack whose parameters changed.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::Uri;
use serde_json::{Value, json};

use crate::rig::{Rig, run};

/// What CloudFormation and Lambda know.
#[derive(Debug, Clone)]
struct Aws {
    /// The values of the stack's parameters.
    parameters: Vec<(&'static str, &'static str)>,
    /// The environment of the version that the alias stands for.
    live: Value,
    /// What CloudFormation wrote last.
    newest: Value,
}

fn template() -> Value {
    let variables = json!({
        "HUBS": { "Ref": "Hubs" },
        "FRONT_DOOR_SECRET": { "Fn::If": ["HasSecret", { "Ref": "FrontDoorSecret" }, { "Ref": "AWS::NoValue" }] },
        "UPSTREAM_QUEUE_URL": { "Fn::If": ["HasUpstream", { "Ref": "Queue" }, { "Ref": "AWS::NoValue" }] },
        "RELEASE": "20261201",
    });
    let equals = |name: &str, text: &str| json!({ "Fn::Equals": [{ "Ref": name }, text] });
    json!({
        "Parameters": { "Hubs": {}, "FrontDoorSecret": { "NoEcho": true }, "UpstreamQueue": {} },
        "Conditions": {
            "HasSecret": { "Fn::Not": [equals("FrontDoorSecret", "")] },
            "HasUpstream": equals("UpstreamQueue", "true"),
        },
        "Resources": { "ConnectFunction": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": { "Fn::Sub": "${AWS::StackName}-connect" },
                "Environment": { "Variables": variables },
            },
        } },
    })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

async fn answer(State(aws): State<Aws>, uri: Uri, body: Bytes) -> String {
    let form = String::from_utf8_lossy(&body);
    if form.starts_with("Action=DescribeStacks") {
        let one = |(name, value): &(&str, &str)| {
            format!(
                "<member><ParameterKey>{name}</ParameterKey><ParameterValue>{value}</ParameterValue></member>"
            )
        };
        let all: String = aws.parameters.iter().map(one).collect();
        return format!("<R><Stacks><member><Parameters>{all}</Parameters></member></Stacks></R>");
    }
    if form.starts_with("Action=GetTemplate") {
        return format!("<R><TemplateBody>{}</TemplateBody></R>", escaped(&template().to_string()));
    }
    let variables = if uri.query() == Some("Qualifier=live") { &aws.live } else { &aws.newest };
    json!({ "Environment": { "Variables": variables } }).to_string()
}

/// The findings of the doctor about the settings of a deployment of which `aws` tells.
async fn findings(aws: Aws) -> Vec<Value> {
    let rig = Rig::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(answer).with_state(aws);
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mut command = rig.by_environment(&["doctor", "--json", "--read-only"]);
    command.env("AWS_ENDPOINT_URL_CLOUDFORMATION", &url).env("AWS_ENDPOINT_URL_LAMBDA", &url);
    let all = run(&mut command).await.json();
    all.into_iter().filter(|found| found["check"] == "settings").collect()
}

fn told(findings: &[Value]) -> Vec<&str> {
    let faults = findings.iter().filter(|found| found["verdict"] == "bad");
    faults.map(|found| found["detail"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_deployment_that_took_effect_is_in_order() {
    let running = json!({ "HUBS": "a", "FRONT_DOOR_SECRET": "secret", "RELEASE": "20261201" });
    let parameters = vec![("Hubs", "a"), ("FrontDoorSecret", "****"), ("UpstreamQueue", "false")];
    let found = findings(Aws { parameters, live: running.clone(), newest: running }).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["verdict"], "ok");
}

#[tokio::test]
async fn parameters_that_changed_alone_are_named_hidden_ones_too_and_no_value_is_shown() {
    let live = json!({ "HUBS": "a", "RELEASE": "20261130" });
    let newest = json!({ "HUBS": "a,b", "FRONT_DOOR_SECRET": "very-secret", "UPSTREAM_QUEUE_URL": "q", "RELEASE": "20261201" });
    let parameters = vec![("Hubs", "a,b"), ("FrontDoorSecret", "****"), ("UpstreamQueue", "true")];
    let found = findings(Aws { parameters, live, newest }).await;
    let reached = "has not reached connect";
    let expected = [
        format!(
            "the stack's value of the parameter FrontDoorSecret (variable FRONT_DOOR_SECRET) {reached}"
        ),
        format!("the stack's value of the parameter Hubs (variable HUBS) {reached}"),
        format!("the stack's value of the variable RELEASE {reached}"),
        format!(
            "the stack's value of the parameter UpstreamQueue (variable UPSTREAM_QUEUE_URL) {reached}"
        ),
    ];
    assert_eq!(told(&found), expected);
    assert!(found[0]["advice"].as_str().unwrap().contains("make upgrade"), "{found:?}");
    assert!(!format!("{found:?}").contains("very-secret"), "{found:?}");
}
