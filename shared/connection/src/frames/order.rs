//! The calls of one client in the order in which it made them, as far as their ids tell the order.
//!
//! API Gateway hands each frame to a function of its own at once, so that a
//! frame may pass an earlier one. Clients count the ids of their calls up. So
//! a call whose predecessor was not noted yet waits for it, for a moment and
//! never longer. What is not known is not waited for: a call without an id has
//! no number, and a time does not say that something earlier is missing.

use std::sync::Arc;
use std::time::Duration;

use hubcast_model::event::Call;
use hubcast_model::id::SocketId;
use hubcast_model::ports::PendingStore;
use hubcast_model::report::chain;
use hubcast_model::time::Clock;
use signalr_protocol::message::{HubMessage, Invocation, StreamInvocation};
use tokio::time::{Instant, sleep};

use super::budget::Budget;
use super::record::Record;

/// The pause after the first look; each further pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(4);
/// The longest pause between two looks.
const PAUSE_MAX: Duration = Duration::from_millis(16);

/// Lets calls wait for those before them.
#[derive(Debug)]
pub(super) struct Order<S, C> {
    pub(super) store: Arc<S>,
    pub(super) clock: Arc<C>,
    pub(super) budget: Arc<Budget>,
    /// For how long a call waits at the most; zero for no wait and no look.
    pub(super) wait: Duration,
}

/// The number of a call, when its id is one as clients count.
fn number(id: &str) -> Option<u64> {
    let number: u64 = id.parse().ok()?;
    (number.to_string() == id).then_some(number)
}

/// The highest number of the calls among some records.
pub(super) fn last_number(records: &[Record]) -> Option<u64> {
    let id = |record: &Record| match record {
        Record::Message(HubMessage::Invocation(Invocation { invocation_id, .. })) => {
            invocation_id.as_deref().and_then(number)
        }
        Record::Message(HubMessage::StreamInvocation(StreamInvocation {
            invocation_id, ..
        })) => number(invocation_id),
        _ => None,
    };
    records.iter().filter_map(id).max()
}

impl<S, C: Clock> Order<S, C> {
    /// Notes the number of the last call that this instance answered or handed up.
    pub(super) fn note(&self, socket: &SocketId, last: Option<u64>) {
        if let Some(last) = last.filter(|_| !self.wait.is_zero()) {
            self.budget.note_call(socket, last, self.clock.now());
        }
    }
}

impl<S: PendingStore, C: Clock> Order<S, C> {
    /// Waits until the call before the first of these is on its way, or for as long as a call waits.
    pub(super) async fn take_turn(&self, socket: &SocketId, calls: &[Call]) {
        if self.wait.is_zero() {
            return;
        }
        let mut ids = calls.iter().filter_map(|call| call.invocation.invocation_id.as_deref());
        let before = ids.next().and_then(number).and_then(|number| number.checked_sub(1));
        if let Some(before) = before {
            self.wait_for(socket, before).await;
        }
    }

    async fn wait_for(&self, socket: &SocketId, number: u64) {
        let (until, mut pause) = (Instant::now() + self.wait, FIRST_PAUSE);
        while !self.is_on_its_way(socket, number).await {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            sleep(pause.min(left)).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Whether a call was handed up, as far as this instance or the table knows. A table that does
    /// not answer holds nobody up.
    async fn is_on_its_way(&self, socket: &SocketId, number: u64) -> bool {
        if self.budget.last_call(socket).is_some_and(|last| last >= number) {
            return true;
        }
        let noted = self.store.is_noted(socket, &number.to_string()).await;
        noted.unwrap_or_else(|err| {
            tracing::warn!(error = %chain(&err), socket_id = %socket, "the order of calls is not known");
            true
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_a_number_only_as_clients_count() {
        assert_eq!((number("0"), number("42")), (Some(0), Some(42)));
        for id in ["", "-1", "+1", "01", "1.0", "a", "18446744073709551616"] {
            assert_eq!(number(id), None, "{id}");
        }
    }

    #[test]
    fn the_last_number_of_a_frame_is_that_of_any_call() {
        let read = |records: &[&str]| -> Vec<Record> {
            records.iter().map(|record| Record::read(record)).collect()
        };
        let records = read(&[
            r#"{"type":1,"invocationId":"7","target":"a","arguments":[]}"#,
            r#"{"type":4,"invocationId":"9","target":"a","arguments":[]}"#,
            r#"{"type":1,"target":"a","arguments":[]}"#,
            r#"{"type":3,"invocationId":"20"}"#,
            r#"{"type":6}"#,
        ]);
        assert_eq!(last_number(&records), Some(9));
        assert_eq!(last_number(&read(&[r#"{"type":6}"#])), None);
    }
}
