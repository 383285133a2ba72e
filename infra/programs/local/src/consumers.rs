//! The functions that consume queues, in process.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use hubcast_wiring::config::{PublisherConfig, WebhookConfig};
use publisher::wiring::WiredPublisher;
use serde_json::Value;
use tracing::Instrument;
use upstream::WrongAddresses;
use upstream::wiring::WiredCourier;

use crate::functions::{RESERVE, Runtime, read, write};
use crate::gateway::InvokeError;
use crate::log::invocation;
use crate::poller::{Consumer, FUNCTION_TIMEOUT};

/// The publisher, as the queue's consumer.
#[derive(Debug, Clone)]
pub(crate) struct LocalPublisher {
    publisher: Arc<WiredPublisher>,
    /// The name of the ingress queue.
    ingress: Option<String>,
}

impl LocalPublisher {
    /// The publisher on this runtime.
    ///
    /// # Errors
    /// When a variable is wrong.
    pub(crate) fn new(runtime: &Runtime<'_>) -> anyhow::Result<Self> {
        let variables = runtime.variables();
        let config = PublisherConfig::read(|name| variables.get(name).cloned())?;
        let ingress = config.queues.ingress_name().map(str::to_owned);
        let publisher = publisher::wiring::wire(runtime.sdk, config);
        let publisher = Arc::new(publisher.map_err(anyhow::Error::from_boxed)?);
        Ok(Self { publisher, ingress })
    }
}

impl Consumer for LocalPublisher {
    async fn consume(&self, event: Value) -> Result<Value, InvokeError> {
        let (Self { publisher, ingress }, event) = (self.clone(), read(event)?);
        let patience = FUNCTION_TIMEOUT.saturating_sub(RESERVE);
        let work = async move {
            publisher::handle(&*publisher, ingress.as_deref(), event, patience).await
        };
        let invocation = tokio::spawn(work.instrument(invocation("publisher")));
        let answer = invocation.await.map_err(|panic| InvokeError(panic.to_string()))?;
        write(&answer)
    }
}

/// The deliverer of upstream events to endpoints, as the queue's consumer.
#[derive(Debug, Clone)]
pub(crate) struct LocalUpstream(Arc<WiredCourier>);

impl LocalUpstream {
    /// The function on this runtime; none when there are no endpoints.
    ///
    /// # Errors
    /// When a variable is wrong.
    pub(crate) fn new(runtime: &Runtime<'_>) -> anyhow::Result<Option<Self>> {
        if runtime.options.upstream_url.is_none() {
            return Ok(None);
        }
        let variables = runtime.variables();
        let mut config = WebhookConfig::read(|name| variables.get(name).cloned())?;
        let root = runtime.options.root_certificate.as_deref();
        config.root = root.map(certificate).transpose()?;
        let courier = upstream::wiring::wire(runtime.sdk, config);
        let courier = courier.map_err(anyhow::Error::from_boxed).with_context(|| {
            let file = root.map(|file| format!(", with the root certificate {}", file.display()));
            format!("endpoints cannot be called{}", file.unwrap_or_default())
        });
        Ok(Some(Self(Arc::new(courier?))))
    }
}

/// The file of a root certificate.
fn certificate(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

impl LocalUpstream {
    /// What endpoints that are elsewhere answered.
    pub(crate) fn wrong_addresses(&self) -> &WrongAddresses {
        &self.0.wrong_addresses
    }
}

impl Consumer for LocalUpstream {
    async fn consume(&self, event: Value) -> Result<Value, InvokeError> {
        let (courier, event) = (Arc::clone(&self.0), read(event)?);
        let patience = FUNCTION_TIMEOUT.saturating_sub(RESERVE);
        let work = async move { upstream::handle(&courier, event, patience).await };
        let invocation = tokio::spawn(work.instrument(invocation("upstream")));
        let answer = invocation.await.map_err(|panic| InvokeError(panic.to_string()))?;
        write(&answer)
    }
}
