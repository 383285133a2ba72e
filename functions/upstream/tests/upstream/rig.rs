//! The function over endpoints and queues that do as they are told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use hubcast_backend::webhook::Templates;
use hubcast_model::message_group::MessageGroup;
use hubcast_model::ports::QueuedMessage;
use hubcast_model::ports::{
    AnswerQueue, DeadEvent, QueueError, UpstreamMessage, Webhook, WebhookAnswer, WebhookError,
    WebhookRequest,
};
use hubcast_model::settings::AccessKeys;
use hubcast_model::time::Timestamp;
use hubcast_testkit::clock::START;
use hubcast_testkit::queued::in_group;
use hubcast_testkit::{MemoryStore, TestClock};
use serde_json::{Value, json};
use upstream::{Courier, Limits, Uptakes, WrongAddresses, handle};

pub(crate) const PATIENCE: Duration = Duration::from_secs(29);
pub(crate) const ATTEMPT: Duration = Duration::from_secs(20);
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// What an endpoint does with one request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Does {
    Answer(u16),
    /// By 200 and this body.
    Say(&'static str),
    /// By a redirect to this place.
    Redirect(&'static str),
    /// Breaks off.
    Fail,
    /// Takes no connection.
    Refuse,
    Hang,
}

/// Endpoints that do as they are told, and queues that remember; clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outside(pub(crate) Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) plan: VecDeque<Does>,
    pub(crate) requests: Vec<WebhookRequest>,
    pub(crate) answers: Vec<(String, String, String)>,
    pub(crate) put_off: Vec<UpstreamMessage>,
    pub(crate) dead: Vec<DeadEvent>,
    pub(crate) retries: Vec<(String, Duration)>,
    pub(crate) is_queue_down: bool,
}

impl Webhook for Outside {
    async fn post(
        &self,
        request: WebhookRequest,
        patience: Duration,
    ) -> Result<WebhookAnswer, WebhookError> {
        let does = {
            let mut seen = self.0.lock().unwrap();
            seen.requests.push(request);
            seen.plan.pop_front().unwrap_or(Does::Answer(200))
        };
        let answer =
            |status, body: &str| WebhookAnswer { status, location: None, body: body.into() };
        match does {
            Does::Answer(status) => Ok(answer(status, "")),
            Does::Say(body) => Ok(answer(200, body)),
            Does::Redirect(place) => {
                Ok(WebhookAnswer { location: Some(place.to_owned()), ..answer(307, "") })
            }
            Does::Fail => Err(WebhookError::Broken("told to fail".into())),
            Does::Refuse => Err(WebhookError::Unreachable("told to refuse".into())),
            Does::Hang => {
                tokio::time::sleep(patience).await;
                Err(WebhookError::TimedOut(patience))
            }
        }
    }
}

impl AnswerQueue for Outside {
    async fn answer(
        &self,
        envelope: &str,
        group: &MessageGroup,
        id: &str,
    ) -> Result<(), QueueError> {
        let mut seen = self.0.lock().unwrap();
        if seen.is_queue_down {
            return Err(QueueError { operation: "answer", source: "told to fail".into() });
        }
        seen.answers.push((envelope.to_owned(), group.to_string(), id.to_owned()));
        Ok(())
    }

    async fn put_off(&self, message: &UpstreamMessage) -> Result<(), QueueError> {
        let mut seen = self.0.lock().unwrap();
        if seen.is_queue_down {
            return Err(QueueError { operation: "put_off", source: "told to fail".into() });
        }
        seen.put_off.push(message.clone());
        Ok(())
    }

    async fn dead_event(&self, letter: &DeadEvent) -> Result<(), QueueError> {
        let mut seen = self.0.lock().unwrap();
        if seen.is_queue_down {
            return Err(QueueError { operation: "dead_event", source: "told to fail".into() });
        }
        seen.dead.push(letter.clone());
        Ok(())
    }

    async fn retry_event(&self, receipt: &str, delay: Duration) -> Result<(), QueueError> {
        self.0.lock().unwrap().retries.push((receipt.to_owned(), delay));
        Ok(())
    }
}

pub(crate) struct Rig {
    pub(crate) outside: Outside,
    pub(crate) clock: TestClock,
    pub(crate) store: MemoryStore,
    pub(crate) courier: Courier<Outside, Outside, AccessKeys, TestClock, MemoryStore>,
}

pub(crate) fn rig(plan: impl IntoIterator<Item = Does>) -> Rig {
    let outside = Outside::default();
    outside.0.lock().unwrap().plan.extend(plan);
    over(outside, TestClock::default(), MemoryStore::default())
}

