//! The boards that a newcomer is shown: the retained values of its channels.
//!
//! They are posted when the socket is ready, or is in the group.

use std::sync::Arc;

use bytes::Bytes;
use hubcast_membership::replay::Replay;
use hubcast_model::frame::coalesce;
use hubcast_model::id::KeyedName;
use hubcast_model::ports::{
    BoardStore, ConnectionGateway, Consistency, SocketStore, StoreError, UsageStore,
};
use hubcast_model::report::chain as report;
use hubcast_model::retention::{Board, Uses};
use hubcast_model::socket::Socket;
use hubcast_model::time::Clock;
use hubcast_model::work::Allowance;

use super::post::post_unless_too_large;
use super::welcome::WelcomeError;

/// How often values are posted again that keep changing, before the client comes once more.
const ROUNDS_MAX: usize = 10;

/// The bytes that cost a client one unit of work.
const FRAME_BYTES: usize = 32 * 1024;

/// Shows boards to sockets.
#[derive(Debug)]
pub(super) struct Boards<S, G, C> {
    pub(super) store: Arc<S>,
    pub(super) gateway: Arc<G>,
    pub(super) clock: Arc<C>,
    /// How much work a connection may do.
    pub(super) allowance: Allowance,
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
        self.show(socket, boards.collect(), in_use, &mut 0).await
    }

    /// Shows a socket some boards. Adds to `posted` the bytes that were posted, also when not all
    /// could be shown.
    async fn show(
        &self,
        socket: &Socket,
        boards: Vec<Board>,
        in_use: &Uses,
        posted: &mut usize,
    ) -> Result<(), WelcomeError> {
        let mut replay = Replay::new(boards, in_use);
        for _ in 0..ROUNDS_MAX {
            let records = replay.next(&*self.store, self.clock.now()).await?;
            if records.is_empty() {
                return Ok(());
            }
            tracing::info!(socket_id = %socket.id, replayed = records.len(), "values are shown");
            for frame in coalesce(records.into_iter().map(Bytes::from).enumerate()) {
                *posted = posted.saturating_add(frame.body.len());
                post_unless_too_large(&*self.gateway, &socket.id, frame.body).await?;
            }
        }
        Err(WelcomeError::Changing)
    }
}

impl<S: UsageStore + BoardStore + SocketStore, G: ConnectionGateway, C: Clock> Boards<S, G, C> {
    /// Shows a socket the board of a group that it has joined, and charges its client for this.
    pub(super) async fn show_group(
        &self,
        socket: &Socket,
        group: KeyedName,
    ) -> Result<(), WelcomeError> {
        let (board, mut posted) = (Board::of_group(&socket.hub, group), 0);
        let in_use = self.uses(socket).await?;
        let shown = self.show(socket, vec![board], &in_use, &mut posted).await;
        self.charge(socket, posted).await;
        shown
    }

    /// Charges a client for the bytes that it was shown. They stay shown, so a charge that cannot
    /// be noted changes nothing for the client.
    async fn charge(&self, socket: &Socket, posted: usize) {
        let units = units_of(posted);
        if units == 0 {
            return;
        }
        let charge = self.allowance.charge(units, self.clock.now(), socket.paid_at);
        if let Err(err) = self.store.note_channels(&socket.id, &[], Some(charge)).await {
            tracing::warn!(error = %report(&err), socket_id = %socket.id, "a board is not paid for");
        }
    }
}

/// The units of work for so many bytes of retained values. The first [`FRAME_BYTES`] are in the
/// price of a join.
fn units_of(bytes: usize) -> u32 {
    let beyond = bytes.saturating_sub(FRAME_BYTES);
    u32::try_from(beyond.div_ceil(FRAME_BYTES)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_beyond_the_first_cost_a_unit_for_each_part_begun() {
        let units = [0, FRAME_BYTES, FRAME_BYTES + 1, 2 * FRAME_BYTES, 2 * FRAME_BYTES + 1];
        assert_eq!(units.map(units_of), [0, 0, 1, 1, 2]);
    }
}
