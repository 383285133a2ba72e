//! A socket of a line connects: the first one, or one that comes back.

use std::future::Future;
use std::time::Duration;

use hubcast_model::id::SocketId;
use hubcast_model::ports::ConnectionGateway;
use hubcast_model::report::chain;
use hubcast_model::time::{Clock, Timestamp};

use crate::alarm::LineAlarm;
use crate::change::{ChangeError, change};
use crate::courier::Courier;
use crate::opening::OPENING_MAX;
use crate::port::LineStore;
use crate::record::Line;
use crate::socket::{Attempt, RESUMING_MAX, Refusal};
use crate::tale;

/// How often a line is looked at whose old socket nobody has told to be gone.
const LOOKS: u32 = 5;
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// What is decided about a socket that connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The line begins with this socket.
    New,
    /// The line goes on with this socket.
    Back,
    /// The client may not come back, and connects anew.
    Refused(Refusal),
    /// The socket that counts is good, as far as anyone knows. The line has ended for this doubt.
    Doubtful,
    /// There is no such line, and the client may not open it.
    Unknown,
}

impl Decision {
    /// Why the client may not come back, in a word; `None` when it may.
    const fn reason_to_refuse(self) -> Option<&'static str> {
        match self {
            Self::New | Self::Back => None,
            Self::Refused(Refusal::Ended) => Some("ended"),
            Self::Refused(Refusal::Late) => Some("late"),
            Self::Refused(Refusal::Gap) => Some("gap"),
            Self::Doubtful => Some("doubt"),
            Self::Unknown => Some("unknown"),
        }
    }
}

/// Lets sockets of lines in.
pub trait AdmitToLines: Send + Sync {
    /// Lets a socket of a line in, or not. Only a client that is not late may open the line. Safe
    /// to repeat.
    ///
    /// # Errors
    /// When the table did not answer.
    fn admit(
        &self,
        id: &SocketId,
        socket: &SocketId,
        is_late: bool,
    ) -> impl Future<Output = Result<Decision, ChangeError>> + Send;
}

/// There are no lines.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoLines;

impl AdmitToLines for NoLines {
    async fn admit(&self, _: &SocketId, _: &SocketId, _: bool) -> Result<Decision, ChangeError> {
        Ok(Decision::Unknown)
    }
}

/// What a look at the line says about a socket that connects.
enum Look {
    Decided(Decision),
    /// Nobody has told that this socket is gone.
    Undecided(SocketId),
}

impl<S, G, C, A> AdmitToLines for Courier<S, G, C, A>
where
    S: LineStore,
    G: ConnectionGateway,
    C: Clock,
    A: LineAlarm,
{
    async fn admit(
        &self,
        id: &SocketId,
        socket: &SocketId,
        is_late: bool,
    ) -> Result<Decision, ChangeError> {
        let decision = self.decision(id, socket, is_late).await?;
        if let Some(reason) = decision.reason_to_refuse() {
            tale::refused(id, reason);
        }
        Ok(decision)
    }
}

impl<S, G, C, A> Courier<S, G, C, A>
where
    S: LineStore,
    G: ConnectionGateway,
    C: Clock,
    A: LineAlarm,
{
    async fn decision(
        &self,
        id: &SocketId,
        socket: &SocketId,
        is_late: bool,
    ) -> Result<Decision, ChangeError> {
        let mut old = None;
        for _ in 0..LOOKS {
            match self.look_at(id, socket).await? {
                Some(Look::Undecided(_)) if self.settings.window.is_zero() => {
                    self.give_up(id).await;
                    return Ok(Decision::Refused(Refusal::Ended));
                }
                Some(Look::Decided(decision)) => {
                    return Ok(self.decided(id, decision).await);
                }
                Some(Look::Undecided(current)) => old = Some(current),
                None if is_late => return Ok(Decision::Unknown),
                None => {
                    let line = Line::open(id.clone(), socket.clone(), self.ports.clock.now());
                    if self.ports.store.create_line(&line).await? {
                        return Ok(self.decided(id, Decision::New).await);
                    }
                    continue;
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
        match old {
            Some(old) => self.decide(id, &old, socket).await,
            None => Ok(Decision::Unknown),
        }
    }

    async fn look_at(&self, id: &SocketId, socket: &SocketId) -> Result<Option<Look>, ChangeError> {
        let look = change(&self.ports.store, id, |line| {
            let now = self.ports.clock.now();
            if line.claim(socket, now) {
                return Look::Decided(Decision::New);
            }
            let current = line.socket.clone();
            match line.resume(socket, now) {
                Attempt::Accepted => Look::Decided(Decision::Back),
                Attempt::Refused(refusal) => Look::Decided(Decision::Refused(refusal)),
                Attempt::Undecided => Look::Undecided(current),
            }
        });
        look.await
    }

    /// Sees that somebody looks after a line whose client must say something soon.
    async fn decided(&self, id: &SocketId, decision: Decision) -> Decision {
        let after = match decision {
            Decision::New => OPENING_MAX,
            Decision::Back => RESUMING_MAX,
            Decision::Refused(_) | Decision::Doubtful | Decision::Unknown => return decision,
        };
        self.set_alarm(id, after).await;
        decision
    }

    /// Decides about a client that comes back although nobody told that its old socket is gone. The
    /// gateway may know that, or the socket may be half open: the gateway heard of the client a
    /// moment ago. In doubt the client is refused, and the line ends: the client has given the
    /// connection up by then.
    async fn decide(
        &self,
        id: &SocketId,
        old: &SocketId,
        socket: &SocketId,
    ) -> Result<Decision, ChangeError> {
        if self.may_be_lost(old).await {
            let replaced = change(&self.ports.store, id, |line| {
                line.replace(old, socket, self.ports.clock.now())
            });
            match replaced.await? {
                Some(Attempt::Accepted) => {
                    self.cut_off(old).await;
                    return Ok(self.decided(id, Decision::Back).await);
                }
                Some(Attempt::Refused(refusal)) => return Ok(Decision::Refused(refusal)),
                Some(Attempt::Undecided) | None => {}
            }
        }
        self.give_up(id).await;
        Ok(Decision::Doubtful)
    }

    /// Whether a client may have lost this socket, and not given its connection up.
    async fn may_be_lost(&self, old: &SocketId) -> bool {
        match self.ports.gateway.last_active(old).await {
            Ok(None) => true,
            Ok(Some(at)) => {
                let (now, quiet) = (self.ports.clock.now(), self.settings.quiet);
                !quiet.is_zero() && at != Timestamp::FOREVER && now.since(at) <= quiet
            }
            Err(_) => false,
        }
    }

    /// Nobody holds this socket any more; one that stays goes by itself in the end.
    async fn cut_off(&self, old: &SocketId) {
        if let Err(err) = self.ports.gateway.delete(old).await {
            tracing::debug!(error = %chain(&err), socket_id = %old, "a socket is not cut");
        }
    }

    async fn give_up(&self, id: &SocketId) {
        if let Err(err) = self.end(id).await {
            tracing::warn!(error = %chain(&err), line.id = %id, "a line in doubt is not ended");
        }
        // Nobody has told the end of its old socket, and nobody may.
        self.see_to_left(id, true).await;
    }
}
