//! One event to its endpoint, and the answer back to the client.

use std::time::Duration;

use hubcast_backend::webhook::OpenCall;
use hubcast_model::event::{Event, EventKind};
use hubcast_model::ports::{AccessKeySource, AnswerQueue, UptakeStore, Webhook, WebhookError};
use hubcast_model::report::chain;
use hubcast_model::time::Clock;
use hubcast_model::trace;
use hubcast_model::uptake::Uptake;

use crate::Courier;
use crate::fate::{Delivered, DeliveryError, Told, Try};

/// An invocation that is older is not made. After a crash, which may have been in the middle of
/// one, the queue hands it over again 180 s after it did so before; clocks may differ by the rest.
const AGE_MAX: Duration = Duration::from_secs(170);

/// What a client is told when its endpoint cannot be reached, or has not taken the connection yet.
const UNREACHABLE: &str = "Invocation failed, the server cannot be reached";

impl<W, Q, K, C, S> Courier<W, Q, K, C, S>
where
    W: Webhook,
    Q: AnswerQueue,
    K: AccessKeySource,
    C: Clock,
    S: UptakeStore,
{
    /// Delivers one event. `Ok` also for what nobody wants to hear of, and for an invocation that
    /// was answered by an error.
    pub(crate) async fn delivered(
        &self,
        body: &str,
        turn: Try,
    ) -> Result<Delivered, DeliveryError> {
        let mut event = Event::parse(body).map_err(DeliveryError::NotAnEvent)?;
        event.trace = event.trace.or_else(trace::current);
        let trace = event.trace.clone();
        trace::within(trace, self.dealt_with(event, turn)).await
    }

    async fn dealt_with(&self, event: Event, turn: Try) -> Result<Delivered, DeliveryError> {
        let uptake = self.uptake(&event, turn).await.map_err(DeliveryError::Table)?;
        if uptake == Uptake::Refused {
            return self.drop_refused(&event).await.map(|()| Delivered::Done);
        }
        if let Some(open) = OpenCall::of(&event) {
            let answered = self.answered(&event, open, uptake, turn).await;
            return answered.map(|()| Delivered::Done);
        }
        let Some(url) = self.templates.url(&event) else {
            return Ok(Delivered::Done);
        };
        // The end of a connection is told behind everything that was put off.
        let is_end = matches!(event.kind, EventKind::Disconnected { .. });
        let is_behind = turn.is_behind || uptake == Uptake::Owed && !event.is_beginning();
        if !event.is_put_off && (is_behind || is_end) {
            return self.put_off(event, 0).await;
        }
        match self.told(&event, &url, turn).await {
            Ok(told) => self.settled(&event, told, turn).await.map(|()| Delivered::Done),
            Err(err) if !event.is_put_off && err.is_of_endpoint() => {
                tracing::warn!(error = %chain(&err), event_id = event.id, "an event is put off");
                if event.is_beginning() {
                    self.note(&event, Uptake::Owed).await?;
                }
                self.put_off(event, turn.receives).await
            }
            Err(err) => Err(err),
        }
    }

    /// Tells an endpoint of an event that nobody waits for.
    async fn told(&self, event: &Event, url: &str, turn: Try) -> Result<Told, DeliveryError> {
        match self.post(event, url, turn, self.limits.attempt).await?.status {
            200..=299 => Ok(Told::Taken),
            status if is_final(status) => {
                tracing::warn!(status, event_id = event.id, "an event is refused for good");
                Ok(Told::Refused(status))
            }
            status => Err(DeliveryError::Refused(status)),
        }
    }

    /// Lets an event come again in a message group of its own, in which no call waits.
    async fn put_off(&self, event: Event, tries: u32) -> Result<Delivered, DeliveryError> {
        let message = event.put_off(tries).to_message();
        self.queue.put_off(&message).await.map_err(DeliveryError::Queue)?;
        Ok(Delivered::PutOff)
    }

    /// Delivers an invocation that wants an answer, unless its client waits no more.
    async fn answered(
        &self,
        event: &Event,
        open: OpenCall<'_>,
        uptake: Uptake,
        turn: Try,
    ) -> Result<(), DeliveryError> {
        let waited = self.clock.now().since(event.at);
        let left = self.limits.wait.saturating_sub(waited);
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
        if uptake == Uptake::Owed {
            self.answer(event, &open.failed(UNREACHABLE)).await;
            return Ok(());
        }
        let envelope = match self.post(event, &url, turn, left).await {
            Ok(answer) => match open.answered(answer.status, &answer.body) {
                Some(envelope) => envelope,
                None => return Ok(()),
            },
            // It was not sent, so it may be later.
            Err(err @ (DeliveryError::OutOfTime | DeliveryError::Keys(_))) => return Err(err),
            Err(err) => {
                tracing::error!(error = %chain(&err), event_id = event.id, "an invocation fails");
                match err {
                    DeliveryError::Unanswered(WebhookError::Unreachable(_)) => {
                        open.failed(UNREACHABLE)
                    }
                    DeliveryError::Unanswered(WebhookError::TimedOut(_)) => open.timed_out(),
                    _ => open.failed("Invocation failed"),
                }
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
}

/// Whether an endpoint answers the same however often it is asked: it refuses the request itself.
///
/// By 404 the `SignalRTrigger` of Azure Functions says that an app has no function for an event.
/// The others say that it is too early, or too much: <https://www.rfc-editor.org/rfc/rfc9110#name-client-error-4xx>
const fn is_final(status: u16) -> bool {
    matches!(status, 400..=499) && !matches!(status, 408 | 425 | 429)
}
