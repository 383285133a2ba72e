//! One request to an endpoint: what it says, who signs it, and how long it may take.

use std::time::Duration;

use hubcast_auth::webhook::{SIGNATURE_HEADER, Signed, of_connection, of_request};
use hubcast_backend::webhook::{body, headers};
use hubcast_model::event::{Event, EventKind};
use hubcast_model::id::UserId;
use hubcast_model::ports::{
    AccessKeySource, Freshness, Webhook, WebhookAnswer, WebhookError, WebhookRequest,
};
use hubcast_model::settings::AccessKeys;
use hubcast_model::time::{Clock, Timestamp};
use hubcast_model::trace::TRACEPARENT;
use reqwest::Url;
use tokio::time::Instant;
use url::Position;

use crate::Courier;
use crate::fate::{DeliveryError, Try};

/// With less time than this nothing is begun.
const ATTEMPT_MIN: Duration = Duration::from_secs(1);

impl<W, Q, K, C, S> Courier<W, Q, K, C, S>
where
    W: Webhook,
    K: AccessKeySource,
    C: Clock,
{
    /// Posts an event to the endpoint at `url`, which may take no longer than one attempt and no
    /// longer than `most`.
    pub(crate) async fn post(
        &self,
        event: &Event,
        url: &str,
        turn: Try,
        most: Duration,
    ) -> Result<WebhookAnswer, DeliveryError> {
        let left = turn.deadline.saturating_duration_since(Instant::now());
        if left < ATTEMPT_MIN {
            return Err(DeliveryError::OutOfTime);
        }
        let url = Url::parse(url)
            .map_err(|err| DeliveryError::Unanswered(WebhookError::Broken(err.into())))?;
        let keys = self.keys.access_keys(Freshness::Cached).await.map_err(DeliveryError::Keys)?;
        let attempt = event.tries.saturating_add(turn.receives);
        let request = signed(&keys, event, &url, attempt, self.clock.now());
        let patience = left.min(most).min(self.limits.attempt);
        let answer =
            self.webhook.post(request, patience).await.map_err(DeliveryError::Unanswered)?;
        // Azure knows no cancellation, so its apps have no function there.
        if !matches!(event.kind, EventKind::Cancelled { .. }) {
            self.wrong_addresses.note(&answer);
        }
        Ok(answer)
    }
}

/// The request for an event. The URL is sent as it is signed.
fn signed(
    keys: &AccessKeys,
    event: &Event,
    url: &Url,
    attempt: u32,
    now: Timestamp,
) -> WebhookRequest {
    let (mut headers, body) = (headers(event, attempt), body(event));
    let client = &event.client;
    let (hub, connection) = (client.hub.as_str(), client.connection.as_str());
    headers.push(("X-ASRS-Signature", of_connection(keys, connection)));
    let signed = Signed {
        hub,
        connection,
        user: client.user.as_ref().map(UserId::as_str).unwrap_or_default(),
        target: &url[Position::BeforePath..Position::AfterQuery],
        headers: &headers,
        body: &body,
    };
    let signature = of_request(keys, &signed, now);
    headers.push((SIGNATURE_HEADER, signature));
    // Not signed: whoever stands in between may continue the trace.
    headers.extend(event.trace.as_ref().map(|trace| (TRACEPARENT, trace.to_string())));
    WebhookRequest { url: url.to_string(), headers, body }
}
