//! What is sent to lines: appended, posted by whoever has the turn, and settled.
//!
//! A record that is in the log reaches its client: at once, when the client is
//! back, or when the next frame of the client shows that records wait. When
//! nobody knows whether a post arrived, the socket is cut, and the client asks
//! for what it misses.

use std::time::Duration;

use bytes::Bytes;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{ConnectionGateway, PostError};
use hubcast_model::report::chain;
use hubcast_model::time::Clock;
use tokio::time::Instant;

use crate::alarm::LineAlarm;
use crate::change::change;
use crate::courier::{Courier, unsure};
use crate::look::{Load, Look, Next};
use crate::port::LineStore;
use crate::record::{Phase, TurnId};
use crate::seen::Place;
use crate::sending::{Addition, Appended, Settled};
use crate::tale::{self, Cut};

/// The pause before a second look at a line whose turn is another's, or a second try of a post.
/// Each further pause is twice as long.
pub(crate) const FIRST_PAUSE: Duration = Duration::from_millis(30);
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// How often a caller looks and tries: for five seconds in all.
const TRIES: u32 = 10;

/// The client of a line has not spoken yet, and what waits for it fills the log.
#[derive(Debug, thiserror::Error)]
#[error("the log of a line that is opening is full")]
struct NoRoom;

/// What became of records that were to be sent.
enum Sent {
    /// They are in the log, and somebody has cared for them.
    Done,
    /// The log is full, and the line is opening.
    Early,
    /// The log is full of what was not posted.
    Full,
}

