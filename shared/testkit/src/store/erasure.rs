//! All that the table holds of one user.

use std::collections::{BTreeMap, BTreeSet};

use hubcast_model::channel::ChannelKey;
use hubcast_model::id::{HubName, UserId};
use hubcast_model::ports::{ErasureStore, Personal, StoreError};
use hubcast_model::retention::{Board, Inbox};

use super::{MemoryStore, State};
use crate::journal::lock;

impl ErasureStore for MemoryStore {
    async fn hubs_of(&self, user: &UserId) -> Result<BTreeSet<HubName>, StoreError> {
        self.meet("hubs_of").await?;
        let (state, keyed) = (lock(&self.state), user.keyed());
        let members = state.memberships.keys().map(|(hub, user)| (hub, user));
        let inboxes = state.inboxes.keys().map(|inbox| (&inbox.hub, &inbox.user));
        let boards = state.boards.keys().filter_map(|board| match board {
            Board::User { hub, user } => Some((hub, user)),
            Board::Hub(_) | Board::Group { .. } => None,
        });
        let blocks = state.blocks.keys().filter_map(|(hub, user)| Some((hub.as_ref()?, user)));
        let all = members.chain(inboxes).chain(boards).chain(blocks);
        let named = all.filter(|(_, user)| **user == keyed).map(|(hub, _)| hub.clone());
        let sockets = state.sockets.values().cloned().filter_map(super::Record::socket);
        let there =
            sockets.filter(|socket| state.rows.contains_key(&ChannelKey::user(&socket.hub, user)));
        Ok(named.chain(there.map(|socket| socket.hub)).collect())
    }

    async fn count_personal(&self, what: Personal<'_>) -> Result<usize, StoreError> {
        self.meet("count_personal").await?;
        Ok(count(&lock(&self.state), what))
    }

    async fn erase_personal(&self, what: Personal<'_>) -> Result<usize, StoreError> {
        self.meet("erase_personal").await?;
        let mut state = lock(&self.state);
        let count = count(&state, what);
        erase(&mut state, what);
        Ok(count)
    }
}

fn count(state: &State, what: Personal<'_>) -> usize {
    match what {
        Personal::Memberships(hub, user) => {
            state.memberships.get(&(hub.clone(), user.keyed())).map_or(0, BTreeMap::len)
        }
        Personal::Inbox(hub, user) => state.inboxes.get(&inbox(hub, user)).map_or(0, BTreeMap::len),
        Personal::Board(hub, user) => state.boards.get(&board(hub, user)).map_or(0, BTreeMap::len),
        Personal::Block(hub, user) => {
            usize::from(state.blocks.contains_key(&(hub.cloned(), user.keyed())))
        }
        Personal::Client(socket) => usize::from(state.clients.contains_key(socket)),
        Personal::Calls(socket) => state.pending.keys().filter(|(of, _)| of == socket).count(),
        Personal::Line(line) => usize::from(state.lines.contains_key(line)),
    }
}

fn erase(state: &mut State, what: Personal<'_>) {
    match what {
        Personal::Memberships(hub, user) => {
            state.memberships.remove(&(hub.clone(), user.keyed()));
        }
        Personal::Inbox(hub, user) => {
            state.inboxes.remove(&inbox(hub, user));
        }
        Personal::Board(hub, user) => {
            state.boards.remove(&board(hub, user));
        }
        Personal::Block(hub, user) => {
            state.blocks.remove(&(hub.cloned(), user.keyed()));
        }
        Personal::Client(socket) => {
            state.clients.remove(socket);
        }
        Personal::Calls(socket) => state.pending.retain(|(of, _), _| of != socket),
        Personal::Line(line) => {
            state.lines.remove(line);
        }
    }
}

fn inbox(hub: &HubName, user: &UserId) -> Inbox {
    Inbox { hub: hub.clone(), user: user.keyed() }
}

fn board(hub: &HubName, user: &UserId) -> Board {
    Board::User { hub: hub.clone(), user: user.keyed() }
}
