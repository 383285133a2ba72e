//! Calls that a client answers.

use std::time::Duration;

use hubcast_backend::{ClientAnswer, Invocations, InvokeError};
use hubcast_model::ports::{
    ChannelStore, ClientResult, NotificationSender, ResultStore, SocketStore,
};
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

/// The type of an answer that is encoded as a hub protocol encodes it.
const ENCODED: &str = "application/octet-stream";

/// The body that tells a client's result.
#[derive(Serialize)]
struct ResultBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a RawValue>,
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
    let answer = timeout_at(deadline, invocation).await;
    let answer = answer.unwrap_or(Err(InvokeError::TimedOut(patience)))?;
    if wants_record(call) {
        let record = answer.to_record().ok_or_else(unreadable)?;
        return Ok(answer::record(request.route.ok, record));
    }
    plain(request.route.ok, &answer)
}

/// Whether the caller asks for what a hub protocol encodes, as the SDK does since 2026.
fn wants_record(call: &Call<'_>) -> bool {
    let types = call.header("accept").unwrap_or_default().split(',');
    let mut names = types.map(|one| one.split(';').next().unwrap_or_default().trim());
    names.any(|name| name.eq_ignore_ascii_case(ENCODED))
}

/// The answer in the words of the reference. A client's error is the caller's: the SDK shows the
/// text of this status only, and calls nobody again for it.
fn plain(status: u16, answer: &ClientAnswer) -> Answer {
    let body = match &answer.result {
        ClientResult::Void => ResultBody { result: None },
        ClientResult::Value(json) => {
            let json: &RawValue = serde_json::from_str(json).map_err(|_| unreadable())?;
            ResultBody { result: Some(json) }
        }
        ClientResult::Error(error) => {
            return Err(Refusal::new(400, "Error.Connection.InvocationFailed", error.clone()));
        }
    };
    Ok(answer::json(status, &body))
}

fn unreadable() -> Refusal {
    Refusal::new(424, "Error.Connection.InvocationFailed", "The client's answer cannot be read.")
}
