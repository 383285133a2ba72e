//! DynamoDB and SQS in process, over their real wire protocols.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_sqs::types::QueueAttributeName;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use dynoxide::Database;
use http::{HeaderMap, StatusCode};
use rustack_sqs_core::config::SqsConfig;
use rustack_sqs_core::handler::RustackSqsHandler;
use rustack_sqs_core::provider::RustackSqs;
use rustack_sqs_http::dispatch::dispatch_operation;
use rustack_sqs_http::response::error_to_response;
use rustack_sqs_http::router::resolve_operation;
use tokio::net::TcpListener;

/// The channel table.
pub(crate) const TABLE: &str = "hubcast";
/// The queue that backends send to.
pub(crate) const NOTIFICATIONS: &str = "hubcast-notifications.fifo";
/// The queue of jobs for big audiences.
const DELIVERIES: &str = "hubcast-deliveries.fifo";
/// Where messages end that cannot be delivered.
pub(crate) const DLQ: &str = "hubcast-dlq.fifo";
const REGION: &str = "us-east-1";
const ACCOUNT: &str = "000000000000";
/// The publisher's timeout times six, as AWS advises for event sources.
const VISIBILITY_SECONDS: u32 = 180;
/// A backstop for crashes only; the publisher dead-letters by its own rules.
const MAX_RECEIVES: u32 = 50;

/// SQS, and where DynamoDB listens.
pub(crate) struct Backend {
    sqs: RustackSqsHandler,
    dynamodb: SocketAddr,
    own_host: String,
    client: reqwest::Client,
}

impl std::fmt::Debug for Backend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Backend").field("dynamodb", &self.dynamodb).finish_non_exhaustive()
    }
}

impl Backend {
    /// Starts both; `port` is the one that queue URLs name.
    pub(crate) async fn start(port: u16, data_dir: Option<&Path>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let dynamodb = listener.local_addr()?;
        tokio::spawn(dynoxide::server::serve_on(listener, database(data_dir)?));
        let config = SqsConfig {
            skip_signature_validation: true,
            default_region: REGION.to_owned(),
            account_id: ACCOUNT.to_owned(),
            host: "localhost".to_owned(),
            port,
        };
        let sqs = RustackSqsHandler::new(Arc::new(RustackSqs::new(config)));
        let own_host = format!("//localhost:{port}/");
        Ok(Self { sqs, dynamodb, own_host, client: reqwest::Client::new() })
    }

    /// Where the adapters find DynamoDB.
    pub(crate) fn dynamodb_url(&self) -> String {
        format!("http://{}", self.dynamodb)
    }

    /// Hands a DynamoDB request on. Its server answers on a listener of its own.
    pub(crate) async fn dynamodb(&self, headers: HeaderMap, body: Bytes) -> Response {
        let request = self.client.post(self.dynamodb_url()).headers(headers).body(body);
        match forwarded(request).await {
            Ok(response) => response,
            Err(err) => (StatusCode::BAD_GATEWAY, err.to_string()).into_response(),
        }
    }

    /// Answers an SQS request. Queue URLs follow the host that the request came to.
    pub(crate) async fn sqs(&self, headers: &HeaderMap, body: Bytes) -> Response {
        let answer = match resolve_operation(headers) {
            Ok(operation) => dispatch_operation(&self.sqs, operation, body).await,
            Err(err) => Err(err),
        };
        let answer = answer.unwrap_or_else(|err| error_to_response(&err, "local"));
        let (mut parts, body) = answer.into_parts();
        let body = axum::body::to_bytes(axum::body::Body::new(body), usize::MAX).await;
        let text = String::from_utf8_lossy(&body.unwrap_or_default()).into_owned();
        let host = headers.get(http::header::HOST).and_then(|host| host.to_str().ok());
        let text = match host {
            Some(host) => text.replace(&self.own_host, &format!("//{host}/")),
            None => text,
        };
        parts.headers.remove(http::header::CONTENT_LENGTH);
        (parts.status, parts.headers, text).into_response()
    }
}

fn database(data_dir: Option<&Path>) -> anyhow::Result<Database> {
    let Some(folder) = data_dir else {
        return Database::memory().context("the table cannot be kept in memory");
    };
    std::fs::create_dir_all(folder)?;
    let file = folder.join("table.sqlite");
    let path = file.to_str().context("the data folder's name is not UTF-8")?;
    Database::new(path).with_context(|| format!("{path} cannot be opened"))
}

async fn forwarded(request: reqwest::RequestBuilder) -> reqwest::Result<Response> {
    let answer = request.send().await?;
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    // The body is whole by now and gets a length of its own.
    headers.remove(http::header::TRANSFER_ENCODING);
    Ok((status, headers, answer.bytes().await?).into_response())
}

/// The SDK's configuration for the local endpoints.
pub(crate) fn sdk_config(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("local", "local", None, None, "local");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint)
        .build()
}

/// Creates the queues and empties those that are there.
pub(crate) async fn create_queues(sqs: &aws_sdk_sqs::Client) -> anyhow::Result<()> {
    create_queue(sqs, DLQ, None).await?;
    let redrive = serde_json::json!({
        "deadLetterTargetArn": format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{DLQ}"),
        "maxReceiveCount": MAX_RECEIVES,
    });
    for name in [NOTIFICATIONS, DELIVERIES] {
        create_queue(sqs, name, Some(redrive.to_string())).await?;
    }
    Ok(())
}

async fn create_queue(
    sqs: &aws_sdk_sqs::Client,
    name: &str,
    redrive: Option<String>,
) -> anyhow::Result<()> {
    let create = sqs
        .create_queue()
        .queue_name(name)
        .attributes(QueueAttributeName::FifoQueue, "true")
        .attributes(QueueAttributeName::ContentBasedDeduplication, "false")
        .attributes(QueueAttributeName::DeduplicationScope, "messageGroup")
        .attributes(QueueAttributeName::FifoThroughputLimit, "perMessageGroupId")
        .attributes(QueueAttributeName::VisibilityTimeout, VISIBILITY_SECONDS.to_string());
    let create = match redrive {
        Some(policy) => create.attributes(QueueAttributeName::RedrivePolicy, policy),
        None => create,
    };
    create.send().await.with_context(|| format!("the queue {name} cannot be created"))?;
    Ok(())
}

/// Empties the queues.
pub(crate) async fn purge_queues(sqs: &aws_sdk_sqs::Client, base: &str) -> anyhow::Result<()> {
    for name in [NOTIFICATIONS, DELIVERIES, DLQ] {
        sqs.purge_queue().queue_url(queue_url(base, name)).send().await?;
    }
    Ok(())
}

/// The URL of a queue behind `base`.
pub(crate) fn queue_url(base: &str, name: &str) -> String {
    format!("{base}/{ACCOUNT}/{name}")
}
