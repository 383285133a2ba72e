//! The journey of a message, and of a connection, as log lines tell it.
//!
//! Each line is an event of `tracing` under the target [`TARGET`]. Its `step` is
//! one of [`Step`], and its fields are an interface, see
//! `docs/OPERATIONS.md#log-lines`. The lines of one message share its
//! `message_id`, the lines of one connection its `connection_id`.
//!
//! No line holds a payload or a token, and names of users and groups pass through
//! [`names`]. Whoever reads a log finds [`Line`]s in it: [`fate`] tells from
//! them what became of a message, and [`story`] what happened to a user or to a
//! connection.

pub mod audit;
pub mod connection;
pub mod fate;
pub mod line;
pub mod names;
mod origin;
pub mod story;

use std::sync::OnceLock;

use names::Naming;
use serde::Serialize;

pub use line::Line;
pub use origin::Origin;

/// The target of the lines.
pub const TARGET: &str = "journey";

/// The target of lines for audits: who did what to whom, by which message.
pub const AUDIT: &str = "audit";

/// A step of a message or of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The REST API put a message on the queue.
    Accepted,
    /// Jobs carry an element out.
    HandedOn,
    /// An element, or a job, comes again.
    Held,
    /// An element, or a job, goes on where an earlier invocation stopped.
    Resumed,
    /// Somebody got the message, and nobody else is to get it.
    Delivered,
    /// A change was made.
    Changed,
    /// The message waits for its user, or is retained.
    Kept,
    /// A connection that came later got the message.
    Replayed,
    /// The message was too old to be worth delivering.
    Expired,
    /// Nobody got the message, and nobody will.
    Undeliverable,
    /// The element is a dead letter.
    Rejected,
    /// A client got the id of a connection.
    Negotiated,
    /// A socket is open.
    Connected,
    /// A connection hears what is sent.
    Ready,
    /// A connection was not let in.
    Refused,
    /// A client is told to go, or its socket is cut.
    Closing,
    /// A connection has ended.
    Closed,
}

impl Step {
    /// All steps, in the order of a journey.
    pub const ALL: [Self; 17] = [
        Self::Accepted,
        Self::HandedOn,
        Self::Held,
        Self::Resumed,
        Self::Delivered,
        Self::Changed,
        Self::Kept,
        Self::Replayed,
        Self::Expired,
        Self::Undeliverable,
        Self::Rejected,
        Self::Negotiated,
        Self::Connected,
        Self::Ready,
        Self::Refused,
        Self::Closing,
        Self::Closed,
    ];

    /// The field `step` of a line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::HandedOn => "handed_on",
            Self::Held => "held",
            Self::Resumed => "resumed",
            Self::Delivered => "delivered",
            Self::Changed => "changed",
            Self::Kept => "kept",
            Self::Replayed => "replayed",
            Self::Expired => "expired",
            Self::Undeliverable => "undeliverable",
            Self::Rejected => "rejected",
            Self::Negotiated => "negotiated",
            Self::Connected => "connected",
            Self::Ready => "ready",
            Self::Refused => "refused",
            Self::Closing => "closing",
            Self::Closed => "closed",
        }
    }

    /// The step of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == name)
    }

    /// Whether nothing more happens to an element, or a job, after this step.
    pub const fn is_end(self) -> bool {
        matches!(
            self,
            Self::Delivered
                | Self::Changed
                | Self::Kept
                | Self::Expired
                | Self::Undeliverable
                | Self::Rejected
        )
    }
}

/// How lines are written.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How lines name users and groups.
    pub naming: Naming,
    /// Of how many messages in a hundred every line is written. Of the others only the lines of what
    /// went wrong are.
    pub sample_percent: u8,
}

/// A process writes one log, so its settings are the process's own, as the subscriber of `tracing`
/// is.
static SETTINGS: OnceLock<Settings> = OnceLock::new();

/// Settles how this process writes lines; only the first call counts. Before it, lines name nobody.
pub fn start(settings: Settings) {
    // A second start has nothing to say: the log has begun.
    let _ = SETTINGS.set(settings);
}

/// How lines name users and groups.
pub(crate) fn naming() -> &'static Naming {
    SETTINGS.get().map_or(&Naming::Nothing, |settings| &settings.naming)
}

/// Whether the lines of this message are written that tell of no trouble. All functions decide alike,
/// by the id.
pub fn is_sampled(message_id: &str) -> bool {
    let percent = SETTINGS.get().map_or(100, |settings| settings.sample_percent);
    is_among(message_id, percent)
}

/// FNV-1a spreads ids that differ in little: <http://www.isthe.com/chongo/tech/comp/fnv/>.
fn is_among(message_id: &str, percent: u8) -> bool {
    let hash = message_id
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash % 100 < u32::from(percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_have_names_of_their_own() {
        for step in Step::ALL {
            assert_eq!(Step::named(step.as_str()), Some(step));
            assert_eq!(serde_json::to_value(step).unwrap(), step.as_str());
        }
        assert_eq!(Step::named("sent"), None);
    }

    #[test]
    fn a_sample_is_about_as_large_as_it_says_and_always_the_same() {
        let ids: Vec<String> =
            (0..10_000).map(|n| format!("059f36b4-87a3-44ab-83d2-{n:012}")).collect();
        let sampled = |percent| ids.iter().filter(|id| is_among(id, percent)).count();
        assert_eq!((sampled(0), sampled(100)), (0, 10_000));
        assert!((500..1500).contains(&sampled(10)), "{}", sampled(10));
        assert!(
            ids.iter().all(|id| !is_among(id, 10) || is_among(id, 20)),
            "a bigger sample has all"
        );
    }
}
