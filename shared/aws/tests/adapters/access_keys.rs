//! The access keys from Parameter Store and Secrets Manager: what is sent, and what becomes of each answer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use hubcast_aws::access_keys::{AccessKeySettings, KeyVault};
use hubcast_model::ports::{AccessKeySource, Cause, Freshness};
use hubcast_model::report::chain;
use hubcast_model::settings::AccessKeys;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc2822;
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::endpoint::{sdk_config, serve};
use crate::peer::{self, Reply};

mod hosts;
mod signature;

const KEY: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH";
const NAME: &str = "/hubcast/access-keys";
const ARN: &str = "arn:aws:secretsmanager:us-east-1:1:secret:keys-x";
const DATE: &str = "x-amz-date";

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Asked {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a text"))
    }
}

/// What a service answers.
#[derive(Debug, Clone)]
struct Answer {
    status: u16,
    date: Option<String>,
    body: String,
}

impl Answer {
    fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, date: None, body: body.into() }
    }

    fn refusal(status: u16, code: &str, message: &str) -> Self {
        Self::new(status, json!({ "__type": code, "message": message }).to_string())
    }

    fn parameter(value: &str) -> Self {
        let parameter = json!({ "Name": NAME, "Value": value, "Version": 1 });
        Self::new(200, json!({ "Parameter": parameter }).to_string())
    }

    fn secret(member: &str, value: &str) -> Self {
        Self::new(200, json!({ "ARN": ARN, member: value }).to_string())
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = self.body.into_response();
        *response.status_mut() = self.status.try_into().expect("a status");
        let date = self.date.map(|date| (header::DATE, date.parse().expect("a date")));
        response.headers_mut().extend(date);
        response
    }
}

/// A service that gives its answers one after the other, the last of them for ever.
#[derive(Debug)]
struct Service {
    answers: VecDeque<Answer>,
    asked: Vec<Asked>,
}

type Shared = Arc<Mutex<Service>>;

async fn service(answers: impl IntoIterator<Item = Answer>) -> (String, Shared) {
    let service = Service { answers: answers.into_iter().collect(), asked: Vec::new() };
    let shared = Arc::new(Mutex::new(service));
    let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
    (serve(router).await, shared)
}

async fn answer(
    State(service): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let mut service = service.lock().expect("the service");
    service.asked.push(Asked { method, path: uri.to_string(), headers, body });
    let next = if service.answers.len() > 1 { service.answers.pop_front() } else { None };
    next.unwrap_or_else(|| service.answers[0].clone())
}

fn asked(service: &Shared) -> Vec<Asked> {
    service.lock().expect("the service").asked.clone()
}

fn parameter() -> AccessKeySettings {
    AccessKeySettings::Parameter(NAME.to_owned())
}

fn secret() -> AccessKeySettings {
    AccessKeySettings::Secret(ARN.to_owned())
}

async fn read(config: &SdkConfig, place: AccessKeySettings) -> Result<AccessKeys, Cause> {
    KeyVault::new(config, place).access_keys(Freshness::Cached).await
}

/// The whole text of the error that reading ends in.
async fn failure(config: &SdkConfig, place: AccessKeySettings) -> String {
    chain(&*read(config, place).await.expect_err("no keys"))
}

fn keys(text: &str) -> AccessKeys {
    AccessKeys::parse(text).expect("access keys")
}

#[tokio::test]
async fn a_parameter_is_asked_for_decrypted() {
    let (url, service) = service([Answer::parameter(KEY)]).await;
    assert_eq!(read(&sdk_config(&url), parameter()).await.expect("keys"), keys(KEY));
    let [asked] = &asked(&service)[..] else { unreachable!("one request") };
    assert_eq!((&asked.method, &*asked.path), (&Method::POST, "/"));
    assert_eq!(asked.header("x-amz-target"), "AmazonSSM.GetParameter");
    assert_eq!(asked.header("content-type"), "application/x-amz-json-1.1");
    assert_eq!(asked.header("host"), url.replace("http://", ""));
    let body: Value = serde_json::from_slice(&asked.body).expect("JSON");
    assert_eq!(body, json!({ "Name": NAME, "WithDecryption": true }));
}

