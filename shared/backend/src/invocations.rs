//! Invocations of a client that answers.
//!
//! The invocation goes through the queue like everything else that a client
//! gets, so it does not overtake what was sent before. The answer comes as a
//! frame to another function, which leaves it in the table. There it is looked
//! for until it is found or the time is over.

use std::time::Duration;

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
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// How long what comes after the time that was asked for may take.
const LAST_LOOK: Duration = Duration::from_secs(1);
/// How much longer than it is waited for an answer has a row to go to.
const ROW_GRACE: Duration = Duration::from_mins(1);

/// Why an invocation has no result.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The client answered with an error.
    #[error("{0}")]
    Failed(String),
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
    /// Calls a method of a client and answers its result as JSON, `None` when it has none.
    pub async fn invoke(
        &self,
        connection: &ConnectionId,
        payload: &Payload,
        patience: Duration,
    ) -> Result<Option<String>, InvokeError> {
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
        let answer = timeout_at(until + LAST_LOOK, self.answer(&key, until)).await.ok().flatten();
        self.forget(&key).await;
        match answer {
            Some(ClientResult::Void) => Ok(None),
            Some(ClientResult::Value(json)) => Ok(Some(json)),
            Some(ClientResult::Error(error)) => Err(InvokeError::Failed(error)),
            None => Err(InvokeError::TimedOut(patience)),
        }
    }

    async fn answer(&self, key: &InvocationKey, until: Instant) -> Option<ClientResult> {
        let mut pause = FIRST_PAUSE;
        loop {
            let answer = self.roster.table.store.result(key).await.unwrap_or_else(|err| {
                tracing::warn!(error = %chain(&err), "an answer is looked for again");
                None
            });
            if answer.is_some() || Instant::now() >= until {
                return answer;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
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
