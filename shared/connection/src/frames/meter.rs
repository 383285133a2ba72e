//! The budget of each connection: the part in front of all that answers records.

use std::sync::Arc;

use hubcast_model::context::Caller;
use hubcast_model::ports::SocketStore;
use hubcast_model::time::{Clock, Timestamp};
use hubcast_model::work::Charge;
use signalr_protocol::message::HubMessage;

use super::budget::Budget;
use super::method::Method;
use super::record::Record;
use super::step::{End, wait};

/// Measures what clients spend.
#[derive(Debug)]
pub(super) struct Meter<S, C> {
    pub(super) store: Arc<S>,
    pub(super) clock: Arc<C>,
    pub(super) budget: Budget,
    /// Whether calls go to backends.
    pub(super) hands_up: bool,
}

impl<S: SocketStore, C: Clock> Meter<S, C> {
    /// Charges the client for a frame, and waits until the client has paid. The end of a client
    /// that owes too much.
    pub(super) async fn admit(&self, caller: &Caller, records: &[Record]) -> Option<End> {
        let (socket, now) = (&caller.socket, self.clock.now());
        let units = records.iter().map(Record::units).sum::<u32>().max(1);
        let ended = wait(self.budget.spend(socket, units, now)).await;
        if ended.is_some() {
            return ended;
        }
        let owed = records.iter().filter(|record| self.costs_writes(record)).count();
        if owed == 0 {
            return None;
        }
        let charge = self.budget.owe(socket, u32::try_from(owed).unwrap_or(u32::MAX), now)?;
        self.charge(caller, charge).await
    }

    /// Whether a record costs writes, or messages of queues, that leave no trace on the socket's
    /// record. A join is charged when it writes there.
    fn costs_writes(&self, record: &Record) -> bool {
        match record {
            Record::Message(HubMessage::Completion(_)) => true,
            Record::Message(HubMessage::Invocation(call)) => {
                self.hands_up && Method::named(&call.target).is_none()
            }
            Record::Message(
                HubMessage::StreamInvocation(_) | HubMessage::CancelInvocation { .. },
            ) => self.hands_up,
            _ => false,
        }
    }

    /// Notes a charge on the socket's record, and waits until the client has paid.
    async fn charge(&self, caller: &Caller, charge: Charge) -> Option<End> {
        match self.store.note_channels(&caller.socket, &[], Some(charge)).await {
            Ok(Some(socket)) => self.settle(caller, socket.paid_at).await,
            // Whoever answers the records finds out why.
            Ok(None) => None,
            Err(err) => Some(End::unavailable(&err)),
        }
    }

    /// Waits until a client has paid whose work is paid for at `paid_at`, as the socket's record
    /// says. The end of a client that owes too much.
    async fn settle(&self, caller: &Caller, paid_at: Option<Timestamp>) -> Option<End> {
        let now = self.clock.now();
        self.budget.see(&caller.socket, paid_at, now);
        wait(self.budget.allowance.turn(paid_at, now)).await
    }
}
