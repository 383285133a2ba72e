//! The stack, the proxy before it, and a publisher that goes through the proxy.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sqs::types::Message as Letter;
use hubcast_aws::lean::LeanGateway;
use hubcast_aws::queue::SqsQueue;
use hubcast_aws::store::DynamoStore;
use hubcast_delivery::{Ports, Publisher};
use hubcast_local::{Options, Stack};
use hubcast_membership::shards::Shards;
use hubcast_model::channel::ChannelKey;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{ChannelStore, Consistency, PageQuery, SocketStore};
use hubcast_model::socket::SocketState;
use hubcast_model::time::{Clock, SystemClock};
use hubcast_testkit::name;
use hubcast_wiring::config::PublisherConfig;
use serde_json::{Value, json};

use crate::client::{Client, PATIENCE};
use crate::proxy::Proxy;

const TABLE: &str = "hubcast";
const HUB: &str = "notifications";
/// How long the publisher waits for an answer to a post.
pub(crate) const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(500);
/// How long an invocation may take.
const INVOCATION: Duration = Duration::from_secs(29);
const POLL: Duration = Duration::from_millis(5);

type Ours = Publisher<DynamoStore, LeanGateway, SqsQueue, SystemClock>;

pub(crate) struct Rig {
    pub(crate) proxy: Proxy,
    stack: Stack,
    publisher: Ours,
    /// The table, without the proxy.
    table: DynamoStore,
}

/// A record of an SQS event.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) id: &'static str,
    pub(crate) body: Value,
    pub(crate) receives: u32,
    /// For how long it has been in the queue.
    pub(crate) age: Duration,
    pub(crate) progress_key: Option<String>,
}

/// A record of the one message group, received for the first time.
pub(crate) fn record(id: &'static str, body: Value) -> Record {
    Record { id, body, receives: 1, age: Duration::ZERO, progress_key: None }
}

/// The record as it is received the next time.
pub(crate) fn again(record: &Record) -> Record {
    Record { receives: record.receives + 1, ..record.clone() }
}

impl Record {
    fn json(&self) -> Value {
        let sent_at = SystemClock.now().as_millis() - u64::try_from(self.age.as_millis()).unwrap();
        let key = self.progress_key.as_ref();
        let attributes =
            key.map(|key| json!({ "ProgressKey": { "stringValue": key, "dataType": "String" } }));
        json!({
            "messageId": self.id,
            "receiptHandle": format!("receipt-{}", self.id),
            "body": self.body.to_string(),
            "attributes": {
                "ApproximateReceiveCount": self.receives.to_string(),
                "SentTimestamp": sent_at.to_string(),
                "MessageGroupId": "g",
            },
            "messageAttributes": attributes.unwrap_or_else(|| json!({})),
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:hubcast-notifications.fifo",
        })
    }
}

impl Rig {
    pub(crate) async fn start() -> Self {
        Self::with_direct_max("1000").await
    }

    /// A rig in which jobs are made for more than so many sockets.
    pub(crate) async fn with_direct_max(direct_max: &str) -> Self {
        let stack = Stack::start(&Options { port: 0, ..Options::default() }).await.unwrap();
        let proxy = Proxy::start(stack.url()).await;
        let publisher = publisher(&stack, &proxy, direct_max);
        let table = DynamoStore::new(&sdk(stack.url()), TABLE.to_owned());
        Self { proxy, stack, publisher, table }
    }

    /// A client of a user that is ready.
    pub(crate) async fn client(&self, user: &str) -> Client {
        let url = self.stack.url();
        let body = json!({ "sub": user }).to_string();
        let answer = reqwest::Client::new().post(format!("{url}/dev/token")).body(body).send();
        let answer: Value =
            serde_json::from_slice(&answer.await.unwrap().bytes().await.unwrap()).unwrap();
        let token = answer["access_token"].as_str().unwrap();
        let host = url.trim_start_matches("http://");
        let mut client =
            Client::open(&format!("ws://{host}/hubs/{HUB}?access_token={token}")).await;
        let socket = tokio::time::timeout(PATIENCE, self.ready_socket(user)).await.unwrap();
        client.socket = socket.to_string();
        client
    }

