//! One event to its endpoint, and the answer back to the client.

use std::time::Duration;

use hubcast_auth::webhook::{Signed, of_connection, of_request};
use hubcast_backend::webhook::{OpenCall, body, headers};
use hubcast_model::event::{Event, EventError};
use hubcast_model::id::UserId;
use hubcast_model::ports::{
    AccessKeySource, AnswerQueue, Cause, Freshness, Webhook, WebhookAnswer, WebhookRequest,
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
}

impl<W, Q, K, C> Courier<W, Q, K, C>
where
    W: Webhook,
    Q: AnswerQueue,
    K: AccessKeySource,
    C: Clock,
{
    /// Delivers one event. `Ok` also for what nobody wants to hear of, and for an invocation that
    /// was answered by an error.
    pub(crate) async fn delivered(
        &self,
        body: &str,
        deadline: Instant,
    ) -> Result<(), DeliveryError> {
        let event = Event::parse(body).map_err(DeliveryError::NotAnEvent)?;
        if let Some(open) = OpenCall::of(&event) {
            return self.answered(&event, open, deadline).await;
        }
        let Some(url) = self.templates.url(&event) else {
            return Ok(());
        };
        let answer = self.post(&event, url, deadline, ATTEMPT_MAX).await?;
        match answer.status {
            200..=299 => Ok(()),
            // The `SignalRTrigger` of Azure Functions answers so where an app has no function for it.
            status @ (404 | 410) => {
                tracing::warn!(status, event.id = event.id, "an event is wanted by nobody");
                Ok(())
            }
            status => Err(DeliveryError::Refused(status)),
        }
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
            tracing::warn!(event.id = event.id, "an invocation came too late");
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
            tracing::error!(error = %chain(&err), event.id = event.id, "an answer is lost");
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
        let signed = Signed { hub, connection, user, body: &body };
        headers.push(("X-ASRS-Signature", of_connection(&keys, connection)));
        headers.push(("X-Hubcast-Signature", of_request(&keys, &signed, self.clock.now())));
        let request = WebhookRequest { url, headers, body };
        let patience = left.min(most).min(ATTEMPT_MAX);
        self.webhook.post(request, patience).await.map_err(DeliveryError::Unreached)
    }
}
