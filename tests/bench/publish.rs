//! The whole publisher, SQS event in: prints what it cost.
//!
//! `publish sdk|lean URL IN_FLIGHT user SOCKETS NOTIFICATIONS INVOCATIONS`: events with so many
//! notifications to one user with so many sockets.
//! `publish sdk|lean URL IN_FLIGHT hub SOCKETS`: a broadcast, cut into jobs, and the jobs.

#![expect(clippy::print_stdout, reason = "the figures are for whoever started it")]

mod bench;

use std::time::Duration;

use bench::{Meter, sdk_config};
use hubcast_aws::store::DynamoStore;
use hubcast_delivery::{Ports, Publisher};
use hubcast_membership::shards::Shards;
use hubcast_model::ports::ConnectionGateway;
use hubcast_model::time::SystemClock;
use hubcast_testkit::RecordingQueue;
use hubcast_wiring::config::{ConfigError, PublisherConfig};
use serde_json::{Value, json};

/// A role that changed, as a frame of some 200 bytes.
const PADDING_BYTES: usize = 125;
const WARM_UPS: usize = 5;
const PATIENCE: Duration = Duration::from_mins(14);

type Ours<G> = Publisher<DynamoStore, G, RecordingQueue, SystemClock>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [kind, url, in_flight, what @ ..] = arguments.as_slice() else {
        anyhow::bail!("too few arguments");
    };
    let config = config(url, in_flight)?;
    let concurrency = config.fanout.concurrency;
    match *kind {
        "sdk" => measure(config, url, bench::sdk(url), what).await,
        "lean" => measure(config, url, bench::lean(url, concurrency)?, what).await,
        other => anyhow::bail!("{other} is no adapter"),
    }
}

fn config(url: &str, in_flight: &str) -> Result<PublisherConfig, ConfigError> {
    PublisherConfig::read(|name| match name {
        "TABLE_NAME" => Some("hubcast".to_owned()),
        "FANOUT_CONCURRENCY" => Some(in_flight.to_owned()),
        // The limit is the machine.
        "FANOUT_MAX_RATE" => Some("1000000".to_owned()),
        "FANOUT_INSTANCES" => Some("1".to_owned()),
        "MANAGEMENT_ENDPOINT" | "NOTIFICATIONS_QUEUE_URL" | "DELIVERIES_QUEUE_URL" | "DLQ_URL" => {
            Some(url.to_owned())
        }
        _ => None,
    })
}

async fn measure<G: ConnectionGateway>(
    config: PublisherConfig,
    url: &str,
    gateway: G,
    what: &[&str],
) -> anyhow::Result<()> {
    let queue = RecordingQueue::default();
    let store = DynamoStore::new(&sdk_config(url), config.table);
    let queue_port = queue.clone();
    let ports = Ports { store, gateway, queue: queue_port, upstream: None, clock: SystemClock };
    let publisher: Ours<G> = Publisher::new(ports, config.fanout, Shards::new(config.shards));
    match what {
        ["user", sockets, notifications, invocations] => {
            let body = json!({ "userId": format!("u{sockets}"), "target": "permissionsChanged",
                "arguments": [{ "role": "r".repeat(PADDING_BYTES) }] });
            let bodies = vec![body.to_string(); notifications.parse()?];
            users(&publisher, &event("g", &bodies), invocations.parse()?).await
        }
        ["hub", sockets] => broadcast(&publisher, &queue, &format!("b{sockets}")).await,
        _ => anyhow::bail!("{what:?} is not known here"),
    }
}

async fn users<G: ConnectionGateway>(
    publisher: &Ours<G>,
    event: &str,
    invocations: usize,
) -> anyhow::Result<()> {
    for _ in 0..WARM_UPS {
        invoke(publisher, event).await?;
    }
    let meter = Meter::start();
    for _ in 0..invocations {
        invoke(publisher, event).await?;
    }
    println!("{}", meter.read());
    Ok(())
}

async fn broadcast<G: ConnectionGateway>(
    publisher: &Ours<G>,
    queue: &RecordingQueue,
    hub: &str,
) -> anyhow::Result<()> {
    let body = json!({ "hub": hub, "target": "licenceChanged",
        "arguments": [{ "licence": "l".repeat(PADDING_BYTES) }] });
    let meter = Meter::start();
    invoke(publisher, &event("g", &[body.to_string()])).await?;
    let jobs: Vec<String> = queue.jobs().into_iter().map(|job| job.body).collect();
    if !jobs.is_empty() {
        invoke(publisher, &event("", &jobs)).await?;
    }
    println!("{}", meter.read());
    Ok(())
}

/// An event as Lambda hands it over. Without a message group each record has its own.
fn event(group: &str, bodies: &[String]) -> String {
    let record = |(at, body): (usize, &String)| {
        json!({
            "messageId": format!("059f36b4-87a3-44ab-83d2-66197595{at:04}"),
            "receiptHandle": format!("AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a{at:04}"),
            "body": body,
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": "4102444799880",
                "MessageGroupId": if group.is_empty() { at.to_string() } else { group.to_owned() },
            },
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:hubcast-notifications.fifo",
            "awsRegion": "eu-west-1",
        })
    };
    let records: Vec<Value> = bodies.iter().enumerate().map(record).collect();
    json!({ "Records": records }).to_string()
}

async fn invoke<G: ConnectionGateway>(publisher: &Ours<G>, event: &str) -> anyhow::Result<()> {
    let event = serde_json::from_str(event)?;
    let answer = publisher::handle(publisher, None, event, PATIENCE).await;
    anyhow::ensure!(answer.batch_item_failures.is_empty(), "{answer:?}");
    Ok(())
}
