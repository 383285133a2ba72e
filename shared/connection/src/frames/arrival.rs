//! What a connection finds when it comes: its user's inbox, and retained values.
//!
//! The inbox is emptied before the socket has any row. So nothing that is sent
//! while that goes on can overtake what waited: it finds nobody, and waits too.
//! What was put into the inbox just before the rows were there is found right
//! after them; then the socket is forgotten, and the client comes once more.
//!
//! Retained values are posted when the socket is ready, or in the group.

use bytes::Bytes;

use super::{End, Frames, Step, unavailable};
use crate::connect::is_blocked;
use hubcast_membership::replay::Replay;
use hubcast_model::context::Caller;
use hubcast_model::frame::coalesce;
use hubcast_model::id::{KeyedName, UserId};
use hubcast_model::later::{Board, BoardOf, Inbox, InboxMessage, Use, Uses};
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, ConnectionGateway, Consistency,
    GrantStore, InboxStore, MembershipStore, PendingStore, PostError, ResultStore, SessionStore,
    ShardStore, SocketStore, StoreError, UpstreamQueue, UsageStore,
};
use hubcast_model::report::chain as report;
use hubcast_model::socket::Socket;
use hubcast_model::time::Clock;

/// How often values are posted again that keep changing, before the client comes once more.
const ROUNDS_MAX: usize = 10;

