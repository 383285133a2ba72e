//! One try of an event, and what became of the event.

use hubcast_model::event::EventError;
use hubcast_model::ports::{Cause, QueueError, StoreError, WebhookError};
use tokio::time::Instant;

/// Why an event is not delivered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeliveryError {
    #[error("this is no event")]
    NotAnEvent(#[source] EventError),
    #[error("there is no time left")]
    OutOfTime,
    #[error("the access keys cannot be had")]
    Keys(#[source] Cause),
    #[error("the endpoint gave no answer")]
    Unanswered(#[source] WebhookError),
    #[error("the endpoint answered {0}")]
    Refused(u16),
    #[error("the queue does not take what follows from the event")]
    Queue(#[source] QueueError),
    #[error("it is not known how the connection stands")]
    Table(#[source] StoreError),
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// Nothing is left to do.
    Done,
    /// It comes again, in a message group in which no call waits.
    PutOff,
}

/// One try of an event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Try {
    /// Until when it may take.
    pub(crate) deadline: Instant,
    /// How often the queue has handed the event over, this time included.
    pub(crate) receives: u32,
    /// Whether an event before it was put off.
    pub(crate) is_behind: bool,
}

/// How an endpoint took an event that nobody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// It is done with the event.
    Taken,
    /// It refuses the event for good, and the connection with it if this is its beginning.
    Refused(u16),
}

impl DeliveryError {
    /// Whether no later try can succeed.
    pub(crate) const fn is_for_good(&self) -> bool {
        matches!(self, Self::NotAnEvent(_))
    }

    /// The reason of the dead event, in one word.
    pub(crate) const fn reason(&self) -> &'static str {
        if self.is_for_good() { "NotAnEvent" } else { "TooOld" }
    }

    /// Whether it is the endpoint that does not take the event.
    pub(crate) const fn is_of_endpoint(&self) -> bool {
        matches!(self, Self::Unanswered(_) | Self::Refused(_))
    }
}
