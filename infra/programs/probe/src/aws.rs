//! What needs credentials: posting to sockets, and sending to the queue.

use std::time::Duration;

use bytes::Bytes;
use hubcast_aws::lean::LeanGateway;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{ConnectionGateway, PostError};
use hubcast_wiring::bootstrap::sdk_config;
use serde_json::Value;

use crate::Options;

const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// Order is looked at over one connection as well as over many.
const CONNECTIONS_MAX: usize = 4;

/// The services that the options name.
pub(crate) struct Aws {
    gateway: Option<LeanGateway>,
    queue: Option<(aws_sdk_sqs::Client, String)>,
}

impl Aws {
    pub(crate) async fn new(options: &Options) -> anyhow::Result<Self> {
        let config = sdk_config().await;
        let gateway = options
            .management_url
            .as_ref()
            .map(|url| LeanGateway::new(&config, url, CONNECTIONS_MAX, ATTEMPT_TIMEOUT));
        let queue = options.queue_url.clone().map(|url| (aws_sdk_sqs::Client::new(&config), url));
        Ok(Self { gateway: gateway.transpose()?, queue })
    }

    pub(crate) fn gateway(&self) -> Option<Poster<'_>> {
        self.gateway.as_ref().map(Poster)
    }

    pub(crate) fn queue(&self) -> Option<Queue<'_>> {
        self.queue.as_ref().map(|(client, url)| Queue { client, url })
    }
}

/// Posts to sockets.
pub(crate) struct Poster<'a>(&'a LeanGateway);

impl Poster<'_> {
    pub(crate) async fn post(&self, id: &str, frame: String) -> Result<(), PostError> {
        let socket = SocketId::parse(id).map_err(|err| PostError::Refused(Box::new(err)))?;
        self.0.post(&socket, Bytes::from(frame)).await
    }
}

/// Sends notifications.
pub(crate) struct Queue<'a> {
    client: &'a aws_sdk_sqs::Client,
    url: &'a str,
}

impl Queue<'_> {
    /// Sends an envelope to one connection.
    pub(crate) async fn send(&self, envelope: &Value) -> anyhow::Result<()> {
        let id = format!("probe-{:016x}", fastrand::u64(..));
        let send = self.client.send_message().queue_url(self.url).message_group_id("probe");
        send.message_deduplication_id(id).message_body(envelope.to_string()).send().await?;
        Ok(())
    }
}