    async fn ready_socket(&self, user: &str) -> SocketId {
        loop {
            for socket in self.sockets(user).await {
                let known = self.table.socket(&socket, Consistency::Strong).await.unwrap();
                if known.is_some_and(|known| known.state == SocketState::Ready) {
                    return socket;
                }
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The sockets of a user by the table.
    pub(crate) async fn sockets(&self, user: &str) -> Vec<SocketId> {
        let key = ChannelKey::user(&name::hub(HUB), &name::user(user));
        let (consistency, now) = (Consistency::Strong, SystemClock.now());
        let query = PageQuery { key: &key, consistency, now, after: None, limit: None };
        let page = self.table.members(query).await.unwrap();
        page.members.into_iter().map(|member| member.socket).collect()
    }

    /// One invocation; answers the ids of the records that the queue has to keep.
    pub(crate) async fn publish(&self, records: &[Record]) -> Vec<String> {
        let records: Vec<Value> = records.iter().map(Record::json).collect();
        let event = serde_json::from_value(json!({ "Records": records })).unwrap();
        let answer = publisher::handle(&self.publisher, None, event, INVOCATION).await;
        answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
    }

    /// Starts another instance in the place of the first.
    pub(crate) fn replace_publisher(&mut self) {
        self.publisher = publisher(&self.stack, &self.proxy, "1000");
    }

    /// The dead letters that there are.
    pub(crate) async fn letters(&self) -> Vec<Letter> {
        let sqs = aws_sdk_sqs::Client::new(&sdk(self.stack.url()));
        let received = sqs
            .receive_message()
            .queue_url(queue(self.stack.url(), "dlq"))
            .max_number_of_messages(10)
            .message_attribute_names("All");
        received.send().await.unwrap().messages.unwrap_or_default()
    }
}

/// The text of a letter's attribute.
pub(crate) fn attribute(letter: &Letter, name: &str) -> String {
    let attributes = letter.message_attributes.as_ref().unwrap();
    attributes.get(name).and_then(|value| value.string_value.clone()).unwrap_or_default()
}

fn queue(base: &str, name: &str) -> String {
    format!("{base}/000000000000/hubcast-{name}.fifo")
}

fn publisher(stack: &Stack, proxy: &Proxy, direct_max: &str) -> Ours {
    let url = proxy.url.as_str();
    let endpoint = format!("{url}/{}", hubcast_local::gateway::STAGE);
    let config = PublisherConfig::read(|name| match name {
        "TABLE_NAME" => Some(TABLE.to_owned()),
        "MANAGEMENT_ENDPOINT" => Some(endpoint.clone()),
        "NOTIFICATIONS_QUEUE_URL" => Some(stack.queue_url()),
        "DELIVERIES_QUEUE_URL" => Some(queue(url, "deliveries")),
        "DLQ_URL" => Some(queue(url, "dlq")),
        "FANOUT_RETRY_MS" => Some("1200".to_owned()),
        "FANOUT_DIRECT_MAX" => Some(direct_max.to_owned()),
        _ => None,
    });
    let config = config.unwrap();
    let sdk = sdk(url);
    let store = DynamoStore::new(&sdk, config.table);
    let gateway = LeanGateway::new(&sdk, &endpoint, config.fanout.concurrency, ATTEMPT_TIMEOUT);
    let queue = SqsQueue::new(&sdk, config.queues);
    let ports =
        Ports { store, gateway: gateway.unwrap(), queue, upstream: None, clock: SystemClock };
    Publisher::new(ports, config.fanout, Shards::new(config.shards))
}

fn sdk(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("local", "local", None, None, "local");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint)
        .build()
}
