//! The sockets that are open, and the way to write to them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hubcast_core::time::{Clock, SystemClock};
use tokio::sync::mpsc;

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
    pub(super) connected_at: u64,
    pub(super) source_ip: String,
    pub(super) user_agent: String,
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
    pub(super) fn new(
        connected_at: u64,
        source_ip: String,
        user_agent: String,
    ) -> (Arc<Self>, mpsc::Receiver<Outgoing>) {
        let (outgoing, queue) = mpsc::channel(BUFFERED_FRAMES);
        let last_active = AtomicU64::new(connected_at);
        (Arc::new(Self { connected_at, source_ip, user_agent, last_active, outgoing }), queue)
    }

    pub(super) fn send(&self, frame: Outgoing) -> Result<(), NotTaken> {
        use mpsc::error::TrySendError::{Closed, Full};
        self.outgoing.try_send(frame).map_err(|err| match err {
            Closed(_) => NotTaken::Gone,
            Full(_) => NotTaken::Full,
        })
    }

    pub(super) fn touch(&self) {
        self.last_active.store(SystemClock.now().as_millis(), Ordering::Relaxed);
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

    pub(super) fn insert(&self, id: &str, entry: Arc<Entry>) {
        self.with(|entries| entries.insert(id.to_owned(), entry));
    }

    pub(super) fn remove(&self, id: &str) {
        self.with(|entries| entries.remove(id));
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
            // A socket that cannot take the close frame is full or closing already.
            let _ = entry.send(Outgoing::Close { code: 1001, reason: "Going away" });
        }
    }
}
