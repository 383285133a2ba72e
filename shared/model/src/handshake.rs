//! How long a handshake may take, for those who answer it and for those who wait.

use std::time::Duration;

/// The answer to a handshake is sent within this time after the handshake began, or never. It is
/// less than the function may run.
pub const ANSWER_MAX: Duration = Duration::from_secs(8);
/// For so long after a handshake began, a sender asks whether the handshake is through. This is
/// [`ANSWER_MAX`], the time of one post, and some seconds by which clocks may differ.
pub const JOINING_MAX: Duration = Duration::from_secs(20);
