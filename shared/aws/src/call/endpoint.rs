//! Where a service is.
//!
//! Only the SDK's crates know which suffix the hosts of a region have, each for
//! its own service. So the host of SQS is taken, with the other name in front.

use aws_config::{Region, SdkConfig};
use aws_sdk_sqs::config::endpoint::{DefaultResolver, Params, ParamsBuilder, ResolveEndpoint as _};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::endpoint::{
    EndpointFuture, EndpointResolverParams, ResolveEndpoint,
};
use aws_smithy_types::endpoint::Endpoint;
use aws_types::service_config::ServiceConfigKey;

use super::api::{Api, Hosts};

const SQS: &str = "https://sqs";

/// Finds a service in the configured region, or where an endpoint is configured for it.
#[derive(Debug)]
pub(super) struct ServiceEndpoint {
    api: Api,
    region: Option<Region>,
    /// A URL in place of AWS's own.
    configured: Option<String>,
    /// Whether hosts with validated cryptography (FIPS 140) are wanted.
    fips: bool,
    /// Whether hosts that answer over IPv6 too are wanted.
    dual_stack: bool,
}

impl ServiceEndpoint {
    pub(super) fn new(api: Api, config: &SdkConfig) -> Self {
        Self {
            api,
            region: config.region().cloned(),
            configured: configured(api.service_id, config),
            fips: config.use_fips().unwrap_or_default(),
            dual_stack: config.use_dual_stack().unwrap_or_default(),
        }
    }

    async fn find(&self) -> Result<Endpoint, BoxError> {
        if let Some(url) = &self.configured {
            let params = self.params(self.fips, self.dual_stack).endpoint(url);
            return DefaultResolver::new().resolve_endpoint(&params.build()?).await;
        }
        let (name, params) = self.beside_sqs();
        let found = DefaultResolver::new().resolve_endpoint(&params.build()?).await?;
        let rest = found.url().strip_prefix(SQS).ok_or("the hosts of SQS have another form")?;
        Ok(Endpoint::builder().url(format!("https://{name}{rest}")).build())
    }

    /// The name in the service's host, and the host of SQS in which that name replaces `sqs`.
    fn beside_sqs(&self) -> (String, ParamsBuilder) {
        let name = self.api.name;
        match self.api.hosts {
            Hosts::AsOfSqs => (name.to_owned(), self.params(self.fips, self.dual_stack)),
            Hosts::OneForBothIps if self.fips => {
                (format!("{name}-fips"), self.params(false, false))
            }
            Hosts::OneForBothIps => (name.to_owned(), self.params(false, false)),
        }
    }

    fn params(&self, fips: bool, dual_stack: bool) -> ParamsBuilder {
        let region = self.region.as_ref().map(ToString::to_string);
        Params::builder().set_region(region).use_fips(fips).use_dual_stack(dual_stack)
    }
}

impl ResolveEndpoint for ServiceEndpoint {
    fn resolve_endpoint<'a>(&'a self, _: &'a EndpointResolverParams) -> EndpointFuture<'a> {
        EndpointFuture::new(self.find())
    }
}

/// The endpoint of this service alone or, without one, the endpoint of all services. A program that
/// sets the latter itself means all.
fn configured(service_id: &str, config: &SdkConfig) -> Option<String> {
    let shared = config.endpoint_url().map(str::to_owned);
    if config.get_origin("endpoint_url").is_client_config() {
        return shared;
    }
    own_endpoint(service_id, config).or(shared)
}

/// `AWS_ENDPOINT_URL_SSM`, or `endpoint_url` of the profile's services.
fn own_endpoint(service_id: &str, config: &SdkConfig) -> Option<String> {
    let key = ServiceConfigKey::builder().service_id(service_id);
    let key = key.env("AWS_ENDPOINT_URL").profile("endpoint_url").build().ok()?;
    config.service_config()?.load_config(key)
}
