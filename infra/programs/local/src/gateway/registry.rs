//! The open sockets, and the way to write to each.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hubcast_model::time::{Clock, SystemClock};
use tokio::sync::{Notify, mpsc};

use super::event::Session;

/// The most frames that wait for a socket; the gateway throttles further posts.
const BUFFERED_FRAMES: usize = 512;

/// An item that the gateway writes to a socket.
#[derive(Debug)]
pub(super) enum SocketWrite {
    /// A frame of text.
    Text(String),
    /// A close, with its code and reason of RFC 6455.
    Close { code: u16, reason: &'static str },
}

/// One open socket.
#[derive(Debug)]
pub(super) struct Entry {
    /// The session, as events show the session.
    pub(super) session: Session,
    /// Notified of every frame, in either direction.
    pub(super) active: Notify,
    /// Notified when the socket has to end at once, before the frames that wait.
    pub(super) cut: Notify,
    /// When the last frame passed, in milliseconds since 1970.
    last_active: AtomicU64,
    /// The queue of items for the socket.
    outgoing: mpsc::Sender<SocketWrite>,
}

/// Why a socket does not take a frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SendError {
    /// The socket has ended.
    Gone,
    /// Too many frames wait for the socket.
    Full,
}

impl Entry {
    pub(super) fn new(session: Session) -> (Arc<Self>, mpsc::Receiver<SocketWrite>) {
        let (outgoing, queue) = mpsc::channel(BUFFERED_FRAMES);
        let last_active = AtomicU64::new(session.connected_at);
        let (active, cut) = (Notify::new(), Notify::new());
        (Arc::new(Self { session, active, cut, last_active, outgoing }), queue)
    }

    /// Queues a frame of text.
    pub(super) fn send(&self, text: String) -> Result<(), SendError> {
        use mpsc::error::TrySendError::{Closed, Full};
        self.outgoing.try_send(SocketWrite::Text(text)).map_err(|err| match err {
            Closed(_) => SendError::Gone,
            Full(_) => SendError::Full,
        })
    }

    /// Ends the socket after the frames that wait; ends the socket at once when the queue is full,
    /// since the client does not read.
    pub(super) fn close(&self, code: u16, reason: &'static str) {
        if self.outgoing.try_send(SocketWrite::Close { code, reason }).is_err() {
            self.cut.notify_one();
        }
    }

    /// Notes that a frame passed now.
    pub(super) fn touch(&self) {
        self.last_active.store(SystemClock.now().as_millis(), Ordering::Relaxed);
        self.active.notify_one();
    }

    /// When the last frame passed, in milliseconds since 1970.
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
