//! A backend over an in-memory table and a queue that remembers.

use std::collections::BTreeSet;

use hubcast_backend::{Backend, Payload, Sender, Sending};
use hubcast_membership::shards::Shards;
use hubcast_model::audience::Audience;
use hubcast_model::channel::ShardCounts;
use hubcast_model::id::{ConnectionId, HubName};
use hubcast_model::ports::{ChannelStore, SocketStore};
use hubcast_model::socket::Socket;
use hubcast_testkit::{MemoryStore, RecordingSender, TestClock, name, socket};

/// The hub of all tests.
pub(crate) const HUB: &str = "n";

/// A backend and its ports.
pub(crate) struct Office {
    pub(crate) hub: HubName,
    pub(crate) store: MemoryStore,
    pub(crate) queue: RecordingSender,
    pub(crate) backend: Backend<MemoryStore, RecordingSender, TestClock>,
}

impl Default for Office {
    fn default() -> Self {
        let (store, queue) = (MemoryStore::default(), RecordingSender::default());
        let shards = Shards::new(ShardCounts::default());
        let backend = Backend::new(store.clone(), queue.clone(), TestClock::default(), shards);
        Self { hub: name::hub(HUB), store, queue, backend }
    }
}

impl Office {
    pub(crate) fn sender(&self) -> Sender<'_, RecordingSender> {
        self.backend.sender(&self.hub)
    }

    /// A connection of a user, ready and known by its socket's id.
    pub(crate) async fn user(&self, id: &str, user: &str) {
        self.put(socket::ready(HUB, id, user)).await;
    }

    /// A connection with all its rows.
    pub(crate) async fn put(&self, ready: Socket) {
        self.store.create_socket(&ready).await.expect("the table works");
        self.store.put_rows(&ready.rows(&ready.channels, None)).await.expect("the table works");
    }

    /// The message groups of what was enqueued.
    pub(crate) fn groups(&self) -> Vec<String> {
        self.queue.sent().into_iter().map(|sent| sent.group.to_string()).collect()
    }
}

static NOBODY: BTreeSet<ConnectionId> = BTreeSet::new();

/// A send for everyone in an audience.
pub(crate) const fn sending(audience: &Audience) -> Sending<'_> {
    Sending { audience, excluded: &NOBODY, idempotency_key: None }
}

/// A call of a method without arguments.
pub(crate) fn payload(target: &str) -> Payload {
    Payload::from_json(&format!("{{\"target\":\"{target}\"}}")).expect("a payload")
}

/// Whoever is in a group.
pub(crate) fn group(group: &str) -> Audience {
    Audience::group(name::group(group))
}
