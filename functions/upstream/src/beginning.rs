//! The beginning of a connection, which its endpoint takes, refuses, or is told again.

use aws_lambda_events::sqs::SqsMessage;
use hubcast_model::dead_letter::LetterAttributes;
use hubcast_model::event::{self, Event};
use hubcast_model::ports::{
    AccessKeySource, AnswerQueue, DeadEvent, StoreError, UptakeStore, Webhook,
};
use hubcast_model::report::chain;
use hubcast_model::time::Clock;
use hubcast_model::uptake::Uptake;

use crate::Courier;
use crate::fate::{DeliveryError, Told, Try};
use crate::trace_of;

impl<W, Q, K, C, S> Courier<W, Q, K, C, S>
where
    W: Webhook,
    Q: AnswerQueue,
    K: AccessKeySource,
    C: Clock,
    S: UptakeStore,
{
    /// Gives up the event of a message; answers whether the queue of dead events took the event. A
    /// connection whose beginning is given up is refused.
    pub(crate) async fn give_up(&self, record: &SqsMessage, err: &DeliveryError) -> bool {
        let letter = letter(record, err);
        if let Err(err) = self.queue.dead_event(&letter).await {
            tracing::error!(error = %chain(&err), message_id = letter.id, "an event cannot be given up");
            return false;
        }
        if let Ok(event) = Event::parse(&letter.body)
            && event.is_beginning()
            && let Err(err) = self.refuse(&event).await
        {
            tracing::error!(error = %chain(&err), event_id = event.id, "a connection stays open whose beginning was given up");
        }
        true
    }

    /// How the connection of an event stands. Nothing can be noted yet when its beginning comes for
    /// the first time.
    pub(crate) async fn uptake(&self, event: &Event, turn: Try) -> Result<Uptake, StoreError> {
        if !event.is_beginning() {
            return self.uptakes.of(&event.client).await;
        }
        if turn.receives > 1 || event.is_put_off {
            return self.uptakes.noted(&event.client).await;
        }
        Ok(Uptake::Taken)
    }

    pub(crate) async fn note(&self, event: &Event, uptake: Uptake) -> Result<(), DeliveryError> {
        let noted = self.uptakes.note(&event.client, uptake, self.clock.now()).await;
        noted.map_err(DeliveryError::Table)
    }

    /// Notes what the fate of a beginning means for its connection.
    pub(crate) async fn settled(
        &self,
        event: &Event,
        told: Told,
        turn: Try,
    ) -> Result<(), DeliveryError> {
        if !event.is_beginning() {
            return Ok(());
        }
        if matches!(told, Told::Refused(401 | 403)) {
            return self.refuse(event).await;
        }
        // An earlier try may have noted that it is owed.
        if turn.receives > 1 || event.is_put_off {
            self.note(event, Uptake::Taken).await?;
        }
        self.uptakes.remember(&event.client);
        Ok(())
    }

    /// Closes a connection, of which nothing is told any more.
    async fn refuse(&self, event: &Event) -> Result<(), DeliveryError> {
        tracing::warn!(event_id = event.id, "a connection is refused");
        self.note(event, Uptake::Refused).await?;
        self.close(event).await
    }

    async fn close(&self, event: &Event) -> Result<(), DeliveryError> {
        let (envelope, id) = (event::refusal(&event.client), format!("{}/refused", event.id));
        let closed = self.queue.answer(&envelope, &event.message_group(), &id).await;
        closed.map_err(DeliveryError::Queue)
    }

    /// Drops an event of a connection that was refused. When it is the beginning, the Close may not
    /// have got on its way.
    pub(crate) async fn drop_refused(&self, event: &Event) -> Result<(), DeliveryError> {
        tracing::info!(event_id = event.id, "an event of a refused connection is dropped");
        if event.is_beginning() { self.close(event).await } else { Ok(()) }
    }
}

/// The event of a message, with why the event is given up.
fn letter(record: &SqsMessage, err: &DeliveryError) -> DeadEvent {
    let attributes = LetterAttributes {
        reason: Some(err.reason().to_owned()),
        detail: Some(chain(err)),
        progress_key: None,
        trace: trace_of(record),
    };
    DeadEvent {
        body: record.body.clone().unwrap_or_default(),
        group: record.attributes.get("MessageGroupId").cloned().unwrap_or_default(),
        id: record.message_id.clone().unwrap_or_default(),
        attributes,
    }
}
