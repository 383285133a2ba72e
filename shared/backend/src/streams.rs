//! Streams that clients asked for.

use serde_json::value::RawValue;

use super::{BackendError, Roster, Sender, StreamEnd, StreamSending};
use hubcast_model::ports::{ChannelStore, NotificationSender, PendingStore, SocketStore};
use hubcast_model::time::Clock;

/// The streams of a hub.
#[derive(Debug)]
pub struct Streams<'a, S, Q, C> {
    roster: Roster<'a, S, C>,
    sender: Sender<'a, Q>,
}

impl<'a, S, Q, C> Streams<'a, S, Q, C> {
    pub(crate) const fn new(roster: Roster<'a, S, C>, sender: Sender<'a, Q>) -> Self {
        Self { roster, sender }
    }
}

impl<S, Q, C> Streams<'_, S, Q, C>
where
    S: ChannelStore + PendingStore + SocketStore,
    Q: NotificationSender,
    C: Clock,
{
    /// Sends an item of a stream, and its end if that is said. Refuses an item that nobody would
    /// hear: whoever makes the items can stop. Answers the
    /// queue's id of the message.
    pub async fn send(
        &self,
        sending: &StreamSending<'_>,
        item: &RawValue,
        end: Option<StreamEnd<'_>>,
    ) -> Result<Vec<String>, BackendError> {
        let member = self.roster.connection(sending.connection).await?;
        let socket = member.ok_or(BackendError::NoConnection)?.socket;
        if self.roster.table.store.is_settled(&socket, sending.stream_id).await? {
            return Err(BackendError::NoStream);
        }
        self.sender.stream(sending, Some(item), end).await
    }

    /// Ends a stream; answers the queue's id of the message. Nothing happens to a stream that has
    /// ended.
    pub async fn end(
        &self,
        sending: &StreamSending<'_>,
        end: StreamEnd<'_>,
    ) -> Result<Vec<String>, BackendError> {
        self.sender.stream(sending, None, Some(end)).await
    }
}
