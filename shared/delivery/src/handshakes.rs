//! Handshakes that are under way.
//!
//! The rows of a socket are written before its client gets the answer to its
//! handshake, so that nothing is missed. But a client fails for good when
//! anything reaches it before this answer. So a sender that finds a new row
//! waits until the socket's record says that the handshake is through.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use crate::round::Target;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{Consistency, SocketStore, StoreError};
use hubcast_model::report::chain;
use hubcast_model::socket::{Socket, SocketState};
use hubcast_model::time::{Clock, Timestamp};

/// The pause after the first look at a record; each further pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_millis(250);
/// A message that is to be taken back from an inbox waits no longer than this.
const PATIENCE: Duration = Duration::from_secs(4);

/// How far a socket's handshake is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handshake {
    /// The client has the answer, or will never get it.
    Through,
    /// The socket is not on record any more.
    OffRecord,
    /// The client may not have the answer.
    UnderWay,
}

/// Looks at the records of sockets that may be joining.
#[derive(Debug)]
pub(crate) struct Handshakes<'a, S, C> {
    /// The table.
    pub(crate) store: &'a S,
    /// The time.
    pub(crate) clock: &'a C,
}

impl<S: SocketStore, C: Clock> Handshakes<'_, S, C> {
    /// Waits until a socket's handshake is not under way any more, or until `is_over`; answers how
    /// far the handshake is then. `is_over` is asked before each pause, for the time after it.
    pub(crate) async fn wait(
        &self,
        socket: &SocketId,
        is_over: impl Fn(Instant) -> bool,
    ) -> Handshake {
        let mut pause = FIRST_PAUSE;
        loop {
            let handshake = self.look(socket).await.unwrap_or_else(|err| {
                tracing::warn!(error = %chain(&err), "the record of a socket could not be read");
                Handshake::UnderWay
            });
            if handshake != Handshake::UnderWay || is_over(Instant::now() + pause) {
                return handshake;
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Waits for a moment until none of these sockets is joining any more.
    pub(crate) async fn wait_for_all(&self, targets: &[Target], deadline: Instant) {
        let end = deadline.min(Instant::now() + PATIENCE);
        let joining = targets.iter().filter(|target| target.may_be_joining);
        join_all(joining.map(|target| self.wait(&target.socket, |at| at >= end))).await;
    }

    async fn look(&self, socket: &SocketId) -> Result<Handshake, StoreError> {
        let record = self.store.socket(socket, Consistency::Strong).await?;
        Ok(record.map_or(Handshake::OffRecord, |record| judge(&record, self.clock.now())))
    }
}

/// How far the handshake of a socket with this record is.
fn judge(record: &Socket, now: Timestamp) -> Handshake {
    let may_be_answered = record.member().may_be_joining(now);
    match record.state {
        SocketState::Connecting | SocketState::Joining if may_be_answered => Handshake::UnderWay,
        _ => Handshake::Through,
    }
}
