//! How notifications are fanned out.

use std::time::Duration;

use hubcast_model::envelope::EnvelopeRules;
use hubcast_model::producers::Producers;
use hubcast_model::settings::Hubs;

/// How notifications are fanned out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FanoutSettings {
    /// How envelopes are read.
    pub rules: EnvelopeRules,
    /// Who may produce what.
    pub producers: Producers,
    /// The hubs there are, on which a block on all of them ends sockets.
    pub hubs: Hubs,
    /// The most posts under way at once.
    pub concurrency: usize,
    /// The most posts of this instance in a second.
    pub rate_max: u32,
    /// The most lines that jobs of this instance reach in a second.
    pub line_rate_max: u32,
    /// For how long an invocation retries posts, and cuts.
    pub retry_budget: Duration,
    /// How long a socket is left to read its Close before the socket is deleted.
    pub close_grace: Duration,
    /// The most sockets of an audience that are posted to directly; a bigger audience is cut into
    /// jobs.
    pub direct_max: usize,
    /// A notification that cannot be delivered is given up at this age.
    pub age_max: Duration,
}
