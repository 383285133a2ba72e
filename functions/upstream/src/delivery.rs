//! One event to its endpoint, and the answer back to the client.

use std::time::Duration;

use hubcast_auth::webhook::{Signed, of_connection, of_request};
use hubcast_backend::webhook::{CLAIMS_HEADER, OpenCall, body, headers};
use hubcast_model::event::{Event, EventError, EventKind};
use hubcast_model::id::UserId;
use hubcast_model::ports::{
    AccessKeySource, AnswerQueue, Cause, Freshness, QueueError, Webhook, WebhookAnswer,
    WebhookRequest,
};
use hubcast_model::report::chain;
use hubcast_model::time::Clock;
use tokio::time::Instant;

use crate::Courier;

/// How long an endpoint may take, if not less is left.
const ATTEMPT_MAX: Duration = Duration::from_secs(20);
/// With less time than this nothing is begun.
const ATTEMPT_MIN: Duration = Duration::from_secs(1);

/// An invocation that is older is not made. After a crash, which may have been in the middle of
/// one, the queue hands it over again 180 s after it did so before; clocks may differ by the rest.
const AGE_MAX: Duration = Duration::from_secs(170);

/// Why an event is not delivered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeliveryError {
    #[error("this is no event")]
    NotAnEvent(#[source] EventError),
    #[error("there is no time left")]
    OutOfTime,
    #[error("the access keys cannot be had")]
    Keys(#[source] Cause),
    #[error("the endpoint cannot be reached or does not answer")]
    Unreached(#[source] Cause),
    #[error("the endpoint answered {0}")]
    Refused(u16),
    #[error("the event cannot be put off")]
    Queue(#[source] QueueError),
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// Nothing is left to do.
    Done,
    /// It comes again, in a message group in which no call waits.
    PutOff,
}

impl DeliveryError {
    /// Whether it is the endpoint that does not take the event.
    const fn is_of_endpoint(&self) -> bool {
        matches!(self, Self::Unreached(_) | Self::Refused(_))
    }
}

impl<W, Q, K, C> Courier<W, Q, K, C>
where
    W: Webhook,
    Q: AnswerQueue,
    K: AccessKeySource,
    C: Clock,
{
    /// Delivers one event. `Ok` also for what nobody wants to hear of, and for an invocation that
    /// was answered by an error. `is_behind` says that an event before it was put off.
    pub(crate) async fn delivered(
        &self,
        body: &str,
        deadline: Instant,
        is_behind: bool,
    ) -> Result<Delivered, DeliveryError> {
        let event = Event::parse(body).map_err(DeliveryError::NotAnEvent)?;
        if let Some(open) = OpenCall::of(&event) {
            return self.answered(&event, open, deadline).await.map(|()| Delivered::Done);
        }
        let Some(url) = self.templates.url(&event) else {
            return Ok(Delivered::Done);
        };
        // The end of a connection is told behind everything that was put off.
        let is_end = matches!(event.kind, EventKind::Disconnected);
        if !event.is_put_off && (is_behind || is_end) {
            return self.put_off(event).await;
        }
        match self.told(&event, url, deadline).await {
            Err(err) if !event.is_put_off && err.is_of_endpoint() => {
                tracing::warn!(error = %chain(&err), event_id = event.id, "an event is put off");
                self.put_off(event).await
            }
            outcome => outcome.map(|()| Delivered::Done),
        }
    }

    /// Tells an endpoint of an event that nobody waits for.
    async fn told(
        &self,
        event: &Event,
        url: String,
        deadline: Instant,
    ) -> Result<(), DeliveryError> {
        match self.post(event, url, deadline, ATTEMPT_MAX).await?.status {
            200..=299 => Ok(()),
            status if is_final(status) => {
                tracing::warn!(status, event_id = event.id, "an event is refused for good");
                Ok(())
            }
            status => Err(DeliveryError::Refused(status)),
        }
    }

    /// Lets an event come again in a message group of its own, in which no call waits.
    async fn put_off(&self, event: Event) -> Result<Delivered, DeliveryError> {
        let message = event.put_off().to_message();
        self.queue.put_off(&message).await.map_err(DeliveryError::Queue)?;
        Ok(Delivered::PutOff)
    }

    /// Delivers an invocation that wants an answer, unless its client waits no more.
    async fn answered(
        &self,
        event: &Event,
        open: OpenCall<'_>,
        deadline: Instant,
    ) -> Result<(), DeliveryError> {
        let waited = self.clock.now().since(event.at);
        let left = self.timeout.saturating_sub(waited);
        if left.is_zero() || waited >= AGE_MAX {
            tracing::warn!(event_id = event.id, "an invocation came too late");
            if !left.is_zero() {
                self.answer(event, &open.failed("Invocation failed, its turn came too late")).await;
            }
            return Ok(());
        }
        let Some(url) = self.templates.url(event) else {
            self.answer(event, &open.unknown()).await;
            return Ok(());
        };
        let envelope = match self.post(event, url, deadline, left).await {
            Ok(answer) => match open.answered(answer.status, &answer.body) {
                Some(envelope) => envelope,
                None => return Ok(()),
            },
            // It was not sent, so it may be later.
            Err(err @ (DeliveryError::OutOfTime | DeliveryError::Keys(_))) => return Err(err),
            Err(err) => {
                tracing::error!(error = %chain(&err), "an invocation fails");
                open.failed("Invocation failed")
            }
        };
        self.answer(event, &envelope).await;
        Ok(())
    }

    /// Puts an answer on its way. One that is lost is not worth invoking the method twice: the
    /// client is told at its time-out.
    async fn answer(&self, event: &Event, envelope: &str) {
        let id = format!("{}/answer", event.id);
        if let Err(err) = self.queue.answer(envelope, &event.message_group(), &id).await {
            tracing::error!(error = %chain(&err), event_id = event.id, "an answer is lost");
        }
    }

    async fn post(
        &self,
        event: &Event,
        url: String,
        deadline: Instant,
        most: Duration,
    ) -> Result<WebhookAnswer, DeliveryError> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left < ATTEMPT_MIN {
            return Err(DeliveryError::OutOfTime);
        }
        let keys = self.keys.access_keys(Freshness::Cached).await.map_err(DeliveryError::Keys)?;
        let (mut headers, body) = (headers(event), body(event));
        let client = &event.client;
        let user = client.user.as_ref().map(UserId::as_str).unwrap_or_default();
        let (hub, connection) = (client.hub.as_str(), client.connection.as_str());
        let claims = headers.iter().find(|(name, _)| *name == CLAIMS_HEADER);
        let claims = claims.map_or("", |(_, claims)| claims.as_str());
        let signed = Signed { hub, connection, user, claims, body: &body };
        let signature = of_request(&keys, &signed, self.clock.now());
        headers.push(("X-ASRS-Signature", of_connection(&keys, connection)));
        headers.push(("X-Hubcast-Signature", signature));
        let request = WebhookRequest { url, headers, body };
        let patience = left.min(most).min(ATTEMPT_MAX);
        self.webhook.post(request, patience).await.map_err(DeliveryError::Unreached)
    }
}

/// Whether an endpoint answers the same however often it is asked: it refuses the request itself.
///
/// By 404 the `SignalRTrigger` of Azure Functions says that an app has no function for an event.
/// The others say that it is too early, or too much: <https://www.rfc-editor.org/rfc/rfc9110#name-client-error-4xx>
const fn is_final(status: u16) -> bool {
    matches!(status, 400..=499) && !matches!(status, 408 | 425 | 429)
}