#[tokio::test]
async fn a_secret_is_asked_for_by_its_arn() {
    let both = json!({ "primary": KEY, "secondary": KEY.to_lowercase() }).to_string();
    let (url, service) = service([Answer::secret("SecretString", &both)]).await;
    assert_eq!(read(&sdk_config(&url), secret()).await.expect("keys"), keys(&both));
    let [asked] = &asked(&service)[..] else { unreachable!("one request") };
    assert_eq!((&asked.method, &*asked.path), (&Method::POST, "/"));
    assert_eq!(asked.header("x-amz-target"), "secretsmanager.GetSecretValue");
    assert_eq!(asked.header("content-type"), "application/x-amz-json-1.1");
    let body: Value = serde_json::from_slice(&asked.body).expect("JSON");
    assert_eq!(body, json!({ "SecretId": ARN }));
}

#[tokio::test]
async fn both_services_see_whose_request_it_is() {
    for (place, name) in [(parameter(), "ssm"), (secret(), "secretsmanager")] {
        for token in [None, Some("a+token/of==many")] {
            let (url, service) = service([Answer::parameter(KEY)]).await;
            let credentials =
                Credentials::new("AKID", "a secret", token.map(str::to_owned), None, "t");
            let config = sdk_config(&url)
                .into_builder()
                .credentials_provider(SharedCredentialsProvider::new(credentials))
                .region(Region::from_static("eu-west-1"))
                .build();
            let _keys = read(&config, place.clone()).await;
            let asked = &asked(&service)[0];
            let scope = format!("/eu-west-1/{name}/aws4_request");
            signature::assert_signed(asked, "AKID", "a secret", &scope);
            assert_eq!(asked.header("x-amz-security-token"), token.unwrap_or_default());
            let agent = asked.header("user-agent");
            assert!(agent.starts_with("aws-sdk-rust/") && agent.contains(&format!("api/{name}/")));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_be_better_at_once_is_tried_three_times() {
    let throttled = |code| Answer::refusal(400, code, "Rate exceeded");
    for (answer, expected) in [
        (throttled("ThrottlingException"), "ThrottlingException: Rate exceeded"),
        (throttled("a.b#TooManyRequestsException:http"), "TooManyRequestsException: Rate exceeded"),
        (throttled("RequestLimitExceeded"), "RequestLimitExceeded: Rate exceeded"),
        (Answer::refusal(400, "RequestTimeout", "slow"), "RequestTimeout: slow"),
        (Answer::refusal(500, "InternalServerError", "oh"), "InternalServerError: oh"),
        (Answer::refusal(503, "ServiceUnavailable", "oh"), "ServiceUnavailable: oh"),
        (Answer::new(502, "<html>"), "HTTP 502: no reason given"),
        (Answer::new(504, ""), "HTTP 504: no reason given"),
    ] {
        for place in [parameter(), secret()] {
            let (url, service) = service([answer.clone()]).await;
            let text = failure(&sdk_config(&url), place).await;
            assert_eq!(text, format!("service error: {expected}"), "{answer:?}");
            assert_eq!(asked(&service).len(), 3, "{answer:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_stays_so_is_asked_once() {
    for (answer, expected) in [
        (
            Answer::refusal(400, "AccessDeniedException", "not you"),
            "AccessDeniedException: not you",
        ),
        (Answer::refusal(400, "ParameterNotFound", "no such"), "ParameterNotFound: no such"),
        (Answer::refusal(400, "ResourceNotFoundException", "no"), "ResourceNotFoundException: no"),
        (Answer::refusal(400, "ExpiredTokenException", "old"), "ExpiredTokenException: old"),
        (Answer::new(400, "<html>"), "HTTP 400: no reason given"),
    ] {
        for place in [parameter(), secret()] {
            let (url, service) = service([answer.clone()]).await;
            let text = failure(&sdk_config(&url), place).await;
            assert_eq!(text, format!("service error: {expected}"), "{answer:?}");
            assert_eq!(asked(&service).len(), 1, "{answer:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_keys_is_asked_for_once() {
    let no_keys = "'/hubcast/access-keys' holds no access keys: one or two keys";
    for (answer, expected) in [
        (Answer::new(200, "<html>"), "response error: "),
        (Answer::new(200, ""), "response error: "),
        (Answer::new(200, "[]"), "'/hubcast/access-keys' has no text"),
        (Answer::new(200, r#"{"Parameter":{}}"#), "'/hubcast/access-keys' has no text"),
        (Answer::parameter("short"), no_keys),
    ] {
        let (url, service) = service([answer.clone()]).await;
        let text = failure(&sdk_config(&url), parameter()).await;
        assert!(text.starts_with(expected), "{answer:?}: {text}");
        assert_eq!(asked(&service).len(), 1, "{answer:?}");
    }
    let (url, _) = service([Answer::secret("SecretBinary", "AAAA")]).await;
    let text = failure(&sdk_config(&url), secret()).await;
    assert_eq!(text, format!("'{ARN}' has no text"));
}

#[tokio::test(start_paused = true)]
async fn trouble_that_passes_is_not_seen() {
    let throttled = Answer::refusal(400, "ThrottlingException", "Rate exceeded");
    let down = Answer::new(503, "");
    let (url, service) = service([throttled, down, Answer::parameter(KEY)]).await;
    assert_eq!(read(&sdk_config(&url), parameter()).await.expect("keys"), keys(KEY));
    assert_eq!(asked(&service).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_configuration_says_how_often_it_is_tried() {
    let (url, service) = service([Answer::new(503, "")]).await;
    let config = sdk_config(&url).into_builder();
    let config = config.retry_config(RetryConfig::standard().with_max_attempts(2)).build();
    failure(&config, parameter()).await;
    assert_eq!(asked(&service).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_does_not_answer_is_asked_three_times() {
    let (url, seen) = peer::serve(|_| Reply { answer: String::new(), ends: true }).await;
    let text = failure(&sdk_config(&url), parameter()).await;
    assert!(text.starts_with("dispatch failure"), "{text}");
    assert_eq!(seen.connections(), 3);
    let text = failure(&sdk_config("http://127.0.0.1:9"), secret()).await;
    assert!(text.starts_with("dispatch failure"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn the_server_s_clock_is_followed_when_ours_is_wrong() {
    let there = OffsetDateTime::now_utc() + Duration::from_hours(1);
    let date = there.format(&Rfc2822).expect("a date").replace("+0000", "GMT");
    let refusal = Answer::refusal(400, "InvalidSignatureException", "Signature expired");
    let (url, service) =
        service([Answer { date: Some(date), ..refusal }, Answer::parameter(KEY)]).await;
    assert_eq!(read(&sdk_config(&url), parameter()).await.expect("keys"), keys(KEY));
    let [first, second] = &asked(&service)[..] else { unreachable!("two requests") };
    assert!(signed_at(first) < there - Duration::from_mins(30));
    assert!(signed_at(second) > there - Duration::from_mins(5));
}

/// When a request was signed, by the clock of whoever signed.
fn signed_at(asked: &Asked) -> OffsetDateTime {
    let form = "[year][month][day]T[hour][minute][second]Z";
    let form = time::format_description::parse_borrowed::<2>(form).expect("a form");
    PrimitiveDateTime::parse(asked.header(DATE), &form).expect("a date").assume_utc()
}

#[tokio::test(start_paused = true)]
async fn no_log_shows_a_key() {
    let log = Log::default();
    let writer = log.clone();
    // With one subscriber alone, what another test logs first would count as switched off for all.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    let lines = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
    let subscriber = lines.with_writer(move || writer.clone()).finish();
    let _listening = tracing::subscriber::set_default(subscriber);
    let (url, _) = service([Answer::parameter(KEY)]).await;
    read(&sdk_config(&url), parameter()).await.expect("keys");
    let text = String::from_utf8(log.0.lock().expect("the log").clone()).expect("a text");
    assert!(text.contains("GetParameter") && !text.contains(KEY), "{text}");
}

/// What was logged.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("the log").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