/// Why somebody was not shown everything.
#[derive(Debug, thiserror::Error)]
pub(super) enum Missed {
    /// A post failed.
    #[error(transparent)]
    Post(#[from] PostError),
    /// The table did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It kept changing.
    #[error("retained values keep changing")]
    Unsettled,
}

impl<S, G, C, U> Frames<S, G, C, U>
where
    S: SocketStore
        + ClaimStore
        + SessionStore
        + ClientStore
        + PendingStore
        + ChannelStore
        + ShardStore
        + BoardStore
        + InboxStore
        + UsageStore
        + MembershipStore
        + BlockStore
        + GrantStore
        + ResultStore,
    G: ConnectionGateway,
    C: Clock,
    U: UpstreamQueue,
{
    /// What seems to be in use on the socket's hub; whoever needs to be sure looks again, after
    /// the rows are written.
    pub(super) async fn in_use_so_far(&self, socket: &Socket) -> Uses {
        if socket.user.is_none() {
            return Uses::new();
        }
        self.store.uses(&socket.hub, Consistency::Eventual).await.unwrap_or_else(|err| {
            tracing::warn!(error = %report(&err), "what is in use could not be read");
            Uses::new()
        })
    }

    /// Delivers what waits for the socket's user, before anything else can reach the socket.
    pub(super) async fn empty_inbox(
        &self,
        caller: &Caller,
        socket: &Socket,
        in_use: &Uses,
    ) -> Result<(), Missed> {
        let Some(inbox) = inbox_of(socket, in_use) else {
            return Ok(());
        };
        loop {
            let waiting = self.store.inbox_messages(&inbox, self.clock.now()).await?;
            // Who is blocked gets nothing; the handshake's own look at the block ends it.
            let (principal, now) = (&caller.admission.principal, self.clock.now());
            if waiting.is_empty() || is_blocked(&self.store, principal, now).await? {
                return Ok(());
            }
            tracing::info!(socket.id = %socket.id, replayed = waiting.len(), "an inbox is emptied");
            self.deliver(socket, &inbox, &waiting).await?;
        }
    }

    /// Posts first and removes then: whatever fails in between comes again.
    async fn deliver(
        &self,
        socket: &Socket,
        inbox: &Inbox,
        waiting: &[InboxMessage],
    ) -> Result<(), Missed> {
        let records = waiting.iter().map(|message| Bytes::from(message.record.clone()));
        for frame in coalesce(records.enumerate()) {
            self.post_unless_refused(socket, frame.body).await?;
            let delivered = frame.parcels.iter().filter_map(|at| waiting.get(*at));
            let places: Vec<_> = delivered.map(|message| message.position.clone()).collect();
            self.store.remove_inbox_messages(inbox, &places).await?;
        }
        Ok(())
    }

    /// A record that no socket takes must not keep its user out.
    async fn post_unless_refused(&self, socket: &Socket, frame: Bytes) -> Result<(), PostError> {
        match self.post(&socket.id, frame).await {
            Err(err @ PostError::TooLarge) => {
                tracing::error!(error = %report(&err), "a record that waited is given up");
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// Shows a socket that is ready what hangs in its channels.
    pub(super) async fn welcome(
        &self,
        socket: &Socket,
        groups: impl IntoIterator<Item = KeyedName>,
        so_far: &Uses,
    ) -> Step {
        match self.show_all(socket, groups, so_far).await {
            Ok(true) => Step::Silent,
            Ok(false) => self.early(socket).await,
            Err(missed) => self.missed(socket, &missed).await,
        }
    }

    /// False when something waits in an inbox that nobody knew of before.
    async fn show_all(
        &self,
        socket: &Socket,
        groups: impl IntoIterator<Item = KeyedName>,
        so_far: &Uses,
    ) -> Result<bool, Missed> {
        let in_use = self.store.uses(&socket.hub, Consistency::Strong).await?;
        if !so_far.contains(&Use::Inboxes) && self.is_early(socket, &in_use).await? {
            return Ok(false);
        }
        let user = socket.user.as_ref().map(UserId::keyed).map(BoardOf::User);
        let groups = groups.into_iter().map(BoardOf::Group);
        let boards = [BoardOf::Hub].into_iter().chain(user).chain(groups);
        self.show(socket, boards, &in_use).await.map(|()| true)
    }

    /// Whether something waits that was put there after the last look before the rows.
    ///
    /// To deliver it now could be too late: the socket is reachable by others.
    pub(super) async fn is_early(
        &self,
        socket: &Socket,
        in_use: &Uses,
    ) -> Result<bool, StoreError> {
        let Some(inbox) = inbox_of(socket, in_use) else {
            return Ok(false);
        };
        Ok(!self.store.inbox_messages(&inbox, self.clock.now()).await?.is_empty())
    }

    /// Shows a socket what hangs in a group that it has joined.
    pub(super) async fn show_group(&self, socket: &Socket, group: KeyedName) -> Result<(), Missed> {
        let in_use = self.store.uses(&socket.hub, Consistency::Strong).await?;
        self.show(socket, [BoardOf::Group(group)], &in_use).await
    }

    async fn show(
        &self,
        socket: &Socket,
        boards: impl IntoIterator<Item = BoardOf>,
        in_use: &Uses,
    ) -> Result<(), Missed> {
        let board = |of| Board { hub: socket.hub.clone(), of };
        let mut replay = Replay::new(boards.into_iter().map(board), in_use);
        for _ in 0..ROUNDS_MAX {
            let records = replay.next(&self.store, self.clock.now()).await?;
            if records.is_empty() {
                return Ok(());
            }
            tracing::info!(socket.id = %socket.id, replayed = records.len(), "values are shown");
            for frame in coalesce(records.into_iter().map(Bytes::from).enumerate()) {
                self.post_unless_refused(socket, frame.body).await?;
            }
        }
        Err(Missed::Unsettled)
    }

    /// The end of a socket that was not shown everything: its client comes back and is.
    pub(super) async fn missed(&self, socket: &Socket, missed: &Missed) -> Step {
        tracing::warn!(error = %report(missed), socket.id = %socket.id, "a connection missed something");
        self.once_more(socket, End::reconnect("Messages could not be delivered.")).await
    }

    /// The end of a socket that came in the very moment in which a message was kept.
    ///
    /// The sender may have seen it, taken the message back and be posting it. A client hears
    /// nothing after a Close, so the socket is cut: then that post fails, and the message waits. It
    /// is cut before its record goes: a ping of a socket without a record is answered by a Close.
    pub(super) async fn early(&self, socket: &Socket) -> Step {
        tracing::info!(socket.id = %socket.id, "messages are waiting: the client comes once more");
        self.drop_socket(&socket.id).await;
        self.once_more(socket, End::Drop).await
    }

    /// Has the client connect anew; nothing more is taken for this socket.
    async fn once_more(&self, socket: &Socket, end: End) -> Step {
        match self.disconnect(&socket.id).await {
            Ok(_) => Step::End(end),
            Err(err) => unavailable(&err),
        }
    }
}

/// The inbox of the socket's user, if there may be anything in it.
fn inbox_of(socket: &Socket, in_use: &Uses) -> Option<Inbox> {
    let user = socket.user.as_ref().filter(|_| in_use.contains(&Use::Inboxes))?;
    Some(Inbox::of(&socket.hub, user))
}
