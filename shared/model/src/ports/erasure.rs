//! All that the table holds of one user, as the rules see it.

use std::collections::BTreeSet;
use std::future::Future;

use super::StoreError;
use crate::id::{HubName, SocketId, UserId};

/// Rows that are of one user. The rows of a socket besides end with the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Personal<'a> {
    /// Lasting memberships and denials on a hub.
    Memberships(&'a HubName, &'a UserId),
    /// Messages that wait on a hub.
    Inbox(&'a HubName, &'a UserId),
    /// Retained values of the user's own board on a hub.
    Board(&'a HubName, &'a UserId),
    /// The block and the time of the last log-out on a hub; without a hub those for all hubs.
    Block(Option<&'a HubName>, &'a UserId),
    /// What backends are told of the client of a socket.
    Client(&'a SocketId),
    /// What the client of a socket asked backends.
    Calls(&'a SocketId),
    /// The line that stands for several sockets of a connection, with what was sent to it.
    Line(&'a SocketId),
}

/// What an operator finds and erases of one user.
pub trait ErasureStore: Send + Sync {
    /// The hubs on which a row holds the user's name, by a look at every row of the table.
    fn hubs_of(
        &self,
        user: &UserId,
    ) -> impl Future<Output = Result<BTreeSet<HubName>, StoreError>> + Send;

    /// How many rows there are, also such as have expired and are not yet deleted.
    fn count_personal(
        &self,
        what: Personal<'_>,
    ) -> impl Future<Output = Result<usize, StoreError>> + Send;

    /// Deletes the rows; answers how many there were. Safe to repeat.
    fn erase_personal(
        &self,
        what: Personal<'_>,
    ) -> impl Future<Output = Result<usize, StoreError>> + Send;
}
