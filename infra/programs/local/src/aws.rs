//! The AWS services on the one port: which request is for which.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde_json::json;

use crate::figures::TARGET_PREFIX as METRICS;
use crate::log::TARGET_PREFIX as LOGS;
use crate::services::Services;

/// Answers a request that speaks an AWS protocol; `None` when it does not.
pub(crate) async fn answer(
    services: &Services,
    headers: &HeaderMap,
    body: &Bytes,
) -> Option<Response> {
    let Some(target) = headers.get("x-amz-target") else {
        return is_query_protocol(headers, body).then(query_protocol);
    };
    let target = String::from_utf8_lossy(target.as_bytes());
    if target.starts_with("DynamoDB_") {
        Some(services.dynamodb.answer(headers, body).into_response())
    } else if target.starts_with("AmazonSQS.") {
        Some(services.sqs.answer(headers, body.clone()).await)
    } else if target.starts_with(LOGS) {
        Some(services.books.log.answer(&target, body))
    } else if target.starts_with(METRICS) {
        Some(services.books.figures.answer(&target, body))
    } else {
        Some(unknown(&target))
    }
}

fn unknown(target: &str) -> Response {
    let text = format!(
        "'{target}' is not served here: only DynamoDB (DynamoDB_20120810.*), SQS (AmazonSQS.*), Logs_20140328.FilterLogEvents and PutLogEvents, and GraniteServiceVersion20100801.GetMetricData are"
    );
    let body = json!({ "__type": "UnknownOperationException", "message": text });
    let headers = [(header::CONTENT_TYPE, "application/x-amz-json-1.0")];
    (StatusCode::BAD_REQUEST, headers, body.to_string()).into_response()
}

fn is_query_protocol(headers: &HeaderMap, body: &Bytes) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
        && (body.starts_with(b"Action=") || body.windows(8).any(|part| part == b"&Action="))
}

/// The error for the Query protocol, in the form that old SDKs read.
fn query_protocol() -> Response {
    let text = "SQS speaks the AWS JSON protocol here, and not the Query protocol of form posts: use an SDK from 2024 or later, or send X-Amz-Target: AmazonSQS.SendMessage with a JSON body";
    let body = format!(
        "<?xml version=\"1.0\"?><ErrorResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><Error><Type>Sender</Type><Code>UnsupportedProtocol</Code><Message>{text}</Message></Error><RequestId>local</RequestId></ErrorResponse>"
    );
    (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, "text/xml")], body).into_response()
}
