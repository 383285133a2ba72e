//! The variables of what backends hear of clients.

use std::time::Duration;

use aws_config::SdkConfig;
use hubcast_core::upstream::{ClaimPolicy, Upstream};

use super::reader::Reader;
use crate::upstream::{SqsUpstream, UpstreamUrls};

/// What asking backends needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamConfig {
    /// `UPSTREAM_QUEUE_URL`, `TIMERS_QUEUE_URL`
    pub urls: UpstreamUrls,
    /// `UPSTREAM_TIMEOUT_SECONDS`
    pub timeout: Duration,
}

impl UpstreamConfig {
    /// The way to backends that this describes.
    pub fn start(self, sdk: &SdkConfig) -> Upstream<SqsUpstream> {
        Upstream::new(SqsUpstream::new(sdk, self.urls), self.timeout)
    }
}

impl Reader<'_> {
    /// The claims that backends are told of.
    pub(super) fn told_claims(&self) -> ClaimPolicy {
        if self.has_upstream() {
            ClaimPolicy::naming(self.list("UPSTREAM_CLAIMS"))
        } else {
            ClaimPolicy::default()
        }
    }

    /// Whether backends hear of clients.
    pub(super) fn has_upstream(&self) -> bool {
        self.optional("UPSTREAM_QUEUE_URL").is_some()
    }

    /// The outer `None` for a fault, the inner one when backends hear of nothing.
    #[expect(clippy::option_option, reason = "every variable is read like this")]
    pub(super) fn upstream_urls(&mut self) -> Option<Option<UpstreamUrls>> {
        if !self.has_upstream() {
            return Some(None);
        }
        let (events, timers) = (self.url("UPSTREAM_QUEUE_URL"), self.url("TIMERS_QUEUE_URL"));
        Some(Some(UpstreamUrls { events: events?, timers: timers? }))
    }

    /// The same, and how long an invocation waits for its answer.
    #[expect(clippy::option_option, reason = "every variable is read like this")]
    pub(super) fn upstream(&mut self) -> Option<Option<UpstreamConfig>> {
        let urls = self.upstream_urls();
        // SQS delays no message for longer than 15 minutes.
        let seconds = self.number("UPSTREAM_TIMEOUT_SECONDS", 1..=900, 30)?;
        let timeout = Duration::from_secs(u64::from(seconds));
        Some(urls?.map(|urls| UpstreamConfig { urls, timeout }))
    }
}
