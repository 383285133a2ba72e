//! The end of a connection that outlives its sockets: when its client closed it, or did not come
//! back.

use std::future::Future;

use hubcast_line::{ChangeError, Courier, Left, LineAlarm, LineStore};
use hubcast_model::channel::{ChannelKey, Member};
use hubcast_model::id::SocketId;
use hubcast_model::journey::connection::Ending;
use hubcast_model::ports::{ChannelStore, ConnectionGateway, PostError, StoreError};
use hubcast_model::retention::{Kept, LeftPlace};
use hubcast_model::time::Clock;

use crate::lookup::all_members;
use crate::presence::Disconnect;

/// The code of a socket that its client closed by itself: the client does not come back to it.
const CLOSED_BY_CLIENT: i64 = 1005;

/// Why an end was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum LineEndError {
    /// The line was not read or written.
    #[error(transparent)]
    Line(#[from] ChangeError),
    /// The line did not end, or its socket is not cut.
    #[error("a line could not be ended")]
    Socket(#[from] PostError),
    /// Rows may remain.
    #[error(transparent)]
    Rows(#[from] StoreError),
}

/// What a line left and nobody took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untaken {
    /// The message.
    pub left: Left,
    /// Its place among all that the line left and is on record.
    pub place: LeftPlace,
}

/// Ends lines.
pub trait EndLines: Send + Sync {
    /// The gateway tells that a socket of a line is gone, and by which code of WebSocket.
    ///
    /// # Errors
    /// When the table does not answer. Safe to repeat.
    fn socket_gone(
        &self,
        line: &SocketId,
        socket: &SocketId,
        code: Option<i64>,
    ) -> impl Future<Output = Result<(), LineEndError>> + Send;

    /// The client of a line should have said something by now. Answers whether the line has ended.
    ///
    /// # Errors
    /// When the table or the gateway does not answer. Safe to repeat.
    fn time_up(&self, line: &SocketId) -> impl Future<Output = Result<bool, LineEndError>> + Send;

    /// What the client of a line that has ended did not take, and nobody else did: its user's next
    /// connection is to have it. The oldest comes first.
    ///
    /// # Errors
    /// When the table does not answer.
    fn untaken(
        &self,
        line: &SocketId,
    ) -> impl Future<Output = Result<Vec<Untaken>, LineEndError>> + Send;

    /// Notes that somebody has seen to what was left.
    ///
    /// # Errors
    /// When the table does not answer. Safe to repeat.
    fn seen_to(&self, line: &SocketId) -> impl Future<Output = Result<(), LineEndError>> + Send;
}

/// The ends of lines, and of everything that is keyed by them.
#[derive(Debug)]
pub struct LineEnds<S, G, C, A, P> {
    courier: Courier<S, G, C, A>,
    presence: P,
}

impl<S, G, C, A, P> LineEnds<S, G, C, A, P> {
    /// Ends by this courier and this presence.
    pub const fn new(courier: Courier<S, G, C, A>, presence: P) -> Self {
        Self { courier, presence }
    }
}

impl<S, G, C, A, P> EndLines for LineEnds<S, G, C, A, P>
where
    S: LineStore + ChannelStore,
    G: ConnectionGateway,
    C: Clock,
    A: LineAlarm,
    P: Disconnect,
{
    async fn socket_gone(
        &self,
        line: &SocketId,
        socket: &SocketId,
        code: Option<i64>,
    ) -> Result<(), LineEndError> {
        if self.courier.note_end(line, socket, code == Some(CLOSED_BY_CLIENT)).await? {
            self.presence.disconnect(line, &Ending::Disconnected(code)).await?;
        }
        Ok(())
    }

    async fn time_up(&self, line: &SocketId) -> Result<bool, LineEndError> {
        let has_ended = self.courier.expire(line).await?;
        if has_ended {
            self.presence.disconnect(line, &Ending::Gone).await?;
        }
        Ok(has_ended)
    }

    async fn untaken(&self, line: &SocketId) -> Result<Vec<Untaken>, LineEndError> {
        let left = self.courier.left(line).await?;
        let Some(first) = left.first() else {
            return Ok(Vec::new());
        };
        let others = self.others(line, &first.keeping.kept).await?;
        // Who was there when the record came got it too.
        let is_taken =
            |at| others.iter().any(|member| member.handshake_at.is_some_and(|it| it <= at));
        let untaken = |(number, left): (usize, Left)| {
            let place = LeftPlace::new(line, number, left.keeping.kept.position.clone());
            (!is_taken(left.keeping.at)).then_some(Untaken { left, place })
        };
        Ok(left.into_iter().enumerate().filter_map(untaken).collect())
    }

    async fn seen_to(&self, line: &SocketId) -> Result<(), LineEndError> {
        Ok(self.courier.forget_left(line).await?)
    }
}

impl<S, G, C, A, P> LineEnds<S, G, C, A, P>
where
    S: LineStore + ChannelStore,
    G: ConnectionGateway,
    C: Clock,
    A: LineAlarm,
{
    /// The other connections of the user of a line.
    async fn others(&self, line: &SocketId, kept: &Kept) -> Result<Vec<Member>, StoreError> {
        let (key, now) = (ChannelKey::user(&kept.hub, &kept.user), self.courier.clock().now());
        let members = all_members(self.courier.store(), &key, usize::MAX, now).await?;
        let mut members = members.unwrap_or_default();
        members.retain(|member| member.socket != *line);
        Ok(members)
    }
}
