//! Streams that a client asked for: items, and their end.

use serde_json::value::RawValue;

use super::envelope::Envelope;
use super::send::check_record;
use super::{Backend, BackendError, Sending};
use hubcast_model::envelope::Answer;
use hubcast_model::frame::answer_message;
use hubcast_model::ports::{
    BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, GrantStore, InboxStore,
    MembershipStore, NotificationSender, PendingStore, SessionStore, ShardStore, SocketStore,
    UsageStore,
};
use hubcast_model::time::Clock;

/// The end of a stream.
#[derive(Debug, Clone, Copy)]
pub struct StreamEnd<'a> {
    /// The text of the client's error; none when the stream is complete.
    pub error: Option<&'a str>,
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
        + GrantStore,
    Q: NotificationSender,
    C: Clock,
{
    /// Sends an item of a stream, the end of it, or both.
    pub async fn stream(
        &self,
        sending: &Sending<'_>,
        stream_id: &str,
        item: Option<&RawValue>,
        end: Option<StreamEnd<'_>>,
    ) -> Result<(), BackendError> {
        let shown = item.map(|item| Answer::Item(item.to_owned()));
        let error = end.and_then(|end| end.error).map(|error| Answer::Error(error.to_owned()));
        for answer in shown.into_iter().chain(error) {
            check_record(answer_message(stream_id.to_owned(), &answer).encode().len())?;
        }
        let part = || Envelope {
            invocation_id: Some(stream_id),
            ..Envelope::to(sending.hub, sending.recipient)
        };
        let item = item.map(|item| Envelope { item: Some(item), ..part() }.json());
        let end = end.map(|end| Envelope { error: end.error, ..part() }.json());
        let parts: Vec<String> = item.into_iter().chain(end).collect();
        self.enqueue(sending, format!("[{}]", parts.join(","))).await
    }
}
