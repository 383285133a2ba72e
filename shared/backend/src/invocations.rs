//! Invocations of a client that answers.
//!
//! The invocation goes through the queue like everything else that a client
//! gets, so it does not overtake what was sent before. The answer comes as a
//! frame to another function, which leaves it in the table. There it is looked
//! for until it is found, the connection has ended, or the time is over. An
//! answer that API Gateway does not take ends its connection.

use std::time::Duration;

use serde_json::value::RawValue;
use signalr_protocol::message::{Completion, HubMessage, Outcome};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::sender::{check_record, fresh_key};
use super::{BackendError, Payload, Roster, Sender};
use hubcast_model::envelope::Content;
use hubcast_model::frame::content_text;
use hubcast_model::id::ConnectionId;
use hubcast_model::message_group::MessageGroup;
use hubcast_model::ports::{
    ChannelStore, ClientResult, InvocationKey, NotificationSender, ResultStore, SocketStore,
};
use hubcast_model::report::chain;
use hubcast_model::time::Clock;

/// How long lies between two looks at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(4);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// Each pause is this part of the time that has passed: who answers soon is heard soon, and who
/// takes long costs few looks.
const PAUSE_PART: u32 = 4;
/// How long what comes after the time that was asked for may take.
const LAST_LOOK: Duration = Duration::from_secs(1);
/// How much longer than it is waited for an answer has a row to go to.
const ROW_GRACE: Duration = Duration::from_mins(1);

/// Why an invocation has no result.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The connection ended, and its client did not answer.
    #[error("the connection ended before its client answered")]
    Gone,
    /// The client did not answer in time.
    #[error("the client did not answer within {0:?}")]
    TimedOut(Duration),
    /// The queue did not answer; the client may be called all the same.
    #[error("it is not known whether the client is called")]
    Unsure(#[source] BackendError),
    /// The client was not called.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

/// How a wait ended.
enum Wait {
    Answered(ClientResult),
    /// The connection has ended.
    Gone,
    /// The time is over.
    Over,
}

/// What a client answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientAnswer {
    /// The id of the invocation.
    invocation: String,
    /// The answer.
    pub result: ClientResult,
}

impl ClientAnswer {
    /// The answer as the JSON hub protocol encodes it: one record. `None` when its result is no JSON.
    pub fn to_record(&self) -> Option<String> {
        let outcome = match &self.result {
            ClientResult::Void => Outcome::Void,
            ClientResult::Value(json) => Outcome::Result(RawValue::from_string(json.clone()).ok()?),
            ClientResult::Error(error) => Outcome::Error(error.clone()),
        };
        let completion = Completion { invocation_id: self.invocation.clone(), outcome };
        Some(HubMessage::Completion(completion).encode())
    }
}

/// Calls that clients of a hub answer.
#[derive(Debug)]
pub struct Invocations<'a, S, Q, C> {
    roster: Roster<'a, S, C>,
    sender: Sender<'a, Q>,
}

impl<'a, S, Q, C> Invocations<'a, S, Q, C> {
    pub(crate) const fn new(roster: Roster<'a, S, C>, sender: Sender<'a, Q>) -> Self {
        Self { roster, sender }
    }
}

impl<S, Q, C> Invocations<'_, S, Q, C>
where
    S: ChannelStore + SocketStore + ResultStore,
    Q: NotificationSender,
    C: Clock,
{
    /// Calls a method of a client and tells what the client answers.
    pub async fn invoke(
        &self,
        connection: &ConnectionId,
        payload: &Payload,
        patience: Duration,
    ) -> Result<ClientAnswer, InvokeError> {
        let invocation = fresh_key();
        let call = Content::Invoke {
            connection: connection.clone(),
            invocation_id: invocation.clone(),
            target: payload.target.clone(),
            arguments: payload.arguments.clone(),
        };
        check_record(content_text(&call).map_or(0, |record| record.len()))?;
        if self.roster.connection(connection).await.map_err(BackendError::from)?.is_none() {
            return Err(BackendError::NoConnection.into());
        }
        let table = self.roster.table;
        let (hub, connection) = (self.roster.hub.clone(), connection.clone());
        let order = MessageGroup::of_connection(&hub, &connection);
        let key = InvocationKey { hub, connection, invocation };
        let until = Instant::now() + patience;
        let expires = table.clock.now().plus(patience + ROW_GRACE);
        table.store.expect_result(&key, expires).await.map_err(BackendError::from)?;
        // From here on nothing may look as if the client had not been called.
        let sent = self.sender.enqueue(order, call).await;
        sent.map_err(|err| InvokeError::Unsure(err.into()))?;
        let answer = timeout_at(until + LAST_LOOK, self.answer(&key, until)).await;
        self.forget(&key).await;
        match answer {
            Ok(Wait::Answered(result)) => Ok(ClientAnswer { invocation: key.invocation, result }),
            Ok(Wait::Gone) => Err(InvokeError::Gone),
            Ok(Wait::Over) | Err(_) => Err(InvokeError::TimedOut(patience)),
        }
    }

    async fn answer(&self, key: &InvocationKey, until: Instant) -> Wait {
        let (began, mut is_last) = (Instant::now(), false);
        loop {
            if let Some(result) = self.look(key).await {
                return Wait::Answered(result);
            }
            if is_last {
                return Wait::Gone;
            }
            if Instant::now() >= until {
                return Wait::Over;
            }
            let pause = (began.elapsed() / PAUSE_PART).clamp(FIRST_PAUSE, LONGEST_PAUSE);
            // What a client sent before it went may still be on its way to the table.
            is_last = pause == LONGEST_PAUSE && self.is_gone(key).await;
            sleep(pause).await;
        }
    }

    async fn look(&self, key: &InvocationKey) -> Option<ClientResult> {
        self.roster.table.store.result(key).await.unwrap_or_else(|err| {
            tracing::warn!(error = %chain(&err), "an answer is looked for again");
            None
        })
    }

    /// Whether the connection has ended. One that cannot be looked for counts as there.
    async fn is_gone(&self, key: &InvocationKey) -> bool {
        self.roster.connection(&key.connection).await.is_ok_and(|member| member.is_none())
    }

    /// Removes the row of an answer. What stays behind ends by itself.
    async fn forget(&self, key: &InvocationKey) {
        match timeout(LAST_LOOK, self.roster.table.store.forget_result(key)).await {
            Ok(Ok(())) => {}
            Ok(Err(err)) => {
                tracing::warn!(error = %chain(&err), "the row of an answer stays until it ends");
            }
            Err(_) => tracing::warn!("the row of an answer stays until it ends: the time is over"),
        }
    }
}
