//! The channel table, in memory.
//!
//! Every operation is one step, as a conditional write is in the real table;
//! writes of several rows take one step for each. Pages are small, so that
//! whoever reads a channel has to follow them.

mod access;
mod channels;
mod deadlines;
mod erasure;
mod lines;
mod progress;
mod results;
mod retention;
mod sessions;
mod sockets;
mod upstream;
mod uptake;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use hubcast_line::Line;
use hubcast_model::access::{Block, Membership};
use hubcast_model::channel::{ChannelKey, ChannelRow, Member, ShardCounts};
use hubcast_model::client::ClientRecord;
use hubcast_model::id::{ConnectionId, GroupName, HubName, KeyedName, SocketId};
use hubcast_model::ports::{ClientResult, InvocationKey, Progress, StoreError};
use hubcast_model::retention::{
    Board, Inbox, InboxMessage, QueuePosition, RetainedKey, RetainedValue, Uses,
};
use hubcast_model::session::SessionId;
use hubcast_model::socket::Socket;
use hubcast_model::time::Timestamp;
use hubcast_model::uptake::Uptake;

use crate::fault::{Fault, Faults};
use crate::journal::{Journal, lock};

/// How many members a page holds, if not said otherwise.
const PAGE_SIZE: usize = 2;

/// A channel table in memory; clones are the same table.
#[derive(Debug, Clone)]
pub struct MemoryStore {
    faults: Faults,
    page_size: usize,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    sockets: BTreeMap<SocketId, Record>,
    /// When the Close of a socket reaches its client.
    closes: BTreeMap<SocketId, Timestamp>,
    claims: BTreeMap<(HubName, ConnectionId), Claim>,
    rows: BTreeMap<ChannelKey, BTreeMap<SocketId, (Member, Timestamp)>>,
    counts: Option<ShardCounts>,
    memberships: BTreeMap<(HubName, KeyedName), BTreeMap<KeyedName, Membership>>,
    blocks: BTreeMap<(Option<HubName>, KeyedName), Block>,
    grants: BTreeMap<String, (Vec<GroupName>, Timestamp)>,
    progress: BTreeMap<String, (Progress, Timestamp)>,
    turns: BTreeMap<String, Timestamp>,
    sessions: BTreeMap<SessionId, Session>,
    uses: BTreeMap<HubName, Uses>,
    boards: BTreeMap<Board, BTreeMap<RetainedKey, RetainedValue>>,
    inboxes: BTreeMap<Inbox, BTreeMap<QueuePosition, InboxMessage>>,
    clients: BTreeMap<SocketId, ClientRecord>,
    uptakes: BTreeMap<(HubName, ConnectionId), Uptake>,
    pending: BTreeMap<(SocketId, String), upstream::Pending>,
    lines: BTreeMap<SocketId, Line>,
    /// Answers of clients that somebody waits for, `None` until they come.
    results: BTreeMap<InvocationKey, Option<ClientResult>>,
}

/// What a client token opened.
#[derive(Debug, Default)]
struct Session {
    sockets: BTreeMap<SocketId, Timestamp>,
    until: Option<Timestamp>,
    used_by: Option<ConnectionId>,
    spent_by: Option<SocketId>,
}

/// A socket, or the bare mark of one that was closed without being known.
#[derive(Debug, Clone)]
enum Record {
    Socket(Socket),
    ClosedMark,
}

impl Record {
    fn socket(self) -> Option<Socket> {
        match self {
            Self::Socket(socket) => Some(socket),
            Self::ClosedMark => None,
        }
    }
}

/// Who holds a connection id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The socket.
    pub holder: SocketId,
    /// Whether it finished its handshake.
    pub is_finished: bool,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self { faults: Faults::default(), page_size: PAGE_SIZE, state: Arc::default() }
    }
}

impl MemoryStore {
    /// An empty table with pages of this many members.
    pub fn with_page_size(page_size: usize) -> Self {
        Self { page_size: page_size.max(1), ..Self::default() }
    }

    /// What was asked of this table.
    pub const fn journal(&self) -> &Journal {
        self.faults.journal()
    }

    /// Has an operation go wrong until [`Self::heal`].
    pub fn fault(&self, operation: &'static str, fault: Fault) {
        self.faults.always(operation, fault);
    }

    /// Has the next calls of an operation go wrong, or not (`None`), before any lasting fault.
    pub fn fault_next(
        &self,
        operation: &'static str,
        faults: impl IntoIterator<Item = Option<Fault>>,
    ) {
        self.faults.next(operation, faults);
    }

    /// Has operations go wrong as `chance` decides, unless another fault is planned for them.
    pub fn fault_by(&self, chance: impl FnMut(&'static str) -> Option<Fault> + Send + 'static) {
        self.faults.by(Box::new(chance));
    }

    /// Lets `step` happen before the next call of an operation that has none yet.
    pub fn before(&self, operation: &'static str, step: impl Future<Output = ()> + Send + 'static) {
        self.faults.before(operation, Box::pin(step));
    }

    /// Ends all faults.
    pub fn heal(&self) {
        self.faults.heal();
    }

    /// The record of every known socket.
    pub fn sockets(&self) -> Vec<Socket> {
        lock(&self.state).sockets.values().cloned().filter_map(Record::socket).collect()
    }

    /// Every channel row, expired or not.
    pub fn rows(&self) -> Vec<ChannelRow> {
        let state = lock(&self.state);
        let row = |key: &ChannelKey, (member, expires): &(Member, Timestamp)| ChannelRow {
            key: key.clone(),
            member: member.clone(),
            expires: *expires,
        };
        state
            .rows
            .iter()
            .flat_map(|(key, rows)| rows.values().map(move |at| row(key, at)))
            .collect()
    }

    /// The channels that a socket has a row in.
    pub fn channels_of(&self, socket: &SocketId) -> BTreeSet<ChannelKey> {
        let rows = self.rows().into_iter();
        rows.filter(|row| row.member.socket == *socket).map(|row| row.key).collect()
    }

    /// The rows that no socket's record names.
    pub fn orphans(&self) -> Vec<(ChannelKey, SocketId)> {
        let state = lock(&self.state);
        let is_named = |key: &ChannelKey, socket: &SocketId| match state.sockets.get(socket) {
            Some(Record::Socket(socket)) => socket.channels.contains(key),
            Some(Record::ClosedMark) | None => false,
        };
        let rows = state.rows.iter().flat_map(|(key, rows)| rows.keys().map(move |id| (key, id)));
        rows.filter(|(key, id)| !is_named(key, id)).map(|(k, id)| (k.clone(), id.clone())).collect()
    }

    /// The records that wait for anybody, expired or not.
    pub fn waiting_messages(&self) -> Vec<String> {
        let state = lock(&self.state);
        let waiting = state.inboxes.values().flat_map(|waiting| waiting.values());
        waiting.map(|message| message.record.clone()).collect()
    }

    /// The claim on a connection id.
    pub fn claim(&self, hub: &HubName, connection: &ConnectionId) -> Option<Claim> {
        lock(&self.state).claims.get(&(hub.clone(), connection.clone())).cloned()
    }

    /// Every progress row, with its end.
    pub fn progress_rows(&self) -> BTreeMap<String, (Progress, Timestamp)> {
        lock(&self.state).progress.clone()
    }

    async fn meet(&self, operation: &'static str) -> Result<(), StoreError> {
        if self.faults.meet(operation).await {
            return Err(StoreError::Unavailable { operation, source: "told to fail".into() });
        }
        Ok(())
    }
}
