//! SQS in process, over its real wire protocol, and the queues of hubcast.
//!
//! [`rules`] refuses what AWS refuses and the embedded queues let pass.

mod rules;

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use rustack_sqs_core::config::SqsConfig;
use rustack_sqs_core::handler::RustackSqsHandler;
use rustack_sqs_core::provider::{RustackSqs, SqsQueueSnapshot, SqsSnapshot};
use rustack_sqs_http::dispatch::dispatch_operation;
use rustack_sqs_http::response::error_to_response;
use rustack_sqs_http::router::resolve_operation;
use rustack_sqs_model::error::SqsError;
use rustack_sqs_model::operations::SqsOperation;
use serde_json::{Value, json};

use crate::poller::FUNCTION_TIMEOUT;

/// The queue that backends send to.
pub(crate) const NOTIFICATIONS: &str = "hubcast-notifications.fifo";
/// The queue that services of AWS may send to.
pub(crate) const INGRESS: &str = "hubcast-ingress";
/// What crashes left of that queue. A standard queue has dead letters on a standard queue only.
const INGRESS_DLQ: &str = "hubcast-ingress-dlq";
/// The queue of jobs for big audiences.
pub(crate) const DELIVERIES: &str = "hubcast-deliveries.fifo";
/// The queue of dead letters: messages that nobody could deliver.
pub(crate) const DLQ: &str = "hubcast-dlq.fifo";

/// The queue of events for backends.
pub(crate) const UPSTREAM: &str = "hubcast-upstream.fifo";
/// The queue of events that no backend took.
pub(crate) const UPSTREAM_DLQ: &str = "hubcast-upstream-dlq.fifo";
/// The queue of what is due later: each message ends a wait, for a backend or for a client.
pub(crate) const TIMERS: &str = "hubcast-timers";

pub(crate) const REGION: &str = "us-east-1";
const ACCOUNT: &str = "000000000000";
/// The function's timeout times six, as AWS advises for event sources.
const VISIBILITY_SECONDS: u64 = 6 * FUNCTION_TIMEOUT.as_secs();
/// After so many receives a queue gives a message up. Only crashes get there: the publisher has
/// rules of its own for dead letters.
const MAX_RECEIVES: u32 = 1000;
/// After so many receives the queue of events gives an event up that a backend reads by itself. A
/// function that calls endpoints has rules of its own.
const UPSTREAM_MAX_RECEIVES: u32 = 70;
/// Longer than the rows of a connection that outlives its sockets, which an alarm ends.
const TIMER_RETENTION_SECONDS: u32 = 97200;
/// SQS keeps dead letters for 14 days, the longest that SQS keeps messages.
const DLQ_RETENTION_SECONDS: u32 = 14 * 24 * 3600;

/// The queues and their wire protocol.
pub(crate) struct Sqs {
    provider: Arc<RustackSqs>,
    handler: RustackSqsHandler,
    /// The host in the URLs of the embedded queues, such as `//localhost:8080/`.
    own_host: String,
    upstream: Upstream,
}

/// Who reads the queue of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Upstream {
    /// There are no events.
    None,
    /// A backend.
    Backend,
    /// The function that calls endpoints.
    Function,
}

impl Sqs {
    /// SQS without a queue; `port` stands in the URLs of queues.
    pub(crate) fn new(port: u16, upstream: Upstream) -> Self {
        let provider = Arc::new(RustackSqs::new(SqsConfig {
            skip_signature_validation: true,
            default_region: REGION.to_owned(),
            account_id: ACCOUNT.to_owned(),
            host: "localhost".to_owned(),
            port,
        }));
        let handler = RustackSqsHandler::new(Arc::clone(&provider));
        Self { provider, handler, own_host: format!("//localhost:{port}/"), upstream }
    }

    /// Deletes all queues, and creates those of hubcast, empty.
    ///
    /// A purge is not enough: SQS allows one purge a minute, and remembers deduplication ids.
    pub(crate) async fn reset(&self) -> Result<(), SqsError> {
        let keeps_long = || [("MessageRetentionPeriod", DLQ_RETENTION_SECONDS.to_string())];
        let mut queues = vec![
            queue(DLQ, keeps_long()),
            queue(NOTIFICATIONS, [("RedrivePolicy", redrive(DLQ, MAX_RECEIVES))]),
            queue(DELIVERIES, [("RedrivePolicy", redrive(DLQ, MAX_RECEIVES))]),
            standard(INGRESS_DLQ, keeps_long()),
            standard(INGRESS, [("RedrivePolicy", redrive(INGRESS_DLQ, MAX_RECEIVES))]),
            standard(TIMERS, [("MessageRetentionPeriod", TIMER_RETENTION_SECONDS.to_string())]),
        ];
        if self.upstream != Upstream::None {
            let by_function = self.upstream == Upstream::Function;
            let receives = if by_function { MAX_RECEIVES } else { UPSTREAM_MAX_RECEIVES };
            let redrive = redrive(UPSTREAM_DLQ, receives);
            queues.push(queue(UPSTREAM_DLQ, keeps_long()));
            queues.push(queue(UPSTREAM, [("RedrivePolicy", redrive)]));
        }
        self.provider.import_snapshot(SqsSnapshot { queues }).await
    }

