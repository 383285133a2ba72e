//! What a single client takes part in: invocations that it answers, streams, commands.

use std::time::Duration;

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use hubcast_auth::jwks::KeySource;
use hubcast_backend::{Filter, InvokeError, Sending, StreamEnd};
use hubcast_model::ports::{
    AccessKeySource, BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, GrantStore,
    InboxStore, MembershipStore, NotificationSender, PendingStore, ResultStore, SessionStore,
    ShardStore, SocketStore, UsageStore,
};
use hubcast_model::recipient::Recipient;
use hubcast_model::time::Clock;
use serde_json::value::RawValue;
use tokio::time::timeout_at;

use crate::answer::{self, Refusal};
use crate::body::Content;
use crate::operation::{done, idempotency_key};
use crate::request::Request;
use crate::{Call, Rest};

/// How much earlier than everything else an invocation is given up.
const FOR_THE_ANSWER: Duration = Duration::from_millis(100);

type Answer = Result<ApiGatewayV2httpResponse, Refusal>;

/// The body of an answered invocation.
#[derive(serde::Serialize)]
struct Answered {
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Box<RawValue>>,
}

impl<K, A, S, Q, C> Rest<K, A, S, Q, C>
where
    K: KeySource,
    A: AccessKeySource,
    S: SocketStore
        + ClaimStore
        + SessionStore
        + ClientStore
        + PendingStore
        + ChannelStore
        + ShardStore
        + BoardStore
        + InboxStore
        + UsageStore
        + MembershipStore
        + BlockStore
        + GrantStore
        + ResultStore,
    Q: NotificationSender,
    C: Clock,
{
    pub(crate) async fn execute(&self, call: &Call<'_>, request: &Request<'_>) -> Answer {
        let filter = request.text("filter")?.filter(|filter| !filter.trim().is_empty());
        let filter = filter.map(Filter::parse).transpose();
        let filter = filter.map_err(|err| Refusal::bad(format!("'filter' is wrong: {err}")))?;
        let commands = Content::read(call.event)?.commands()?;
        self.backend.execute(&request.hub, filter.as_ref(), &commands).await?;
        Ok(answer::empty(request.route.ok))
    }

    pub(crate) async fn invoke(&self, call: &Call<'_>, request: &Request<'_>) -> Answer {
        let payload = Content::read(call.event)?.payload()?;
        let whom = (&request.hub, &request.connection()?);
        let invocation = self.backend.invoke(whom, &payload, self.invoke_timeout);
        // Before any other status is due, after which the SDK would invoke once more.
        let deadline = call.deadline.checked_sub(FOR_THE_ANSWER).unwrap_or(call.deadline);
        let result = timeout_at(deadline, invocation).await;
        let result = result.unwrap_or(Err(InvokeError::TimedOut(self.invoke_timeout)))?;
        let result = result.map(|json| RawValue::from_string(json).map_err(|_| unreadable()));
        Ok(answer::json(request.route.ok, &Answered { result: result.transpose()? }))
    }

    pub(crate) async fn stream_send(&self, call: &Call<'_>, request: &Request<'_>) -> Answer {
        let (item, completed) = (Content::read(call.event)?.item()?, request.flag("completed")?);
        let end = completed.then_some(StreamEnd { error: None });
        self.stream(call, request, Some(&item), end).await
    }

    pub(crate) async fn stream_complete(&self, call: &Call<'_>, request: &Request<'_>) -> Answer {
        // The reference says 'reason', the SDK 'error'.
        let error = request.text("reason")?.or(request.text("error")?);
        self.stream(call, request, None, Some(StreamEnd { error })).await
    }

    async fn stream(
        &self,
        call: &Call<'_>,
        request: &Request<'_>,
        item: Option<&RawValue>,
        end: Option<StreamEnd<'_>>,
    ) -> Answer {
        let recipient = Recipient::Connection(request.connection()?);
        let sending = Sending {
            hub: &request.hub,
            recipient: &recipient,
            excluded: &[],
            idempotency_key: idempotency_key(call)?,
        };
        self.backend.stream(&sending, request.stream()?, item, end).await?;
        Ok(done(request))
    }
}

fn unreadable() -> Refusal {
    Refusal::new(424, "Error.Connection.InvocationFailed", "The client's answer cannot be read.")
}
