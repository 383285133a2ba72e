//! `GET /dev/counts`: counts of connections and of messages in the queues.

use std::collections::BTreeMap;

use anyhow::Context;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::QueueAttributeName;
use hubcast_model::channel::ChannelKey;
use serde::Serialize;
use upstream::WrongAddress;

use crate::functions::TABLE;
use crate::sqs::{DELIVERIES, DLQ, NOTIFICATIONS, queue_url};

type Row = std::collections::HashMap<String, AttributeValue>;

/// The counts.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Counts {
    /// How many sockets are open, before or after the handshake.
    sockets: usize,
    #[serde(flatten)]
    refused: Refused,
    /// The hubs, by name.
    hubs: BTreeMap<String, Hub>,
    /// How many messages each queue holds.
    queues: BTreeMap<&'static str, u64>,
}

/// What could not work, as `hubcast doctor` asks for it.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refused {
    /// How often servers wanted to connect, as in Azure's default and persistent mode.
    pub(crate) server_tries: usize,
    /// Whether clients come back to their connection: `off`, `on` or `drain`.
    pub(crate) stateful_reconnect: String,
    /// The last answer of an endpoint that is not at the upstream URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wrong_address: Option<WrongAddress>,
}

/// The connections of a hub whose handshake is done.
#[derive(Debug, Default, Serialize)]
struct Hub {
    /// How many connections there are.
    connections: usize,
    /// How many connections each user has; an anonymous connection belongs to no user.
    users: BTreeMap<String, usize>,
    /// How many connections are in each group.
    groups: BTreeMap<String, usize>,
}

impl Counts {
    /// Counts now. `sockets` are open at the gateway, and `refused` could not work; the other counts
    /// come from the table and the queues.
    ///
    /// # Errors
    /// When the table or a queue does not answer.
    pub(crate) async fn take(
        sockets: usize,
        refused: Refused,
        sdk: &SdkConfig,
    ) -> anyhow::Result<Self> {
        let mut counts = Self { sockets, refused, ..Self::default() };
        for row in ready_sockets(sdk).await? {
            counts.add(&row);
        }
        let sqs = aws_sdk_sqs::Client::new(sdk);
        let base = sdk.endpoint_url().unwrap_or_default();
        let named = [("notifications", NOTIFICATIONS), ("deliveries", DELIVERIES), ("dlq", DLQ)];
        for (name, queue) in named {
            counts.queues.insert(name, depth(&sqs, &queue_url(base, queue)).await?);
        }
        Ok(counts)
    }

    fn add(&mut self, row: &Row) {
        let Some(hub) = text(row, "hub") else { return };
        let hub = self.hubs.entry(hub.to_owned()).or_default();
        hub.connections += 1;
        if let Some(user) = text(row, "userId") {
            *hub.users.entry(user.to_owned()).or_default() += 1;
        }
        let channels = row.get("channels").and_then(|value| value.as_ss().ok());
        for channel in channels.into_iter().flatten() {
            if let Some(group) = ChannelKey::from_key(channel).group_of() {
                *hub.groups.entry(group.to_string()).or_default() += 1;
            }
        }
    }
}

async fn ready_sockets(table: &SdkConfig) -> anyhow::Result<Vec<Row>> {
    let scan = aws_sdk_dynamodb::Client::new(table).scan().table_name(TABLE).consistent_read(true);
    let scan = scan
        .filter_expression("sk = :socket AND #state = :ready")
        .expression_attribute_names("#state", "state")
        .expression_attribute_values(":socket", AttributeValue::S("SOCKET".to_owned()))
        .expression_attribute_values(":ready", AttributeValue::S("ready".to_owned()));
    let rows = scan.into_paginator().items().send().try_collect().await;
    rows.context("the table cannot be read")
}

/// How many messages a queue holds, those in flight included.
async fn depth(sqs: &aws_sdk_sqs::Client, url: &str) -> anyhow::Result<u64> {
    let ask = sqs.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::All);
    let answer = ask.send().await.context("a queue cannot be read")?;
    let count = |name| {
        let counted = answer.attributes().and_then(|counts| counts.get(&name));
        counted.and_then(|count| count.parse::<u64>().ok()).unwrap_or_default()
    };
    Ok(count(QueueAttributeName::ApproximateNumberOfMessages)
        + count(QueueAttributeName::ApproximateNumberOfMessagesNotVisible))
}

fn text<'a>(row: &'a Row, name: &str) -> Option<&'a str> {
    row.get(name)?.as_s().ok().map(String::as_str)
}
