//! Endpoints that are not at the upstream URL: a redirect, which nobody follows, or nothing there.

use std::sync::{Mutex, PoisonError};

use hubcast_model::ports::WebhookAnswer;
use serde::Serialize;

/// An answer by which an endpoint says that it is elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WrongAddress {
    /// The status of the last such answer.
    pub status: u16,
    /// Where the endpoint is instead, if the answer says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// How many such answers there were.
    pub times: u64,
}

/// The answers of this kind, as far as this instance has seen them.
#[derive(Debug, Default)]
pub struct WrongAddresses(Mutex<Option<WrongAddress>>);

impl WrongAddresses {
    /// The last one, if there was any.
    pub fn last(&self) -> Option<WrongAddress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forgets all.
    pub fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Notes an answer if it is one of these. Alarms and `hubcast doctor` find the line of the log.
    pub(crate) fn note(&self, answer: &WebhookAnswer) {
        let WebhookAnswer { status, location, .. } = answer;
        if !matches!(status, 300..=399 | 404) {
            return;
        }
        tracing::warn!(
            status,
            location = location.as_deref().unwrap_or_default(),
            "no endpoint is at the upstream URL: set the exact address, since hubcast follows no redirects"
        );
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let times = last.as_ref().map_or(0, |last| last.times) + 1;
        *last = Some(WrongAddress { status: *status, location: location.clone(), times });
    }
}
