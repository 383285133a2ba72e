//! How a connection stands with the endpoint that hears of it.

use std::time::Duration;

/// How long a uptake is kept: as long as the upstream queue keeps events.
pub const UPTAKE_LIFETIME: Duration = Duration::from_hours(96);

/// Whether an endpoint has taken the beginning of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uptake {
    /// It has, or it never hears of beginnings.
    Taken,
    /// It was told in vain, and will be told again.
    Owed,
    /// It refused the connection. The connection is closed, and nothing of it is told any more.
    Refused,
}
