//! One operation of a service that speaks one of AWS's plain protocols, without that service's crate.
//!
//! What all services have in common is the SDK's own: it signs, connects,
//! waits, tries again and follows the server's clock as the configuration says.
//! <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>

pub(crate) mod api;
mod endpoint;
mod refusal;
mod xml;

use std::fmt;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_runtime::service_clock_skew::{
    DisableClockSkewCorrection, ServiceClockSkewClassifier, ServiceClockSkewInterceptor,
};
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{
    HttpStatusCodeClassifier, TransientErrorClassifier,
};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{AuthSchemeOptionResolverParams, SharedAuthScheme};
use aws_smithy_runtime_api::client::endpoint::EndpointResolverParams;
use aws_smithy_runtime_api::client::orchestrator::{
    HttpRequest, HttpResponse, OrchestratorError, SensitiveOutput,
};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::{FrozenLayer, Layer};
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use serde_json::Value;

use api::{Api, Protocol};
use endpoint::ServiceEndpoint;
use refusal::Refusal;

/// Calls one operation, and takes one text out of its answer.
#[derive(Debug, Clone)]
pub(crate) struct Call(Operation<Value, Text, Refusal>);

/// A secret text; none when the answer has none.
struct Text(Option<String>);

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Text(..)")
    }
}

impl Call {
    /// A call by the SDK's configuration.
    pub(crate) fn new(api: Api, config: &SdkConfig) -> Self {
        let retries = config.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
        let plugin = StaticRuntimePlugin::new()
            .with_config(settings(api, config))
            .with_runtime_components(components(api, config));
        let operation = Operation::builder()
            .service_name(api.service_id)
            .operation_name(api.operation)
            .standard_retry(&retries)
            .retry_classifier(HttpStatusCodeClassifier::default())
            .retry_classifier(TransientErrorClassifier::<Refusal>::new())
            .retry_classifier(AwsErrorCodeClassifier::<Refusal>::new())
            .retry_classifier(ServiceClockSkewClassifier::<Refusal>::new())
            .interceptor(ServiceClockSkewInterceptor::new())
            .interceptor(UserAgentInterceptor::new())
            .with_connection_poisoning()
            .runtime_plugin(plugin)
            .serializer(move |input: Value| request(api, &input))
            .deserializer(move |response| text(api, response));
        Self(operation.build())
    }

    /// The text that the service has for this input.
    ///
    /// # Errors
    /// When the service does not answer, refuses, or answers what cannot be read.
    pub(crate) async fn text(
        &self,
        input: Value,
    ) -> Result<Option<String>, SdkError<Refusal, HttpResponse>> {
        Ok(self.0.invoke(input).await?.0)
    }
}

fn as_text(found: &Value) -> String {
    found.as_str().map_or_else(|| found.to_string(), str::to_owned)
}

fn settings(api: Api, config: &SdkConfig) -> FrozenLayer {
    let mut layer = Layer::new(api.operation);
    layer.store_put(SigV4OperationSigningConfig {
        region: config.region().cloned().map(SigningRegion::from),
        name: Some(SigningName::from_static(api.name)),
        ..SigV4OperationSigningConfig::default()
    });
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(EndpointResolverParams::new(()));
    layer.store_put(ApiMetadata::new(api.name, env!("CARGO_PKG_VERSION")));
    layer.store_put(SensitiveOutput);
    let corrects_no_clock = config.disable_clock_skew_correction().unwrap_or_default();
    layer.store_put(DisableClockSkewCorrection::from(corrects_no_clock));
    // What is not configured is left to the SDK's defaults.
    config.timeout_config().map(|timeouts| layer.store_put(timeouts.clone()));
    config.stalled_stream_protection().map(|protection| layer.store_put(protection));
    config.app_name().map(|name| layer.store_put(name.clone()));
    layer.freeze()
}

fn components(api: Api, config: &SdkConfig) -> RuntimeComponentsBuilder {
    let signs = StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]);
    let mut components = RuntimeComponentsBuilder::new(api.operation)
        .with_http_client(config.http_client())
        .with_time_source(config.time_source())
        .with_sleep_impl(config.sleep_impl())
        .with_identity_cache(config.identity_cache())
        .with_endpoint_resolver(Some(ServiceEndpoint::new(api, config)))
        .with_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()))
        .with_auth_scheme_option_resolver(Some(signs));
    if let Some(provider) = config.credentials_provider() {
        components.set_identity_resolver(SCHEME_ID, provider);
    }
    components
}

fn request(api: Api, input: &Value) -> Result<HttpRequest, BoxError> {
    match api.protocol {
        Protocol::Get { before, after } => {
            let name = input.as_str().ok_or("the path needs a name")?;
            let mut request = HttpRequest::new(SdkBody::empty());
            request.set_method("GET")?;
            request.set_uri(format!("{before}{name}{after}"))?;
            Ok(request)
        }
        Protocol::Json { target } => of_target(target, input, "application/x-amz-json-1.1"),
        Protocol::JsonOneZero { target } => of_target(target, input, "application/x-amz-json-1.0"),
        Protocol::Query { version, .. } => {
            post(form(api.operation, version, input)?, "application/x-www-form-urlencoded")
        }
    }
}

fn of_target(
    target: &'static str,
    input: &Value,
    media_type: &'static str,
) -> Result<HttpRequest, BoxError> {
    let mut request = post(input.to_string(), media_type)?;
    request.headers_mut().try_insert("x-amz-target", target)?;
    Ok(request)
}

fn post(body: String, media_type: &'static str) -> Result<HttpRequest, BoxError> {
    let length = body.len().to_string();
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_method("POST")?;
    request.set_uri("/")?;
    let headers = request.headers_mut();
    headers.try_insert("content-type", media_type)?;
    headers.try_insert("content-length", length)?;
    Ok(request)
}

/// The members of the input, which are texts, as a form.
fn form(operation: &str, version: &str, input: &Value) -> Result<String, BoxError> {
    let members = input.as_object().ok_or("a form needs members")?;
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("Action", operation).append_pair("Version", version);
    for (name, value) in members {
        form.append_pair(name, &as_text(value));
    }
    Ok(form.finish())
}

fn text(api: Api, response: &HttpResponse) -> Result<Text, OrchestratorError<Refusal>> {
    if !response.status().is_success() {
        return Err(OrchestratorError::operation(Refusal::of(response)));
    }
    let body = response.body().bytes().unwrap_or_default();
    let answer: Value = match api.protocol {
        Protocol::Query { takes, .. } => {
            serde_json::json!(xml::texts(body, takes).map_err(OrchestratorError::other)?)
        }
        _ => serde_json::from_slice(body).map_err(OrchestratorError::other)?,
    };
    Ok(Text(answer.pointer(api.text_at).filter(|found| !found.is_null()).map(as_text)))
}
