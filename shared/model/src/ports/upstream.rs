//! What backends hear of clients: the queues it goes to.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use super::QueueError;
use crate::message_group::MessageGroup;

/// The most messages that a queue takes at once. More messages take several requests.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>
pub const BATCH_MAX: usize = 10;

/// An event for backends, as it stands on the upstream queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamMessage {
    /// The event as JSON.
    pub body: String,
    /// The message group: the events of one connection keep their order.
    pub group: MessageGroup,
    /// The event's id; of two messages with the same one within five minutes the queue keeps one.
    pub id: String,
}

/// A queue did not take some of the messages that it was given.
#[derive(Debug, thiserror::Error)]
#[error("{} of the messages were not taken", .places.len())]
pub struct Untaken {
    /// Which messages were not taken, by their places; the first message has the place 0.
    pub places: BTreeSet<usize>,
    /// Why the first of them was not taken.
    pub source: QueueError,
}

impl Untaken {
    /// None of so many messages was taken.
    pub fn all(count: usize, source: QueueError) -> Self {
        Self { places: (0..count).collect(), source }
    }

    /// What was not taken of messages that were given in parts: each part has the number of its
    /// messages and what became of them.
    ///
    /// # Errors
    /// When a message of any part was not taken.
    pub fn of_parts(
        parts: impl IntoIterator<Item = (usize, Result<(), Self>)>,
    ) -> Result<(), Self> {
        let (mut before, mut all) = (0, None);
        for (count, part) in parts {
            if let Err(part) = part {
                let places = part.places.into_iter().map(|place| before + place);
                let source = part.source;
                let all = all.get_or_insert(Self { places: BTreeSet::new(), source });
                all.places.extend(places);
            }
            before += count;
        }
        all.map_or(Ok(()), Err)
    }
}

/// The queues that lead to backends and back.
pub trait UpstreamQueue: Send + Sync {
    /// Tells backends of events, in this order. An event that is not taken does not keep the later
    /// ones from being taken, and is never given to the queue again.
    fn tell(&self, events: &[UpstreamMessage]) -> impl Future<Output = Result<(), Untaken>> + Send;

    /// Has envelopes handled like any other, but only `after` so long (whole seconds).
    fn remind(
        &self,
        envelopes: &[String],
        after: Duration,
    ) -> impl Future<Output = Result<(), Untaken>> + Send;
}

/// The queues of a deployment whose backends hear of nothing: there are none.
#[derive(Debug, Clone, Copy)]
pub struct NoUpstream(Infallible);

impl UpstreamQueue for NoUpstream {
    async fn tell(&self, _: &[UpstreamMessage]) -> Result<(), Untaken> {
        match self.0 {}
    }

    async fn remind(&self, _: &[String], _: Duration) -> Result<(), Untaken> {
        match self.0 {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(operation: &'static str) -> QueueError {
        QueueError { operation, source: "told to fail".into() }
    }

    #[test]
    fn what_parts_left_is_named_by_its_place_among_all() {
        let one = Untaken { places: [1].into(), source: fault("one") };
        let parts = [(10, Ok(())), (10, Err(one)), (3, Err(Untaken::all(3, fault("all"))))];
        let untaken = Untaken::of_parts(parts).unwrap_err();
        assert_eq!(untaken.places, [11, 20, 21, 22].into());
        assert_eq!(untaken.source.operation, "one");
        assert!(Untaken::of_parts([(10, Ok(())), (1, Ok(()))]).is_ok());
    }
}
