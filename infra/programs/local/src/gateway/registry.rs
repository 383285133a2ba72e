//! The sockets that are open, and the way to write to them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hubcast_model::time::{Clock, SystemClock};
use tokio::sync::{Notify, mpsc};

use super::event::Session;

/// How many frames wait for a socket at the most; then posts are throttled.
const BUFFERED_FRAMES: usize = 512;

/// What is written to a socket.
#[derive(Debug)]
pub(super) enum Outgoing {
    Text(String),
    Close { code: u16, reason: &'static str },
}

/// One open socket.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) session: Session,
    /// Notified of every frame, either way.
    pub(super) active: Notify,
    /// Notified when the socket has to end without waiting for what is queued.
    pub(super) cut: Notify,
    last_active: AtomicU64,
    outgoing: mpsc::Sender<Outgoing>,
}

/// Why a frame was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotTaken {
    Gone,
    Full,
}

impl Entry {
    pub(super) fn new(session: Session) -> (Arc<Self>, mpsc::Receiver<Outgoing>) {
        let (outgoing, queue) = mpsc::channel(BUFFERED_FRAMES);
        let last_active = AtomicU64::new(session.connected_at);
        let (active, cut) = (Notify::new(), Notify::new());
        (Arc::new(Self { session, active, cut, last_active, outgoing }), queue)
    }

    pub(super) fn send(&self, text: String) -> Result<(), NotTaken> {
        use mpsc::error::TrySendError::{Closed, Full};
        self.outgoing.try_send(Outgoing::Text(text)).map_err(|err| match err {
            Closed(_) => NotTaken::Gone,
            Full(_) => NotTaken::Full,
        })
    }

    /// Ends the socket after what is queued for it; at once when a client that does not read
    /// has let the queue fill up.
    pub(super) fn close(&self, code: u16, reason: &'static str) {
        if self.outgoing.try_send(Outgoing::Close { code, reason }).is_err() {
            self.cut.notify_one();
        }
    }

    pub(super) fn touch(&self) {
        self.last_active.store(SystemClock.now().as_millis(), Ordering::Relaxed);
        self.active.notify_one();
    }

    pub(super) fn last_active(&self) -> u64 {
        self.last_active.load(Ordering::Relaxed)
    }
}

/// All open sockets by id.
#[derive(Debug, Default)]
pub(super) struct Registry(Mutex<HashMap<String, Arc<Entry>>>);

impl Registry {
    fn with<T>(&self, act: impl FnOnce(&mut HashMap<String, Arc<Entry>>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn insert(&self, entry: Arc<Entry>) {
        self.with(|entries| entries.insert(entry.session.connection_id.clone(), entry));
    }

    pub(super) fn remove(&self, id: &str) -> Option<Arc<Entry>> {
        self.with(|entries| entries.remove(id))
    }

    pub(super) fn find(&self, id: &str) -> Option<Arc<Entry>> {
        self.with(|entries| entries.get(id).cloned())
    }

    pub(super) fn len(&self) -> usize {
        self.with(|entries| entries.len())
    }

    pub(super) fn close_all(&self) {
        let entries: Vec<Arc<Entry>> = self.with(|entries| entries.values().cloned().collect());
        for entry in entries {
            entry.close(1001, "Going away");
        }
    }
}
