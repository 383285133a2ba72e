//! What an operator may set about lines.

use std::time::Duration;

/// The settings of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineSettings {
    /// How long a client may be away. Nobody may come back when this is zero.
    pub window: Duration,
    /// The most that the records of a log take together, in bytes.
    pub room: usize,
    /// A client comes back to a line whose old socket the gateway still has, if the gateway heard of
    /// this socket within that time. Nobody does when this is zero.
    ///
    /// A client that hears nothing for 30 seconds gives its connection up, tries to come back all
    /// the same, and cannot use the socket. Such a client has not pinged for a while.
    pub quiet: Duration,
}

impl Default for LineSettings {
    fn default() -> Self {
        Self { window: Duration::from_secs(30), room: 100_000, quiet: Duration::from_secs(20) }
    }
}
