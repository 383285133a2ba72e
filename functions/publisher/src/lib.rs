//! SQS notifications to sockets.
//!
//! Reads the records of a batch, has them fanned out and reports those that
//! the queue must keep (`ReportBatchItemFailures`). The records of the ingress
//! queue are unwrapped first.

pub mod alarms;
pub mod wiring;

use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use hubcast_delivery::{Publish, Report};
use hubcast_model::dead_letter::LetterAttributes;
use hubcast_model::ingress::arrived;
use hubcast_model::ports::QueuedMessage;
use hubcast_model::time::Timestamp;
use hubcast_model::trace::Traceparent;

/// So many values of one metric fit a line of the embedded metric format.
const SAMPLES_MAX: usize = 100;

/// Delivers a batch of records within `patience`. `ingress` is the name of the ingress queue, where
/// there is one.
pub async fn handle(
    publisher: &impl Publish,
    ingress: Option<&str>,
    event: SqsEvent,
    patience: Duration,
) -> SqsBatchResponse {
    let message = |record| message(record, ingress);
    let messages = event.records.iter().map(message).collect();
    let report = publisher.publish(messages, patience).await;
    log(&report);
    measure(&report);
    response(report)
}

fn message(record: &SqsMessage, ingress: Option<&str>) -> QueuedMessage {
    let queue = queue_name(record.event_source_arn.as_deref().unwrap_or_default());
    if Some(queue) == ingress {
        return arrived(queued(record, "SentTimestamp"));
    }
    // The other queue without groups is the one of reminders, which are sent when they are due: when
    // they are first received.
    let is_reminder = !record.attributes.contains_key("MessageGroupId");
    let sent = if is_reminder { "ApproximateFirstReceiveTimestamp" } else { "SentTimestamp" };
    queued(record, sent)
}

/// The message of a record, sent when the attribute `sent` says.
fn queued(record: &SqsMessage, sent: &str) -> QueuedMessage {
    let attribute = |name: &str| record.attributes.get(name).map(String::as_str);
    // On a queue without groups each message is a group of its own, which waits for no other.
    let group = attribute("MessageGroupId").or(record.message_id.as_deref()).unwrap_or_default();
    let sent_at = attribute(sent).and_then(|millis| millis.parse().ok());
    let receives = attribute("ApproximateReceiveCount").and_then(|count| count.parse().ok());
    let own = &record.message_attributes;
    let attributes = LetterAttributes::read(|name| own.get(name)?.string_value.clone());
    QueuedMessage {
        queue: queue_name(record.event_source_arn.as_deref().unwrap_or_default()).to_owned(),
        group: group.to_owned(),
        sequence: attribute("SequenceNumber").unwrap_or_default().to_owned(),
        sent_at: Timestamp::from_millis(sent_at.unwrap_or_default()),
        // A record that does not say counts as redelivered: its progress is looked up.
        receive_count: receives.unwrap_or(2),
        progress_key: attributes.progress_key,
        sender: attribute("SenderId").unwrap_or_default().to_owned(),
        id: record.message_id.clone().unwrap_or_default(),
        receipt_handle: record.receipt_handle.clone().unwrap_or_default(),
        body: record.body.clone().unwrap_or_default(),
        repeatable: None,
        trace: attributes.trace.or_else(|| Traceparent::of_xray(attribute("AWSTraceHeader")?)),
        left: None,
    }
}

/// The last part of an ARN such as `arn:aws:sqs:eu-west-1:123456789012:name.fifo`.
fn queue_name(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or_default()
}

fn log(report: &Report) {
    let tally = &report.tally;
    tracing::info!(
        notifications = tally.notifications,
        done = tally.done,
        handed_on = tally.handed_on,
        expired = tally.expired,
        kept = tally.kept,
        undeliverable = tally.undeliverable,
        rejected = tally.rejected,
        resumed = tally.resumed,
        jobs = tally.jobs,
        posts = tally.posts,
        delivered = tally.delivered,
        gone = tally.gone,
        stalled = tally.stalled,
        throttled = tally.throttled,
        ambiguous = tally.ambiguous,
        refused = tally.refused,
        dropped = tally.dropped,
        replayed = tally.replayed,
        failed = tally.failed,
        "published"
    );
}

/// Measures what the summary line says, and how long each unit took.
fn measure(report: &Report) {
    let tally = &report.tally;
    let counts = [
        ("notifications", tally.notifications),
        ("done", tally.done),
        ("handed_on", tally.handed_on),
        ("expired", tally.expired),
        ("kept", tally.kept),
        ("undeliverable", tally.undeliverable),
        ("rejected", tally.rejected),
        ("resumed", tally.resumed),
        ("jobs", tally.jobs),
        ("posts", tally.posts),
        ("coalesced", tally.delivered.saturating_sub(tally.posts)),
        ("gone", tally.gone),
        ("stalled", tally.stalled),
        ("throttled", tally.throttled),
        ("ambiguous", tally.ambiguous),
        ("refused", tally.refused),
        ("dropped", tally.dropped),
        ("replayed", tally.replayed),
        ("failed", tally.failed),
    ];
    for (name, count) in counts {
        metrics::counter!(name).increment(u64::try_from(count).unwrap_or(u64::MAX));
    }
    for sample in report.samples.iter().take(SAMPLES_MAX) {
        metrics::histogram!("end_to_end_ms").record(sample.took.as_secs_f64() * 1000.0);
        let reached = u32::try_from(sample.reached).unwrap_or(u32::MAX);
        metrics::histogram!("audience").record(f64::from(reached));
    }
}

fn response(report: Report) -> SqsBatchResponse {
    let failure = |id| {
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = id;
        failure
    };
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = report.failed.into_iter().map(failure).collect();
    response
}