impl<S, G, C, A> Courier<S, G, C, A>
where
    S: LineStore,
    G: ConnectionGateway,
    C: Clock,
    A: LineAlarm,
{
    /// Appends records to a line, and sees that they are posted.
    ///
    /// # Errors
    /// `Gone` when the line has ended. `Throttled` when the records are in the log and could not be
    /// posted. `Ambiguous` when the table did not answer. In both cases records with a position may
    /// be sent again. `Unreached` when the line is opening and has no room: at once for records with
    /// a position, and after five seconds for others.
    pub async fn send(&self, id: &SocketId, additions: &[Addition]) -> Result<(), PostError> {
        let (mut has_posted, mut pause) = (false, FIRST_PAUSE);
        for _ in 0..TRIES {
            match self.send_now(id, additions).await? {
                Sent::Done => return Ok(()),
                // Nothing can be posted before the client speaks, which official clients do at once.
                // Whoever may send again does so later, and holds nobody up meanwhile.
                Sent::Early if may_repeat(additions) => break,
                Sent::Early => rest(&mut pause).await,
                Sent::Full if has_posted => return self.overflow(id).await,
                Sent::Full => {
                    has_posted = true;
                    if let Err(err) = self.post_waiting(id).await {
                        tracing::debug!(error = %chain(&err), line.id = %id, "no room is made");
                    }
                }
            }
        }
        Err(PostError::Unreached(Box::new(NoRoom)))
    }

    async fn send_now(&self, id: &SocketId, additions: &[Addition]) -> Result<Sent, PostError> {
        let who = TurnId(fastrand::u64(..));
        let appended = change(&self.ports.store, id, |line| {
            let now = self.ports.clock.now();
            let appended = line.append(additions, now, self.settings.room);
            let look = match appended {
                Appended::Through(through) => Look::at(line, who, through, now),
                Appended::Full | Appended::Over => Look::CaredFor,
            };
            (appended, look, matches!(line.phase, Phase::Opening { .. }))
        });
        match appended.await.map_err(unsure)? {
            None | Some((Appended::Over, ..)) => Err(PostError::Gone),
            Some((Appended::Through(through), look, _)) => {
                self.see_to(id, who, through, look).await.map(|()| Sent::Done)
            }
            Some((Appended::Full, _, true)) => Ok(Sent::Early),
            Some((Appended::Full, ..)) => Ok(Sent::Full),
        }
    }

    async fn overflow(&self, id: &SocketId) -> Result<(), PostError> {
        tale::overflowed(id);
        self.end(id).await?;
        Err(PostError::Gone)
    }

    /// Posts what waits, if anything does and nobody else posts.
    ///
    /// # Errors
    /// When it could not be posted, or the table did not answer. The records are in the log.
    pub async fn post_waiting(&self, id: &SocketId) -> Result<(), PostError> {
        let who = TurnId(fastrand::u64(..));
        let look = change(&self.ports.store, id, |line| {
            let through = line.log.last();
            (Look::at(line, who, through, self.ports.clock.now()), through)
        });
        match look.await.map_err(unsure)? {
            Some((look @ Look::Turn(_), through)) => self.see_to(id, who, through, look).await,
            _ => Ok(()),
        }
    }

    /// The client says on `socket` where it goes on: its next message is number `client_next`.
    /// Posts what the client has not acknowledged; false when the socket does not count.
    ///
    /// # Errors
    /// When the table did not answer, or the post failed.
    pub async fn go_on(
        &self,
        id: &SocketId,
        socket: &SocketId,
        client_next: u64,
    ) -> Result<bool, PostError> {
        let who = TurnId(fastrand::u64(..));
        let load = change(&self.ports.store, id, |line| {
            let is_back = line.go_on(socket, client_next, who, self.ports.clock.now());
            is_back.then(|| (Load::of(line), line.log.clone()))
        });
        let Some((load, log)) = load.await.map_err(unsure)?.flatten() else {
            return Ok(false);
        };
        tale::resumed(id, &log);
        let through = log.last();
        self.see_to(id, who, through, Look::Turn(load)).await.map(|()| true)
    }

    /// Sees that the records up to `through` are posted, by the caller or another.
    async fn see_to(
        &self,
        id: &SocketId,
        who: TurnId,
        through: u64,
        mut look: Look,
    ) -> Result<(), PostError> {
        let (mut pause, mut busy_since) = (FIRST_PAUSE, None);
        for _ in 0..TRIES {
            if !matches!(look, Look::Busy)
                && let Some(since) = busy_since.take()
            {
                tale::waited(id, Instant::elapsed(&since));
            }
            match look {
                Look::CaredFor => return Ok(()),
                Look::Busy => {
                    busy_since.get_or_insert_with(Instant::now);
                    rest(&mut pause).await;
                }
                Look::Turn(load) => match self.carry(id, who, load).await? {
                    Next::Nothing => return Ok(()),
                    Next::Pause => rest(&mut pause).await,
                    Next::Post(_) | Next::Lost => {}
                },
            }
            look = self.look(id, who, through).await?;
        }
        self.give_back(id, who).await;
        Err(PostError::Throttled)
    }

    async fn look(&self, id: &SocketId, who: TurnId, through: u64) -> Result<Look, PostError> {
        let look = change(&self.ports.store, id, |line| {
            Look::at(line, who, through, self.ports.clock.now())
        })
        .await;
        look.map_err(unsure)?.ok_or(PostError::Gone)
    }

    /// Posts one frame after another while the caller has the turn.
    async fn carry(&self, id: &SocketId, who: TurnId, load: Load) -> Result<Next, PostError> {
        let mut load = load;
        if load.is_taken_over {
            tale::taken_over(id);
        }
        loop {
            match self.post(id, who, &load).await? {
                Next::Post(next) => load = next,
                next => return Ok(next),
            }
        }
    }

    /// Posts a frame, and settles it. A frame may be posted twice: the client drops what it has.
    ///
    /// Two attempts take ten seconds at most, less than a turn, which has just begun.
    async fn post(&self, id: &SocketId, who: TurnId, load: &Load) -> Result<Next, PostError> {
        let body = Bytes::from(load.frame.body.clone());
        let mut answer = self.ports.gateway.post(&load.socket, body.clone()).await;
        if matches!(answer, Err(PostError::Ambiguous(_))) {
            answer = self.ports.gateway.post(&load.socket, body).await;
        }
        match answer {
            Ok(()) => self.settle(id, who, load).await,
            Err(PostError::Throttled | PostError::Unreached(_)) => Ok(Next::Pause),
            Err(PostError::Gone) => self.drop_load(id, load, Cut::Gone).await,
            Err(PostError::Ambiguous(_)) => self.drop_load(id, load, Cut::Doubt).await,
            Err(err @ (PostError::TooLarge | PostError::Refused(_))) => {
                self.give_back(id, who).await;
                Err(err)
            }
        }
    }

    /// Cuts the socket: the client comes back, and says what it has.
    async fn drop_load(&self, id: &SocketId, load: &Load, why: Cut) -> Result<Next, PostError> {
        self.lose(id, &load.socket, why).await?;
        Ok(Next::Nothing)
    }

    async fn settle(&self, id: &SocketId, who: TurnId, load: &Load) -> Result<Next, PostError> {
        let settled = change(&self.ports.store, id, |line| {
            match line.settle(who, &load.socket, load.frame.through, self.ports.clock.now()) {
                Settled::More => Next::Post(Load::of(line)),
                Settled::Done => Next::Nothing,
                Settled::Lost => Next::Lost,
            }
        });
        Ok(settled.await.map_err(unsure)?.unwrap_or(Next::Lost))
    }

    /// Gives the turn back. A turn that is not given back runs out.
    async fn give_back(&self, id: &SocketId, who: TurnId) {
        if let Err(err) = change(&self.ports.store, id, |line| line.release(who)).await {
            tracing::warn!(error = %chain(&err), line.id = %id, "a turn is not given back");
        }
    }
}

/// Waits, and for twice as long the next time.
pub(crate) async fn rest(pause: &mut Duration) {
    tokio::time::sleep(*pause).await;
    *pause = (*pause * 2).min(PAUSE_MAX);
}

/// Whether the log would know these records again.
pub(crate) fn may_repeat(additions: &[Addition]) -> bool {
    additions.iter().all(|addition| addition.position.as_ref().and_then(Place::of).is_some())
}
