//! What a stack says, and what its functions run with.

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use hubcast_aws::operator::{Account, SignIn, Trouble, Version};
use serde_json::json;

use crate::endpoint::serve;

const STACK: &str = "<DescribeStacksResponse xmlns='http://cloudformation.amazonaws.com/doc/2010-05-15/'>\
    <DescribeStacksResult><Stacks><member><StackName>hubcast</StackName><Parameters>\
    <member><ParameterKey>Hubs</ParameterKey><ParameterValue>a,b</ParameterValue></member>\
    <member><ParameterKey>PublicUrl</ParameterKey><ParameterValue/></member>\
    <member><ParameterKey>TokenIssuers</ParameterKey><ParameterValue>[{&quot;issuer&quot;:1}]</ParameterValue>\
    </member></Parameters><Outputs><member><OutputKey>HubUrl</OutputKey><OutputValue>x</OutputValue></member>\
    </Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>";

/// Answers as CloudFormation and Lambda do, which asks are told apart by path and form.
async fn aws(uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let kind = headers.get("content-type").map(|kind| kind.to_str().expect("text"));
    let form = String::from_utf8_lossy(&body).into_owned();
    match (uri.to_string().as_str(), kind) {
        ("/", Some("application/x-www-form-urlencoded")) => of_form(&form),
        ("/2015-03-31/functions/hubcast-connect/configuration?Qualifier=live", None) => {
            json!({ "Environment": { "Variables": { "HUBS": "a" } } }).to_string().into_response()
        }
        ("/2015-03-31/functions/hubcast-connect/configuration", None) => {
            json!({ "Environment": { "Variables": { "HUBS": "a,b" } } }).to_string().into_response()
        }
        _ => StatusCode::NOT_IMPLEMENTED.into_response(),
    }
}

fn of_form(form: &str) -> Response {
    let fault = "<ErrorResponse><Error><Code>ValidationError</Code><Message>Stack with id other \
                 does not exist</Message></Error></ErrorResponse>";
    match form {
        "Action=DescribeStacks&Version=2010-05-15&StackName=hubcast" => STACK.into_response(),
        "Action=GetTemplate&Version=2010-05-15&StackName=hubcast&TemplateStage=Processed" => {
            "<R><TemplateBody>{&quot;Resources&quot;:{}}</TemplateBody></R>".into_response()
        }
        _ => (StatusCode::BAD_REQUEST, fault).into_response(),
    }
}

async fn account() -> Account {
    let url = serve(Router::new().fallback(aws)).await;
    Account::open(&SignIn::Local(url)).await.expect("an account")
}

#[tokio::test]
async fn parameters_and_template_of_a_stack_are_read() {
    let account = account().await;
    let parameters = account.stack_parameters("hubcast").await.expect("parameters");
    let pairs: Vec<(&str, &str)> =
        parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let issuers = r#"[{"issuer":1}]"#;
    assert_eq!(pairs, [("Hubs", "a,b"), ("PublicUrl", ""), ("TokenIssuers", issuers)]);
    let template = account.stack_template("hubcast").await.expect("a template");
    assert_eq!(template, json!({ "Resources": {} }));
}

#[tokio::test]
async fn a_stack_that_is_not_there_is_told() {
    let err = account().await.stack_parameters("other").await.expect_err("no stack");
    assert_eq!(err.trouble, Trouble::NotThere);
}

#[tokio::test]
async fn both_versions_of_a_function_have_an_environment() {
    let account = account().await;
    for (version, hubs) in [(Version::Live, "a"), (Version::Newest, "a,b")] {
        let found = account.function_variables("hubcast-connect", version).await.expect("it");
        assert_eq!(found.get("HUBS").map(String::as_str), Some(hubs));
    }
}
