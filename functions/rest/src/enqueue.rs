//! Envelopes by HTTP, for producers without AWS credentials.

use hubcast_auth::jwks::KeySource;
use hubcast_backend::Envelope;
use hubcast_model::envelope::{RejectReason, Rejection};
use hubcast_model::ports::{AccessKeySource, NotificationSender};
use hubcast_model::time::Clock;

use crate::answer::{self, Answer, Refusal};
use crate::body::Content;
use crate::permission::Permission;
use crate::request::Request;
use crate::{Call, Rest, Table, audit, sends};

impl<K, A, S, Q, C> Rest<K, A, S, Q, C>
where
    K: KeySource,
    A: AccessKeySource,
    S: Table,
    Q: NotificationSender,
    C: Clock,
{
    /// Enqueues an envelope, of which nothing would be rejected.
    pub(crate) async fn enqueue(
        &self,
        call: &Call<'_>,
        request: &Request<'_>,
        permission: &Permission,
    ) -> Answer {
        let Content::Json(text) = Content::read(call.event)? else {
            return Err(Refusal::bad("the body is wrong: an envelope is JSON"));
        };
        let envelope = Envelope::read(&text, &request.hub, self.implicit_broadcast)?;
        if !permission.allows_all(&self.producers, envelope.notifications()) {
            audit::refused(permission, request);
            let detail = "the access token does not allow all that the envelope asks for";
            return Err(Rejection::new(RejectReason::NotAllowed, detail).into());
        }
        let key = sends::idempotency_key(call)?;
        let ids = self.backend.sender(&request.hub).put_envelope(&envelope, key).await?;
        Ok(answer::with_ids(request.done(), &ids))
    }
}

impl From<Rejection> for Refusal {
    /// The reasons are those of dead letters.
    fn from(rejection: Rejection) -> Self {
        let status = match rejection.reason {
            RejectReason::TooLarge => 413,
            RejectReason::NotAllowed => 403,
            _ => 400,
        };
        Self::new(status, rejection.reason.as_str(), rejection.to_string())
    }
}
