//! Invocations of a client that answers.
//!
//! The invocation goes through the queue like everything else that a client
//! gets, so it does not overtake what was sent before. The answer comes as a
//! frame to another function, which leaves it in the table, where it is looked
//! for until it is there or the time is over.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::envelope::Envelope;
use super::send::{check_record, fresh_key};
use super::{Backend, BackendError, Payload, Sending};
use hubcast_model::envelope::Content;
use hubcast_model::frame::content_text;
use hubcast_model::id::{ConnectionId, HubName};
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientResult, ClientStore, GrantStore,
    InboxStore, InvocationKey, MembershipStore, NotificationSender, PendingStore, ResultStore,
    SessionStore, ShardStore, SocketStore, UsageStore,
};
use hubcast_model::recipient::Recipient;
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
    /// It did not come to that.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

impl<S, Q, C> Backend<S, Q, C>
where
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
    /// Calls a method of a client and answers its result as JSON, `None` when it has none.
    pub async fn invoke(
        &self,
        (hub, connection): (&HubName, &ConnectionId),
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
        if self.connection(hub, connection).await.map_err(BackendError::from)?.is_none() {
            return Err(BackendError::NoConnection.into());
        }
        let (hub, connection) = (hub.clone(), connection.clone());
        let key = InvocationKey { hub, connection, invocation };
        let until = Instant::now() + patience;
        let expires = self.clock.now().plus(patience + ROW_GRACE);
        self.store.expect_result(&key, expires).await.map_err(BackendError::from)?;
        // From here on nothing may look as if the client had not been called.
        self.enqueue_invocation(&key, payload).await.map_err(InvokeError::Unsure)?;
        let answer = timeout_at(until + LAST_LOOK, self.answer(&key, until)).await.ok().flatten();
        self.forget(&key).await;
        match answer {
            Some(ClientResult::Void) => Ok(None),
            Some(ClientResult::Value(json)) => Ok(Some(json)),
            Some(ClientResult::Error(error)) => Err(InvokeError::Failed(error)),
            None => Err(InvokeError::TimedOut(patience)),
        }
    }

    async fn enqueue_invocation(
        &self,
        key: &InvocationKey,
        payload: &Payload,
    ) -> Result<(), BackendError> {
        let recipient = Recipient::Connection(key.connection.clone());
        let envelope = Envelope {
            invocation_id: Some(&key.invocation),
            target: Some(&payload.target),
            arguments: Some(&payload.arguments),
            ..Envelope::to(&key.hub, &recipient)
        };
        self.enqueue(&Sending::plain(&key.hub, &recipient), envelope.json()).await
    }

    async fn answer(&self, key: &InvocationKey, until: Instant) -> Option<ClientResult> {
        let mut pause = FIRST_PAUSE;
        loop {
            let answer = self.store.result(key).await.unwrap_or_else(|err| {
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
        match timeout(LAST_LOOK, self.store.forget_result(key)).await {
            Ok(Ok(())) => {}
            Ok(Err(err)) => {
                tracing::warn!(error = %chain(&err), "the row of an answer stays until it ends");
            }
            Err(_) => tracing::warn!("the row of an answer stays until it ends: the time is over"),
        }
    }
}
