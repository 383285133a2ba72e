//! What an operator may set about lines.

use std::time::Duration;

/// The settings of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineSettings {
    /// How long a client may be away.
    pub window: Duration,
    /// The most that the records of a log take together, in bytes.
    pub room: usize,
}

impl Default for LineSettings {
    fn default() -> Self {
        Self { window: Duration::from_secs(30), room: 100_000 }
    }
}
