//! The budget of each connection: the part in front of all that answers records.

use std::sync::Arc;

use hubcast_model::context::Caller;
use hubcast_model::ports::SocketStore;
use hubcast_model::time::{Clock, Timestamp};
use hubcast_model::work::Charge;
use signalr_protocol::message::HubMessage;

use super::budget::Budget;
use super::method::{BuiltIn, Method};
use super::record::Record;
use super::step::{End, wait};

/// Measures what clients spend.
#[derive(Debug)]
pub(super) struct Meter<S, C> {
    pub(super) store: Arc<S>,
    pub(super) clock: Arc<C>,
    pub(super) budget: Arc<Budget>,
    /// Whether calls go to backends.
    pub(super) hands_up: bool,
    pub(super) built_in: BuiltIn,
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
        let owed = records.iter().filter(|record| self.costs_much(caller, record)).count();
        if owed == 0 {
            return None;
        }
        let charge = self.budget.owe(socket, u32::try_from(owed).unwrap_or(u32::MAX), now)?;
        self.charge(caller, charge).await
    }

    /// Whether a record costs writes, messages of queues, or several reads, so that all instances
    /// together have to count it. A join that writes is charged once more with its write.
    fn costs_much(&self, caller: &Caller, record: &Record) -> bool {
        match record {
            Record::Message(HubMessage::Completion(_)) => true,
            Record::Message(HubMessage::Invocation(call)) => {
                match self.built_in.named(caller, &call.target) {
                    Some(Method::Group(_)) => true,
                    Some(Method::GetConnectionId) => false,
                    None => self.hands_up,
                }
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
            // Nobody pays for a socket that is not on record, or has not shaken hands.
            Ok(None) => Some(End::Unknown),
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