    /// Answers a request. Queue URLs follow the host that the request came to.
    pub(crate) async fn answer(&self, headers: &HeaderMap, body: Bytes) -> Response {
        let operation = match resolve_operation(headers) {
            Ok(operation) => operation,
            Err(err) => return finished(error_to_response(&err, "local").map(Body::new)),
        };
        let answer = match operation {
            SqsOperation::SendMessage => match rules::send(&body) {
                Some(fault) => fault.into_response(),
                None => self.dispatch(operation, body).await,
            },
            SqsOperation::SendMessageBatch => self.send_batch(body).await,
            _ => self.dispatch(operation, body).await,
        };
        match headers.get(header::HOST).and_then(|host| host.to_str().ok()) {
            Some(host) if names_queues(operation) => self.with_host(answer, host).await,
            _ => answer,
        }
    }

    async fn dispatch(&self, operation: SqsOperation, body: Bytes) -> Response {
        let answer = dispatch_operation(&self.handler, operation, body).await;
        let answer = answer.unwrap_or_else(|err| error_to_response(&err, "local"));
        finished(answer.map(Body::new))
    }

    /// Sends the good entries; the bad ones fail alone.
    async fn send_batch(&self, body: Bytes) -> Response {
        let (good, failed) = rules::send_batch(body);
        let Some(good) = good else {
            return axum::Json(json!({ "Successful": [], "Failed": failed })).into_response();
        };
        let answer = self.dispatch(SqsOperation::SendMessageBatch, good).await;
        if failed.is_empty() || answer.status() != StatusCode::OK {
            return answer;
        }
        let (parts, mut text) = read(answer).await;
        if let Ok(mut answer) = serde_json::from_slice::<Value>(&text) {
            let known = answer.get("Failed").and_then(Value::as_array).cloned();
            answer["Failed"] = known.unwrap_or_default().into_iter().chain(failed).collect();
            text = answer.to_string().into();
        }
        (parts.status, parts.headers, text).into_response()
    }

    async fn with_host(&self, answer: Response, host: &str) -> Response {
        let (parts, text) = read(answer).await;
        let text = String::from_utf8_lossy(&text).replace(&self.own_host, &format!("//{host}/"));
        (parts.status, parts.headers, text).into_response()
    }
}

/// Whether the answer of an operation holds queue URLs; message bodies stay as they were sent.
const fn names_queues(operation: SqsOperation) -> bool {
    matches!(
        operation,
        SqsOperation::CreateQueue
            | SqsOperation::GetQueueUrl
            | SqsOperation::ListQueues
            | SqsOperation::ListDeadLetterSourceQueues
    )
}

async fn read(answer: Response) -> (http::response::Parts, Bytes) {
    let (parts, body) = answer.into_parts();
    // The body is in memory already, and reading it cannot fail.
    (parts, to_bytes(body, usize::MAX).await.unwrap_or_default())
}

/// Removes the headers that depend on the body: the server sets the length of the final body.
fn finished(mut answer: Response) -> Response {
    for name in ["content-length", "x-amz-crc32"] {
        answer.headers_mut().remove(name);
    }
    answer
}

fn queue<const N: usize>(name: &str, own: [(&str, String); N]) -> SqsQueueSnapshot {
    let shared = [
        ("FifoQueue", "true".to_owned()),
        ("ContentBasedDeduplication", "false".to_owned()),
        ("DeduplicationScope", "messageGroup".to_owned()),
        ("FifoThroughputLimit", "perMessageGroupId".to_owned()),
        ("VisibilityTimeout", VISIBILITY_SECONDS.to_string()),
    ];
    snapshot(name, shared.into_iter().chain(own))
}

/// A queue without groups, where each message may have a delay of its own.
fn standard<const N: usize>(name: &str, own: [(&str, String); N]) -> SqsQueueSnapshot {
    let visibility = ("VisibilityTimeout", VISIBILITY_SECONDS.to_string());
    snapshot(name, [visibility].into_iter().chain(own))
}

fn snapshot<'a>(
    name: &str,
    attributes: impl Iterator<Item = (&'a str, String)>,
) -> SqsQueueSnapshot {
    SqsQueueSnapshot {
        name: name.to_owned(),
        attributes: attributes.map(|(name, value)| (name.to_owned(), value)).collect(),
        tags: HashMap::new(),
    }
}

fn redrive(dead_letters: &str, max_receives: u32) -> String {
    let target = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{dead_letters}");
    json!({ "deadLetterTargetArn": target, "maxReceiveCount": max_receives }).to_string()
}

/// The URL of a queue behind `base`.
pub(crate) fn queue_url(base: &str, name: &str) -> String {
    format!("{base}/{ACCOUNT}/{name}")
}
