//! The way of the AWS SDK to what runs in this very process.
//!
//! DynamoDB has no listener, so that no website reaches it: its requests never
//! leave the process. All others go to the one port.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;

use crate::dynamodb::{DynamoDb, TARGET_PREFIX};
use crate::sqs::REGION;

/// The SDK's configuration for a stack at `endpoint`, such as `http://127.0.0.1:8080`.
pub(crate) fn sdk_config(endpoint: &str, dynamodb: &DynamoDb) -> SdkConfig {
    let credentials = Credentials::new("local", "local", None, None, "local");
    let network = aws_smithy_http_client::Builder::new().build_http();
    let dynamodb = dynamodb.clone();
    let client = http_client_fn(move |settings, components| {
        let network = network.http_connector(settings, components);
        SharedHttpConnector::new(Switch { dynamodb: dynamodb.clone(), network })
    });
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(client)
        .endpoint_url(endpoint)
        .build()
}

/// Sends DynamoDB's requests to the database, and all others over the network.
#[derive(Debug)]
struct Switch {
    dynamodb: DynamoDb,
    network: SharedHttpConnector,
}

impl HttpConnector for Switch {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
        if !target.starts_with(TARGET_PREFIX) {
            return self.network.call(request);
        }
        // The SDK writes its JSON bodies whole.
        let answer = self.dynamodb.call(&target, request.body().bytes().unwrap_or_default());
        let answer =
            answer.status.try_into().map(|status| HttpResponse::new(status, answer.body.into()));
        HttpConnectorFuture::ready(answer.map_err(|err| ConnectorError::other(Box::new(err), None)))
    }
}
