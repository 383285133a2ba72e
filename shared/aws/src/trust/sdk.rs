//! The SDK's HTTP client, with few roots first.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::{
    RuntimeComponents, RuntimeComponentsBuilder,
};
use aws_smithy_types::config_bag::ConfigBag;

use super::{AMAZON, is_stranger};

/// The client of all that the SDK sends: Amazon's roots first, then the system's.
pub fn http_client() -> SharedHttpClient {
    let amazon = TrustStore::empty().with_pem_certificate(AMAZON);
    SharedHttpClient::new(FewRootsFirst::new(trusting(amazon), trusting(TrustStore::default())))
}

/// As the SDK's own default, but for the roots. They are parsed with the first connection.
fn trusting(store: TrustStore) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder()
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .proxy_config(ProxyConfig::from_env());
        // A context that cannot be built leaves the system's roots, which is what is tried next.
        if let Ok(context) = TlsContext::builder().with_trust_store(store.clone()).build() {
            connector = connector.tls_context(context);
        }
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.build()
    })
}

/// Two clients; the second is used from the moment that the first met a stranger.
#[derive(Debug, Clone)]
struct FewRootsFirst {
    few: SharedHttpClient,
    all: SharedHttpClient,
    met_stranger: Arc<AtomicBool>,
}

impl FewRootsFirst {
    fn new(few: SharedHttpClient, all: SharedHttpClient) -> Self {
        Self { few, all, met_stranger: Arc::default() }
    }

    fn current(&self) -> &SharedHttpClient {
        if self.met_stranger.load(Ordering::Relaxed) { &self.all } else { &self.few }
    }
}

impl HttpClient for FewRootsFirst {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let current = self.current().http_connector(settings, components);
        if self.met_stranger.load(Ordering::Relaxed) {
            return current;
        }
        let (clients, settings, components) = (self.clone(), settings.clone(), components.clone());
        SharedHttpConnector::new(Trying { current, clients, settings, components })
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.current().validate_base_client_config(components, config)
    }

    fn validate_final_config(
        &self,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.current().validate_final_config(components, config)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.few.connector_metadata()
    }
}

/// One request, by few roots and then, if need be, by all.
#[derive(Debug)]
struct Trying {
    current: SharedHttpConnector,
    clients: FewRootsFirst,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
}

impl HttpConnector for Trying {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let again = request.try_clone();
        let (clients, settings) = (self.clients.clone(), self.settings.clone());
        let (first, components) = (self.current.call(request), self.components.clone());
        HttpConnectorFuture::new(async move {
            match (first.await, again) {
                (Err(err), Some(request)) if is_stranger(&err) => {
                    tracing::info!("an AWS endpoint is not vouched for by Amazon's roots");
                    clients.met_stranger.store(true, Ordering::Relaxed);
                    clients.all.http_connector(&settings, &components).call(request).await
                }
                (outcome, _) => outcome,
            }
        })
    }
}

#[cfg(test)]
mod tests;
