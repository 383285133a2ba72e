//! Sockets of lines are cut, and lines end.

use bytes::Bytes;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{ConnectionGateway, PostError, StoreError};
use hubcast_model::time::Clock;

use crate::alarm::LineAlarm;
use crate::change::{ChangeError, change};
use crate::courier::{Courier, unsure};
use crate::dispatch::{FIRST_PAUSE, rest};
use crate::log::Left;
use crate::port::LineStore;
use crate::record::Phase;
use crate::tale::{self, Cut};

/// How often a last frame is tried: for three seconds in all, as other posts are.
const LAST_TRIES: u32 = 8;

impl<S, G, C, A> Courier<S, G, C, A>
where
    S: LineStore,
    G: ConnectionGateway,
    C: Clock,
    A: LineAlarm,
{
    /// Ends a line with these last records, which tell its client: what was not posted comes before
    /// them. The socket is left to the caller: its client needs time to read.
    ///
    /// # Errors
    /// When the line has ended before, the table did not answer, or the post failed.
    pub async fn close(&self, id: &SocketId, last: &str) -> Result<(), PostError> {
        let rest = change(&self.ports.store, id, |line| {
            let socket = line.socket.clone();
            let frames = line.close(self.ports.clock.now())?;
            Some((socket, frames, !line.left.is_empty()))
        });
        let Some((socket, mut frames, has_left)) = rest.await.map_err(unsure)?.flatten() else {
            return Err(PostError::Gone);
        };
        self.see_to_left(id, has_left).await;
        frames.push(last.to_owned());
        for frame in frames {
            self.post_last(&socket, Bytes::from(frame)).await?;
        }
        Ok(())
    }

    /// Posts a frame to the socket of a line that has ended. A busy gateway is asked again here:
    /// whoever sends the Close again finds that the line has ended.
    async fn post_last(&self, socket: &SocketId, frame: Bytes) -> Result<(), PostError> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..LAST_TRIES {
            match self.ports.gateway.post(socket, frame.clone()).await {
                Err(PostError::Throttled | PostError::Unreached(_)) => rest(&mut pause).await,
                outcome => return outcome,
            }
        }
        self.ports.gateway.post(socket, frame).await
    }

    /// Notes that the gateway told the end of a socket. The client may come back, unless it closed
    /// the socket itself. Answers whether the line has ended.
    ///
    /// A gateway may call an end the client's own although hubcast cut the socket.
    ///
    /// # Errors
    /// When the table did not answer.
    pub async fn note_end(
        &self,
        id: &SocketId,
        socket: &SocketId,
        is_by_client: bool,
    ) -> Result<bool, ChangeError> {
        let told = change(&self.ports.store, id, |line| {
            let (now, before) = (self.ports.clock.now(), line.phase);
            if line.socket != *socket {
                return (line.phase, None, false, false);
            }
            if is_by_client && !line.is_being_cut(now) {
                line.end(now);
            } else {
                line.lose(socket, self.settings.window, now);
            }
            let news = (line.phase != before).then(|| line.log.bytes());
            (line.phase, news, line.phase == Phase::Ended, !line.left.is_empty())
        });
        let Some((phase, news, has_ended, has_left)) = told.await? else {
            return Ok(true);
        };
        if matches!(phase, Phase::Away { .. }) {
            if let Some(unacked_bytes) = news {
                tale::cut(id, Cut::Disconnected, unacked_bytes);
            }
            self.set_alarm(id, self.settings.window).await;
        }
        if has_ended {
            self.see_to_left(id, has_left).await;
        }
        Ok(has_ended)
    }

    /// Ends a line, and cuts its socket unless the line has ended before: the client may be reading
    /// its Close.
    async fn end_at_once(&self, id: &SocketId) -> Result<(), PostError> {
        let socket = change(&self.ports.store, id, |line| {
            let has_ended = line.phase == Phase::Ended;
            line.end(self.ports.clock.now());
            (!has_ended).then(|| line.socket.clone())
        });
        match socket.await.map_err(unsure)?.flatten() {
            Some(socket) => self.ports.gateway.delete(&socket).await,
            None => Ok(()),
        }
    }

    /// What the client of a line that has ended did not acknowledge, and what goes to inboxes.
    ///
    /// # Errors
    /// When the table did not answer.
    pub async fn left(&self, id: &SocketId) -> Result<Vec<Left>, StoreError> {
        Ok(self.ports.store.line(id).await?.map(|line| line.left).unwrap_or_default())
    }

    /// Notes that what was left is in inboxes.
    ///
    /// # Errors
    /// When the table did not answer.
    pub async fn forget_left(&self, id: &SocketId) -> Result<(), ChangeError> {
        let forgotten =
            change(&self.ports.store, id, |line| line.forget_left(self.ports.clock.now()));
        forgotten.await.map(|_| ())
    }

    /// Ends a line whose client did not come back in time. Answers whether the line has ended.
    ///
    /// # Errors
    /// When the table did not answer.
    pub async fn expire(&self, id: &SocketId) -> Result<bool, PostError> {
        let found = change(&self.ports.store, id, |line| {
            (line.is_over(self.ports.clock.now()), matches!(line.phase, Phase::Resuming { .. }))
        });
        let Some((is_over, is_resuming)) = found.await.map_err(unsure)? else {
            return Ok(true);
        };
        if is_over {
            // Whoever asked looks at what is left.
            self.end_at_once(id).await?;
        }
        if is_over && is_resuming {
            tale::abandoned(id);
        }
        Ok(is_over)
    }
}
