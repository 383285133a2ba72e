//! Sockets through API Gateway's management API.
//!
//! One attempt per call: retries belong to the rules, which know the order and
//! the budget. Errors are sorted by whether the frame can have arrived.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_apigatewaymanagement::Client;
use aws_sdk_apigatewaymanagement::config::Builder;
use aws_sdk_apigatewaymanagement::config::http::HttpResponse;
use aws_sdk_apigatewaymanagement::error::SdkError;
use aws_sdk_apigatewaymanagement::primitives::{Blob, DateTime};
use bytes::Bytes;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{ConnectionGateway, PostError};
use hubcast_model::time::Timestamp;

use crate::on_demand::{OnDemand, on_demand};

/// How long one attempt may take.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long connecting may take, so that a connect that hangs counts as nothing sent.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The management API of one WebSocket stage.
#[derive(Debug, Clone)]
pub struct ManagementGateway {
    client: Arc<OnDemand<Client>>,
}

impl ManagementGateway {
    /// The management API at `endpoint`, such as `https://{api}.execute-api.{region}.amazonaws.com/{stage}`.
    pub fn new(config: &SdkConfig, endpoint: &str, attempt_timeout: Duration) -> Self {
        let endpoint = endpoint.to_owned();
        let build = move |config: &SdkConfig| client(config, endpoint, attempt_timeout);
        Self { client: on_demand(config, build) }
    }
}

fn client(config: &SdkConfig, endpoint: String, attempt_timeout: Duration) -> Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(attempt_timeout);
    let config = Builder::from(config)
        .endpoint_url(endpoint)
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts.build());
    Client::from_conf(config.build())
}

impl ConnectionGateway for ManagementGateway {
    async fn post(&self, socket: &SocketId, frame: Bytes) -> Result<(), PostError> {
        // A blob owns its bytes; this copy is what the official client costs.
        let data = Blob::new(frame.to_vec());
        let post = self.client.post_to_connection().connection_id(socket.as_str()).data(data);
        post.send().await.map(|_| ()).map_err(sorted)
    }

    async fn is_connected(&self, socket: &SocketId) -> Result<bool, PostError> {
        let get = self.client.get_connection().connection_id(socket.as_str());
        match get.send().await.map_err(sorted) {
            Ok(_) => Ok(true),
            Err(PostError::Gone) => Ok(false),
            Err(err) => Err(err),
        }
    }

    async fn last_active(&self, socket: &SocketId) -> Result<Option<Timestamp>, PostError> {
        let get = self.client.get_connection().connection_id(socket.as_str());
        match get.send().await.map_err(sorted) {
            Ok(known) => Ok(Some(known.last_active_at().map_or(Timestamp::FOREVER, timestamp))),
            Err(PostError::Gone) => Ok(None),
            Err(err) => Err(err),
        }
    }

    async fn delete(&self, socket: &SocketId) -> Result<(), PostError> {
        let delete = self.client.delete_connection().connection_id(socket.as_str());
        match delete.send().await.map_err(sorted) {
            Ok(_) | Err(PostError::Gone) => Ok(()),
            Err(err) => Err(err),
        }
    }
}

/// A point in time as the gateway has it; one that cannot be read is taken for now or later.
fn timestamp(at: &DateTime) -> Timestamp {
    let millis = at.to_millis().ok().and_then(|millis| u64::try_from(millis).ok());
    millis.map_or(Timestamp::FOREVER, Timestamp::from_millis)
}

fn sorted<E>(err: SdkError<E, HttpResponse>) -> PostError
where
    E: Error + Send + Sync + 'static,
{
    match &err {
        SdkError::ConstructionFailure(_) => PostError::Refused(Box::new(err)),
        // Only a connection that was never made has surely carried nothing. The connector's own
        // timeout is that of connecting; an attempt's timeout is another error.
        SdkError::DispatchFailure(failure)
            if failure.is_timeout()
                || is_refused(failure.as_connector_error().and_then(Error::source)) =>
        {
            PostError::Unreached(Box::new(err))
        }
        SdkError::ServiceError(answer) => by_status(answer.raw().status().as_u16(), err),
        _ => PostError::Ambiguous(Box::new(err)),
    }
}

fn is_refused(mut cause: Option<&(dyn Error + 'static)>) -> bool {
    while let Some(err) = cause {
        let io = err.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| io.kind() == std::io::ErrorKind::ConnectionRefused) {
            return true;
        }
        cause = err.source();
    }
    false
}

/// Sorts an answer that is no success.
pub(crate) fn by_status(status: u16, err: impl Error + Send + Sync + 'static) -> PostError {
    match status {
        410 => PostError::Gone,
        413 => PostError::TooLarge,
        429 => PostError::Throttled,
        400..500 => PostError::Refused(Box::new(err)),
        _ => PostError::Ambiguous(Box::new(err)),
    }
}
