//! Upstream events to backends' HTTP endpoints, in the webhook format of Azure SignalR.
//!
//! Events of one connection are tried in order, those of several at once. An
//! event that the endpoint does not take is put off into a message group of its
//! own, where the events that were put off keep their order. So no call waits
//! for an event that is refused. There an event that is not taken is reported
//! with all later ones, comes back soon, and ends in the dead-letter queue of
//! events; at its last try the later ones go on without it.
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
use hubcast_model::time::Clock;
use tokio::time::Instant;

use fate::{Delivered, Try};
pub use uptakes::Uptakes;
pub use wrong_address::{WrongAddress, WrongAddresses};

/// How many connections' events are delivered at once.
const LANES: usize = 10;
/// The longest pause before an event is tried again.
const PAUSE_MAX_SECONDS: u64 = 60;

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
    /// How often the queue hands an event over before it gives it up.
    pub receives_max: u32,
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
            let receives = receives(&record);
            let is_last = receives >= self.receives_max;
            let deadline = if is_last {
                // Whoever hangs takes no time from those behind.
                Instant::now() + deadline.saturating_duration_since(Instant::now()) / left
            } else {
                deadline
            };
            left -= 1;
            let turn = Try { deadline, receives, is_behind };
            let delivered = if is_held { None } else { self.deliver(&record, turn).await };
            is_behind |= delivered == Some(Delivered::PutOff);
            if delivered.is_none() {
                if is_last {
                    self.give_up(record.body.as_deref().unwrap_or_default()).await;
                }
                self.retry_soon(&record, receives).await;
                // What is given up holds nothing: the others' receives grew with its own.
                is_held |= !is_last;
                kept.push(record.message_id.unwrap_or_default());
            }
        }
        kept
    }

    /// Delivers one event. `None` when the queue must keep it.
    async fn deliver(&self, record: &SqsMessage, turn: Try) -> Option<Delivered> {
        let body = record.body.as_deref().unwrap_or_default();
        match self.delivered(body, turn).await {
            Ok(delivered) => Some(delivered),
            Err(err) => {
                let id = record.message_id.as_deref().unwrap_or_default();
                tracing::error!(error = %chain(&err), message_id = id, "an event is not delivered");
                None
            }
        }
    }

    /// After 1, 2, 4 .. 60 seconds; at once when the queue hands it over no more.
    async fn retry_soon(&self, record: &SqsMessage, receives: u32) {
        let seconds = 1_u64 << receives.saturating_sub(1).min(6);
        let again = receives < self.receives_max;
        let pause = Duration::from_secs(if again { seconds.min(PAUSE_MAX_SECONDS) } else { 0 });
        let receipt = record.receipt_handle.as_deref().unwrap_or_default();
        if let Err(err) = self.queue.retry_event(receipt, pause).await {
            tracing::warn!(error = %chain(&err), "an event is retried late");
        }
    }
}

/// How often the queue has handed a message over.
fn receives(record: &SqsMessage) -> u32 {
    let count = record.attributes.get("ApproximateReceiveCount");
    count.and_then(|count| count.parse().ok()).unwrap_or(1)
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
