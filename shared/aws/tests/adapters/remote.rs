//! Variables that name a parameter of Systems Manager: what is asked, and what becomes of each answer.

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use hubcast_model::report::chain;
use hubcast_wiring::config::AuthorizerConfig;
use hubcast_wiring::remote::environment_of;
use serde_json::{Value, json};

use crate::endpoint::{sdk_config, serve};

const ISSUERS: &str = r#"[{"issuer":"https://login.example.com","audience":"app"}]"#;

/// Systems Manager with three parameters.
async fn parameters(headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    assert_eq!(headers.get("x-amz-target").expect("a target"), "AmazonSSM.GetParameter");
    let input: Value = serde_json::from_slice(&body).expect("JSON");
    let value = match input["Name"].as_str().expect("a name") {
        "/app/issuers" => ISSUERS,
        "/app/typo" => "[{]",
        "/app/empty" => return (StatusCode::OK, json!({ "Parameter": {} }).to_string()),
        _ => {
            let refusal = json!({ "__type": "ParameterNotFound", "message": "no such parameter" });
            return (StatusCode::BAD_REQUEST, refusal.to_string());
        }
    };
    (StatusCode::OK, json!({ "Parameter": { "Value": value } }).to_string())
}

/// The configuration of an authorizer whose `TOKEN_ISSUERS` is this, or why there is none.
async fn authorizer(token_issuers: &'static str) -> Result<AuthorizerConfig, String> {
    let sdk = sdk_config(&serve(Router::new().fallback(parameters)).await);
    let lookup = move |name: &str| {
        let value = match name {
            "TABLE_NAME" => "table",
            "HUBS" => "*",
            "PUBLIC_URL" => "https://push.example.com",
            "ACCESS_KEY_PARAMETER" => "/app/keys",
            "TOKEN_ISSUERS" => token_issuers,
            _ => return None,
        };
        Some(value.to_owned())
    };
    let environment = environment_of(&sdk, lookup).await.map_err(|err| chain(&err))?;
    AuthorizerConfig::read(environment).map_err(|err| err.to_string())
}

#[tokio::test]
async fn issuers_are_read_from_the_parameter_that_the_variable_names() {
    let there = authorizer("ssm:/app/issuers").await.expect("a configuration");
    let here = authorizer(ISSUERS).await.expect("a configuration");
    assert_eq!(there.tokens.issuers, here.tokens.issuers);
    assert_eq!(there.tokens.issuers.len(), 1);
    assert_eq!(there.table, "table", "other variables stay");
}

#[tokio::test]
async fn what_is_wrong_with_a_parameter_is_told_with_the_variable_and_the_name() {
    for (variable, told) in [
        (
            "ssm:/app/other",
            "TOKEN_ISSUERS names the parameter /app/other of Systems Manager, which cannot be read: service error: ParameterNotFound: no such parameter",
        ),
        ("ssm:/app/empty", "the parameter has no text"),
        ("ssm:/app/typo", "TOKEN_ISSUERS is not a list of issuers"),
    ] {
        let err = authorizer(variable).await.expect_err(variable);
        assert!(err.contains(told), "{variable}: {err}");
    }
}
