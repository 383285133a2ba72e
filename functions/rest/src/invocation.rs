//! Calls that a client answers.

use std::time::Duration;

use hubcast_backend::{Invocations, InvokeError};
use hubcast_model::ports::{ChannelStore, NotificationSender, ResultStore, SocketStore};
use hubcast_model::time::Clock;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::time::timeout_at;

use crate::Call;
use crate::answer::{self, Answer, Refusal};
use crate::body::Content;
use crate::request::Request;

/// How much earlier than everything else an invocation is given up.
const FOR_THE_ANSWER: Duration = Duration::from_millis(100);

/// The body that tells a client's result.
#[derive(Serialize)]
struct ResultBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Box<RawValue>>,
}

/// Calls a client and tells what it answers within `patience`.
pub(crate) async fn invoke<S, Q, C>(
    invocations: &Invocations<'_, S, Q, C>,
    call: &Call<'_>,
    request: &Request<'_>,
    patience: Duration,
) -> Answer
where
    S: ChannelStore + SocketStore + ResultStore,
    Q: NotificationSender,
    C: Clock,
{
    let (payload, connection) = (Content::read(call.event)?.payload()?, request.connection()?);
    let invocation = invocations.invoke(&connection, &payload, patience);
    // Before any other status is due, after which the SDK would invoke once more.
    let deadline = call.deadline.checked_sub(FOR_THE_ANSWER).unwrap_or(call.deadline);
    let result = timeout_at(deadline, invocation).await;
    let result = result.unwrap_or(Err(InvokeError::TimedOut(patience)))?;
    let result = result.map(|json| RawValue::from_string(json).map_err(|_| unreadable()));
    Ok(answer::json(request.route.ok, &ResultBody { result: result.transpose()? }))
}

fn unreadable() -> Refusal {
    Refusal::new(424, "Error.Connection.InvocationFailed", "The client's answer cannot be read.")
}
