//! The functions that consume queues, in process.

use std::sync::Arc;

use hubcast_aws::access_keys::KeyVault;
use hubcast_aws::gateway::ATTEMPT_TIMEOUT;
use hubcast_aws::lean::LeanGateway;
use hubcast_aws::queue::SqsQueue;
use hubcast_aws::store::DynamoStore;
use hubcast_aws::upstream::{SqsAnswers, SqsUpstream};
use hubcast_delivery::{Ports, Publisher};
use hubcast_membership::shards::Shards;
use hubcast_model::time::SystemClock;
use hubcast_wiring::config::{PublisherConfig, WebhookConfig};
use serde_json::Value;
use upstream::Courier;
use upstream::http_client::HttpWebhook;

use crate::functions::{RESERVE, Runtime, read, way_up, write};
use crate::gateway::InvokeError;
use crate::poller::{Consumer, FUNCTION_TIMEOUT};
use crate::sqs::UPSTREAM_MAX_RECEIVES;

/// The publisher, as the queue's consumer.
#[derive(Debug, Clone)]
pub(crate) struct LocalPublisher(Arc<Ours>);

type Ours = Publisher<DynamoStore, LeanGateway, SqsQueue, SystemClock, SqsUpstream>;

impl LocalPublisher {
    /// The publisher on this runtime.
    pub(crate) fn new(runtime: &Runtime<'_>) -> anyhow::Result<Self> {
        let variables = runtime.variables();
        let config = PublisherConfig::read(|name| variables.get(name).cloned())?;
        let store = runtime.store(config.table);
        let (endpoint, connections_max) = (&config.management_endpoint, config.fanout.concurrency);
        let sdk = runtime.sdk;
        let gateway = LeanGateway::new(sdk, endpoint, connections_max, ATTEMPT_TIMEOUT)?;
        let upstream = way_up(runtime, config.upstream);
        let queue = SqsQueue::new(sdk, config.queues);
        let ports = Ports { store, gateway, queue, upstream, clock: SystemClock };
        Ok(Self(Arc::new(Publisher::new(ports, config.fanout, Shards::new(config.shards)))))
    }
}

impl Consumer for LocalPublisher {
    async fn consume(&self, event: Value) -> Result<Value, InvokeError> {
        let (publisher, event) = (Arc::clone(&self.0), read(event)?);
        let patience = FUNCTION_TIMEOUT.saturating_sub(RESERVE);
        let invocation =
            tokio::spawn(async move { publisher::handle(&*publisher, event, patience).await });
        let answer = invocation.await.map_err(|panic| InvokeError(panic.to_string()))?;
        write(&answer)
    }
}

type LocalCourier = Courier<HttpWebhook, SqsAnswers, KeyVault, SystemClock>;

/// The deliverer of upstream events to endpoints, as the queue's consumer.
#[derive(Debug, Clone)]
pub(crate) struct LocalUpstream(Arc<LocalCourier>);

impl LocalUpstream {
    /// The function on this runtime; none when there are no endpoints.
    pub(crate) fn new(runtime: &Runtime<'_>) -> anyhow::Result<Option<Self>> {
        if runtime.options.upstream_url.is_none() {
            return Ok(None);
        }
        let variables = runtime.variables();
        let config = WebhookConfig::read(|name| variables.get(name).cloned())?;
        let sdk = runtime.sdk;
        Ok(Some(Self(Arc::new(Courier {
            webhook: HttpWebhook::new().map_err(anyhow::Error::from_boxed)?,
            queue: SqsAnswers::new(sdk, config.queues),
            keys: KeyVault::new(sdk, config.access_keys),
            clock: SystemClock,
            templates: config.templates,
            timeout: config.timeout,
            receives_max: UPSTREAM_MAX_RECEIVES,
        }))))
    }
}

impl Consumer for LocalUpstream {
    async fn consume(&self, event: Value) -> Result<Value, InvokeError> {
        let (courier, event) = (Arc::clone(&self.0), read(event)?);
        let patience = FUNCTION_TIMEOUT.saturating_sub(RESERVE);
        let invocation =
            tokio::spawn(async move { upstream::handle(&courier, event, patience).await });
        let answer = invocation.await.map_err(|panic| InvokeError(panic.to_string()))?;
        write(&answer)
    }
}
