//! The variables of what backends hear of clients.

use std::time::Duration;

use aws_config::SdkConfig;
use hubcast_backend::webhook::Templates;
use hubcast_connection::upstream::Upstream;
use hubcast_model::client::ClaimPolicy;

use super::AccessKeySettings;
use super::reader::Reader;
use hubcast_aws::upstream::{AnswerUrls, SqsUpstream, UpstreamUrls};

/// What asking backends needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamConfig {
    /// `UPSTREAM_QUEUE_URL`, `TIMERS_QUEUE_URL`
    pub urls: UpstreamUrls,
    /// `UPSTREAM_TIMEOUT_SECONDS`
    pub timeout: Duration,
}

/// What delivering events to endpoints needs.
#[derive(Debug)]
pub struct WebhookConfig {
    /// `TABLE_NAME`
    pub table: String,
    /// `UPSTREAM_URL`, for the `HUBS` that there are
    pub templates: Templates,
    /// `UPSTREAM_QUEUE_URL`, `UPSTREAM_DLQ_URL`, `NOTIFICATIONS_QUEUE_URL`
    pub queues: AnswerUrls,
    /// `ACCESS_KEY_PARAMETER` or `ACCESS_KEYS`
    pub access_keys: AccessKeySettings,
    /// `UPSTREAM_ATTEMPT_SECONDS`
    pub attempt: Duration,
    /// `UPSTREAM_TIMEOUT_SECONDS`
    pub timeout: Duration,
    /// One more root certificate that endpoints may have, as PEM. Only the local stack has one.
    pub root: Option<Vec<u8>>,
}

impl WebhookConfig {
    pub(super) fn from_reader(reader: &mut Reader<'_>) -> Option<Self> {
        let (table, templates) = (reader.table(), reader.templates());
        let (events, notifications) =
            (reader.url("UPSTREAM_QUEUE_URL"), reader.url("NOTIFICATIONS_QUEUE_URL"));
        let (access_keys, timeout) = (reader.access_keys(), reader.upstream_timeout());
        let dead_events = reader.url("UPSTREAM_DLQ_URL");
        // The function has 30 seconds, and keeps some of them to tell what became of the event.
        let attempt = reader.number("UPSTREAM_ATTEMPT_SECONDS", 1..=28, 25);
        Some(Self {
            table: table?,
            templates: templates?,
            queues: AnswerUrls {
                events: events?,
                dead_events: dead_events?,
                notifications: notifications?,
            },
            access_keys: access_keys?,
            attempt: Duration::from_secs(u64::from(attempt?)),
            timeout: timeout?,
            root: None,
        })
    }
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
        let (urls, timeout) = (self.upstream_urls(), self.upstream_timeout());
        let (urls, timeout) = (urls?, timeout?);
        Some(urls.map(|urls| UpstreamConfig { urls, timeout }))
    }

    /// SQS delays no message for longer than 15 minutes.
    fn upstream_timeout(&mut self) -> Option<Duration> {
        let seconds = self.number("UPSTREAM_TIMEOUT_SECONDS", 1..=900, 30)?;
        Some(Duration::from_secs(u64::from(seconds)))
    }

    fn templates(&mut self) -> Option<Templates> {
        let text = self.required("UPSTREAM_URL", "a URL, or a list of URL templates")?;
        let templates = Templates::parse(&text);
        let templates = templates.and_then(|templates| templates.of_hubs(&self.known_hubs()));
        templates.map_err(|err| self.fault::<()>("UPSTREAM_URL", err)).ok()
    }
}
