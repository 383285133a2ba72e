//! What the records of one frame find out, so that none of them asks again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use hubcast_model::client::Client;
use hubcast_model::socket::Socket;

/// What is known since an earlier record of the frame.
#[derive(Debug, Default)]
pub(super) struct Known {
    socket: Mutex<Option<Look>>,
    client: Mutex<Option<Client>>,
    was_ready: AtomicBool,
}

/// The record of the caller's socket, which is ready.
#[derive(Debug, Clone)]
pub(super) struct Look {
    pub(super) socket: Socket,
    /// Whether the record was read strongly consistent.
    pub(super) is_certain: bool,
}

impl Known {
    /// The record of the caller's socket, as read before.
    pub(super) fn look(&self) -> Option<Look> {
        self.socket.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps the record of the caller's socket.
    pub(super) fn keep_look(&self, look: Look) {
        self.was_ready.store(true, Ordering::Relaxed);
        *self.socket.lock().unwrap_or_else(PoisonError::into_inner) = Some(look);
    }

    /// Whether the caller's socket was ready at an earlier record of the frame.
    pub(super) fn was_ready(&self) -> bool {
        self.was_ready.load(Ordering::Relaxed)
    }

    /// Forgets the record, which has changed.
    pub(super) fn forget_look(&self) {
        *self.socket.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The caller as backends know it, as read before.
    pub(super) fn client(&self) -> Option<Client> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps the caller as backends know it.
    pub(super) fn keep_client(&self, client: &Client) {
        *self.client.lock().unwrap_or_else(PoisonError::into_inner) = Some(client.clone());
    }
}
