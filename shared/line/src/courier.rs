//! The courier: what stands for the gateway where lines are, with the ports that this takes.
//!
//! Cuts and ends stand here; whoever sends, lets in or says goodbye needs them.

use std::time::Duration;

use hubcast_model::id::SocketId;
use hubcast_model::ports::{ConnectionGateway, PostError};
use hubcast_model::report::chain;
use hubcast_model::time::Clock;

use crate::alarm::LineAlarm;
use crate::change::{ChangeError, change};
use crate::port::LineStore;
use crate::record::Phase;
use crate::settings::LineSettings;
use crate::tale::{self, Cut};

/// How much later an alarm rings, since clocks differ: an alarm that rings early ends nothing.
const CLOCKS_APART: Duration = Duration::from_secs(2);

/// When somebody looks at what an ended line left: after the client had time to read its Close.
const LEFT_AFTER: Duration = Duration::from_secs(3);

/// A line that has ended.
struct Over {
    /// Its last socket.
    socket: SocketId,
    /// Whether something is left that goes to inboxes.
    has_left: bool,
}

/// What lines work on.
#[derive(Debug, Clone)]
pub struct LinePorts<S, G, C, A> {
    /// The table.
    pub store: S,
    /// The sockets.
    pub gateway: G,
    /// The time.
    pub clock: C,
    /// Who is told when a line should end.
    pub alarm: A,
}

/// Sends to lines, with the ports that this takes.
#[derive(Debug, Clone)]
pub struct Courier<S, G, C, A> {
    pub(crate) ports: LinePorts<S, G, C, A>,
    pub(crate) settings: LineSettings,
}

impl<S, G, C, A> Courier<S, G, C, A> {
    /// The courier over these ports.
    pub const fn new(ports: LinePorts<S, G, C, A>, settings: LineSettings) -> Self {
        Self { ports, settings }
    }

    /// The table.
    pub const fn store(&self) -> &S {
        &self.ports.store
    }

    /// The time.
    pub const fn clock(&self) -> &C {
        &self.ports.clock
    }
}

impl<S, G, C, A> Courier<S, G, C, A>
where
    S: LineStore,
    G: ConnectionGateway,
    C: Clock,
    A: LineAlarm,
{
    /// Cuts a socket without a word, if it still counts, so that its client comes back.
    ///
    /// # Errors
    /// When the table did not answer, or the gateway did not.
    pub async fn lose(&self, id: &SocketId, socket: &SocketId, why: Cut) -> Result<(), PostError> {
        // Else the gateway might tell of the end as of one by the client.
        let noted = change(&self.ports.store, id, |line| {
            line.note_cut(socket, self.ports.clock.now());
        });
        if let Err(err) = noted.await {
            tracing::debug!(error = %chain(&err), line.id = %id, "a cut is not noted");
        }
        // The cut comes before the loss: if nothing follows it, the gateway tells of the end. Noted
        // first, a loss that nobody carries out would leave the client connected and deaf.
        self.ports.gateway.delete(socket).await?;
        self.note_lost(id, socket, why).await.map_err(unsure)
    }

    /// Notes that a socket is gone, and sees that its line ends if the client does not come back.
    ///
    /// # Errors
    /// When the table did not answer.
    pub async fn note_lost(
        &self,
        id: &SocketId,
        socket: &SocketId,
        why: Cut,
    ) -> Result<(), ChangeError> {
        let phase = change(&self.ports.store, id, |line| {
            let before = line.phase;
            line.lose(socket, self.settings.window, self.ports.clock.now());
            let is_news = line.phase != before;
            (line.phase, is_news.then(|| line.log.bytes()), !line.left.is_empty())
        });
        if let Some((phase, news, has_left)) = phase.await? {
            if matches!(phase, Phase::Away { .. }) {
                if let Some(unacked_bytes) = news {
                    tale::cut(id, why, unacked_bytes);
                }
                self.set_alarm(id, self.settings.window).await;
            }
            // The gateway may never tell the end of the socket, by which the rows would be removed.
            self.see_to_left(id, has_left || (phase == Phase::Ended && news.is_some())).await;
        }
        Ok(())
    }

    pub(crate) async fn set_alarm(&self, id: &SocketId, after: Duration) {
        self.ring(id, after + CLOCKS_APART).await;
    }

    async fn ring(&self, id: &SocketId, after: Duration) {
        if let Err(err) = self.ports.alarm.ring(id, after).await {
            tracing::error!(error = %chain(&*err), line.id = %id, "nobody is told when a line should end");
        }
    }

    /// Ends a line, and cuts its socket.
    ///
    /// # Errors
    /// When the table did not answer, or the gateway did not.
    pub async fn end(&self, id: &SocketId) -> Result<(), PostError> {
        match self.note_ended(id).await? {
            Some(Over { socket, has_left }) => {
                self.see_to_left(id, has_left).await;
                self.ports.gateway.delete(&socket).await
            }
            None => Ok(()),
        }
    }

    /// Ends a line, and leaves its socket to the caller: its client needs time to read. Somebody looks
    /// at its rows, also if the gateway never tells the end of the socket.
    ///
    /// # Errors
    /// When the table did not answer.
    pub async fn end_softly(&self, id: &SocketId) -> Result<(), PostError> {
        if self.note_ended(id).await?.is_some() {
            self.see_to_left(id, true).await;
        }
        Ok(())
    }

    async fn note_ended(&self, id: &SocketId) -> Result<Option<Over>, PostError> {
        let ended = change(&self.ports.store, id, |line| {
            line.end(self.ports.clock.now());
            Over { socket: line.socket.clone(), has_left: !line.left.is_empty() }
        });
        ended.await.map_err(unsure)
    }

    /// Has somebody look at a line that has ended, if something is left: messages for inboxes, or rows.
    pub(crate) async fn see_to_left(&self, id: &SocketId, has_left: bool) {
        if has_left {
            self.ring(id, LEFT_AFTER).await;
        }
    }
}

/// The table did not say whether a step was taken.
pub(crate) fn unsure(err: ChangeError) -> PostError {
    PostError::Ambiguous(Box::new(err))
}