fn over(outside: Outside, clock: TestClock, store: MemoryStore) -> Rig {
    let courier = Courier {
        webhook: outside.clone(),
        queue: outside.clone(),
        keys: AccessKeys::parse(&"k".repeat(40)).unwrap(),
        clock: clock.clone(),
        uptakes: Uptakes::new(store.clone()),
        templates: Templates::parse(r#"[{"urlTemplate":"https://h/{event}","hubPattern":"n"}]"#)
            .unwrap(),
        limits: Limits { attempt: ATTEMPT, wait: TIMEOUT },
        wrong_addresses: WrongAddresses::default(),
    };
    Rig { outside, clock, store, courier }
}

/// How long an event is tried for.
pub(crate) const TRIED_FOR: Duration = Duration::from_hours(1);

/// The message as it is received when its event is tried for the last time.
pub(crate) fn at_last(message: &QueuedMessage) -> QueuedMessage {
    let sent = START.as_millis() - u64::try_from(TRIED_FOR.as_millis()).unwrap();
    QueuedMessage { sent_at: Timestamp::from_millis(sent), receive_count: 70, ..message.clone() }
}

/// An event of a connection; one that wants an answer when it has an invocation id.
pub(crate) fn event(connection: &str, name: &str, invocation_id: Option<&str>) -> String {
    let mut event = json!({
        "eventId": format!("{connection}/{name}"), "category": "messages", "event": name,
        "hub": "n", "connectionId": connection, "claims": {}, "query": {},
        "timestamp": START.to_rfc3339(), "target": name, "arguments": [1],
    });
    if let Some(id) = invocation_id {
        event["invocationId"] = json!(id);
    }
    event.to_string()
}

/// An event of a connection that was put off.
pub(crate) fn late(connection: &str, name: &str) -> String {
    event(connection, name, None).replacen('{', r#"{"putOff":true,"#, 1)
}

/// The beginning or the end of a connection.
pub(crate) fn presence(connection: &str, name: &str) -> String {
    let event = event(connection, name, None);
    event.replace(r#""category":"messages""#, r#""category":"connections""#)
}

pub(crate) fn messages(bodies: &[(&str, String)]) -> Vec<QueuedMessage> {
    let message =
        |(at, (group, body)): (usize, &(&str, String))| in_group(&at.to_string(), group, body);
    bodies.iter().enumerate().map(message).collect()
}

pub(crate) fn batch(bodies: &[(&str, String)]) -> SqsEvent {
    hubcast_testkit::event::sqs(&messages(bodies))
}

impl Rig {
    /// Another instance of the function over the same endpoints, queues and table.
    pub(crate) fn forgetful(&self) -> Self {
        over(self.outside.clone(), self.clock.clone(), self.store.clone())
    }

    /// What the requests so far said in a header.
    pub(crate) fn headers(&self, name: &str) -> Vec<String> {
        let seen = self.outside.0.lock().unwrap();
        let headers = seen.requests.iter().flat_map(|request| &request.headers);
        headers.filter(|(known, _)| *known == name).map(|(_, value)| value.clone()).collect()
    }

    /// The bodies of the events that were given up, each with the reason.
    pub(crate) fn dead(&self) -> Vec<(String, String)> {
        let seen = self.outside.0.lock().unwrap();
        let told = |letter: &DeadEvent| {
            (letter.body.clone(), letter.attributes.reason.clone().unwrap_or_default())
        };
        seen.dead.iter().map(told).collect()
    }

    /// The places in the batch of what the queue must keep.
    pub(crate) async fn kept(&self, bodies: &[(&str, String)]) -> Vec<String> {
        self.kept_of(batch(bodies)).await
    }

    pub(crate) async fn kept_of(&self, event: SqsEvent) -> Vec<String> {
        let response = handle(&self.courier, event, PATIENCE).await;
        let failures = response.batch_item_failures.into_iter();
        let mut kept: Vec<String> = failures.map(|failure| failure.item_identifier).collect();
        kept.sort();
        kept
    }

    pub(crate) fn urls(&self) -> Vec<String> {
        let seen = self.outside.0.lock().unwrap();
        seen.requests.iter().map(|request| request.url.clone()).collect()
    }

    pub(crate) fn answers(&self) -> Vec<Value> {
        let seen = self.outside.0.lock().unwrap();
        seen.answers
            .iter()
            .map(|(envelope, _, _)| serde_json::from_str(envelope).unwrap())
            .collect()
    }
}
