//! Upstream events to backends' HTTP endpoints, in the webhook format of Azure SignalR.
//!
//! Events of one connection are tried in order, those of several at once. An
//! event that the endpoint does not take is put off into a message group of its
//! own, where the events that were put off keep their order. So no call waits
//! for an event that is refused. There an event that is not taken is reported
//! with all later ones, and comes back soon. After an hour the event is given
//! up: it goes to the queue of dead events, with a reason, and the later ones go
//! on without it. The queue itself gives up only what crashes this function.
//! An invocation that wants an answer is tried once: its client waits.
//! No call reaches an endpoint that has not taken the beginning of the
//! connection: calls are answered by an error while the beginning is owed, and
//! dropped once the endpoint has refused the connection.

mod attempt;
mod beginning;
mod delivery;
mod fate;
pub mod http_client;
mod uptakes;
pub mod wiring;
mod wrong_address;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::stream::{self, StreamExt};
use hubcast_backend::webhook::Templates;
use hubcast_model::ports::{AccessKeySource, AnswerQueue, UptakeStore, Webhook};
use hubcast_model::report::chain;
use hubcast_model::time::{Clock, Timestamp};
use hubcast_model::trace::{self, Traceparent};
use tokio::time::Instant;

use fate::{Delivered, DeliveryError, Try};
pub use uptakes::Uptakes;
pub use wrong_address::{WrongAddress, WrongAddresses};

/// How many connections' events are delivered at once.
const LANES: usize = 10;
/// The longest pause before an event is tried again.
const PAUSE_MAX_SECONDS: u64 = 60;
/// How long an event is tried for, since its message was sent. An event that was put off is a new
/// message, and so is an event that somebody redrives.
const TRIED_FOR_SECONDS: u64 = 3600;

/// How long whom is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long an endpoint may take, if not less is left.
    pub attempt: Duration,
    /// How long a client waits for an answer.
    pub wait: Duration,
}

/// What delivers events.
#[derive(Debug)]
pub struct Courier<W, Q, K, C, S> {
    /// The endpoints.
    pub webhook: W,
    /// The way back.
    pub queue: Q,
    /// What signs.
    pub keys: K,
    /// Tells the time.
    pub clock: C,
    /// Which connections an endpoint has not taken.
    pub uptakes: Uptakes<S>,
    /// The answers of endpoints that are elsewhere.
    pub wrong_addresses: WrongAddresses,
    /// Which endpoint hears of what.
    pub templates: Templates,
    /// How long whom is waited for.
    pub limits: Limits,
}

/// Delivers a batch of events within `patience`; answers which of them the queue must keep.
pub async fn handle<W, Q, K, C, S>(
    courier: &Courier<W, Q, K, C, S>,
    event: SqsEvent,
    patience: Duration,
) -> SqsBatchResponse
where
    W: Webhook,
    Q: AnswerQueue,
    K: AccessKeySource,
    C: Clock,
    S: UptakeStore,
{
    let deadline = Instant::now() + patience;
    let mut lanes: BTreeMap<String, Vec<SqsMessage>> = BTreeMap::new();
    for record in event.records {
        let group = record.attributes.get("MessageGroupId").cloned().unwrap_or_default();
        lanes.entry(group).or_default().push(record);
    }
    let lanes = lanes.into_values().map(|lane| courier.deliver_lane(lane, deadline));
    let kept: Vec<Vec<String>> = stream::iter(lanes).buffer_unordered(LANES).collect().await;
    response(kept.into_iter().flatten())
}

impl<W, Q, K, C, S> Courier<W, Q, K, C, S>
where
    W: Webhook,
    Q: AnswerQueue,
    K: AccessKeySource,
    C: Clock,
    S: UptakeStore,
{
    /// Delivers the events of one message group; answers the ids of those that were not.
    async fn deliver_lane(&self, lane: Vec<SqsMessage>, deadline: Instant) -> Vec<String> {
        let (mut kept, mut is_held, mut is_behind) = (Vec::new(), false, false);
        let mut left = u32::try_from(lane.len()).unwrap_or(u32::MAX);
        for record in lane {
            let is_last = self.is_last_try(&record);
            let deadline = if is_last {
                // Whoever hangs takes no time from those behind.
                Instant::now() + deadline.saturating_duration_since(Instant::now()) / left
            } else {
                deadline
            };
            left -= 1;
            let turn = Try { deadline, receives: receives(&record), is_behind };
            let outcome = if is_held { None } else { Some(self.deliver(&record, turn).await) };
            let is_done = match outcome {
                Some(Ok(delivered)) => {
                    is_behind |= delivered == Delivered::PutOff;
                    true
                }
                Some(Err(err)) if is_last || err.is_for_good() => self.give_up(&record, &err).await,
                Some(Err(_)) | None => false,
            };
            if !is_done {
                self.retry_soon(&record).await;
                is_held = true;
                kept.push(record.message_id.unwrap_or_default());
            }
        }
        kept
    }

    /// Delivers one event, and logs why if that fails.
    async fn deliver(&self, record: &SqsMessage, turn: Try) -> Result<Delivered, DeliveryError> {
        let body = record.body.as_deref().unwrap_or_default();
        let delivered = trace::within(trace_of(record), self.delivered(body, turn)).await;
        if let Err(err) = &delivered {
            let id = record.message_id.as_deref().unwrap_or_default();
            tracing::error!(error = %chain(err), message_id = id, "an event is not delivered");
        }
        delivered
    }

    /// Whether the event of a message is given up unless this try succeeds.
    fn is_last_try(&self, record: &SqsMessage) -> bool {
        let sent = attribute(record, "SentTimestamp").and_then(|millis| millis.parse().ok());
        // Without a time nothing is given up too early: the queue forgets the message some day.
        sent.is_some_and(|millis| {
            let age = self.clock.now().since(Timestamp::from_millis(millis));
            age >= Duration::from_secs(TRIED_FOR_SECONDS)
        })
    }

    /// After 1, 2, 4 .. 60 seconds.
    async fn retry_soon(&self, record: &SqsMessage) {
        let seconds = 1_u64 << receives(record).saturating_sub(1).min(6);
        let pause = Duration::from_secs(seconds.min(PAUSE_MAX_SECONDS));
        let receipt = record.receipt_handle.as_deref().unwrap_or_default();
        if let Err(err) = self.queue.retry_event(receipt, pause).await {
            tracing::warn!(error = %chain(&err), "an event is retried late");
        }
    }
}

/// The trace within which the queue says that a message was sent. The event itself may name another
/// one.
pub(crate) fn trace_of(record: &SqsMessage) -> Option<Traceparent> {
    Traceparent::of_xray(record.attributes.get("AWSTraceHeader")?)
}

/// How often the queue has handed a message over.
fn receives(record: &SqsMessage) -> u32 {
    attribute(record, "ApproximateReceiveCount").and_then(|count| count.parse().ok()).unwrap_or(1)
}

/// What the queue says of a message.
fn attribute<'a>(record: &'a SqsMessage, name: &str) -> Option<&'a str> {
    record.attributes.get(name).map(String::as_str)
}

fn response(kept: impl Iterator<Item = String>) -> SqsBatchResponse {
    let failure = |id| {
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = id;
        failure
    };
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = kept.map(failure).collect();
    response
}
