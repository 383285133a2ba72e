//! The boards that a newcomer is shown: the retained values of its channels.
//!
//! They are posted when the socket is ready, or is in the group.

use std::sync::Arc;

use bytes::Bytes;
use hubcast_membership::replay::Replay;
use hubcast_model::frame::coalesce;
use hubcast_model::id::KeyedName;
use hubcast_model::ports::{BoardStore, ConnectionGateway, Consistency, StoreError, UsageStore};
use hubcast_model::retention::{Board, Uses};
use hubcast_model::socket::Socket;
use hubcast_model::time::Clock;

use super::post::post_unless_too_large;
use super::welcome::WelcomeError;

/// How often values are posted again that keep changing, before the client comes once more.
const ROUNDS_MAX: usize = 10;

/// The bytes that a client pays for as for one call.
pub(super) const FRAME_BYTES: usize = 32 * 1024;

/// Shows boards to sockets.
#[derive(Debug)]
pub(super) struct Boards<S, G, C> {
    pub(super) store: Arc<S>,
    pub(super) gateway: Arc<G>,
    pub(super) clock: Arc<C>,
}

impl<S: UsageStore + BoardStore, G: ConnectionGateway, C: Clock> Boards<S, G, C> {
    /// What is in use on a socket's hub, for certain.
    pub(super) async fn uses(&self, socket: &Socket) -> Result<Uses, StoreError> {
        self.store.uses(&socket.hub, Consistency::Strong).await
    }

    /// Shows a socket that is ready the boards of its hub, its user and these groups.
    pub(super) async fn show_all(
        &self,
        socket: &Socket,
        groups: Vec<KeyedName>,
        in_use: &Uses,
    ) -> Result<(), WelcomeError> {
        let hub = &socket.hub;
        let user = socket.user.as_ref().map(|user| Board::of_user(hub, user.keyed()));
        let groups = groups.into_iter().map(|group| Board::of_group(hub, group));
        let boards = [Board::Hub(hub.clone())].into_iter().chain(user).chain(groups);
        self.show(socket, boards.collect(), in_use).await.map(|_| ())
    }

    /// Shows a socket the board of a group that it has joined. Answers how many times
    /// [`FRAME_BYTES`] were posted.
    pub(super) async fn show_group(
        &self,
        socket: &Socket,
        group: KeyedName,
    ) -> Result<u32, WelcomeError> {
        let in_use = self.uses(socket).await?;
        self.show(socket, vec![Board::of_group(&socket.hub, group)], &in_use).await
    }

    async fn show(
        &self,
        socket: &Socket,
        boards: Vec<Board>,
        in_use: &Uses,
    ) -> Result<u32, WelcomeError> {
        let (mut replay, mut posted) = (Replay::new(boards, in_use), 0_u32);
        for _ in 0..ROUNDS_MAX {
            let records = replay.next(&*self.store, self.clock.now()).await?;
            if records.is_empty() {
                return Ok(posted);
            }
            tracing::info!(socket.id = %socket.id, replayed = records.len(), "values are shown");
            for frame in coalesce(records.into_iter().map(Bytes::from).enumerate()) {
                posted = posted.saturating_add(units_of(frame.body.len()));
                post_unless_too_large(&*self.gateway, &socket.id, frame.body).await?;
            }
        }
        Err(WelcomeError::Changing)
    }
}

/// How many times [`FRAME_BYTES`] a frame takes, the last time perhaps in part.
fn units_of(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(FRAME_BYTES)).unwrap_or(u32::MAX)
}
