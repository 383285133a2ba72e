//! What is put on the queue: messages, closes, parts of streams, commands.

use std::collections::BTreeSet;

use hubcast_backend::{
    Closing, Execution, Filter, Sender, Sending, StreamEnd, StreamSending, Streams,
};
use hubcast_model::audience::Audience;
use hubcast_model::id::ConnectionId;
use hubcast_model::ports::{
    ChannelStore, NotificationSender, PendingStore, ShardStore, SocketStore,
};
use hubcast_model::time::Clock;

use crate::Call;
use crate::answer::{self, Answer, Refusal};
use crate::body::Content;
use crate::request::Request;
use crate::route::Operation;

/// Of a request that is made twice with the same of this, one counts.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
const IDEMPOTENCY_KEY_MAX_BYTES: usize = 256;

/// Has the clients of audiences called, each audience for itself.
pub(crate) async fn send<Q: NotificationSender>(
    sender: &Sender<'_, Q>,
    call: &Call<'_>,
    request: &Request<'_>,
    audiences: &[Audience],
) -> Answer {
    let (payload, excluded) = (Content::read(call.event)?.payload()?, excluded(request)?);
    let (excluded, idempotency_key) = (&excluded, idempotency_key(call)?);
    let sending = |audience| Sending { audience, excluded, idempotency_key };
    let sendings: Vec<Sending<'_>> = audiences.iter().map(sending).collect();
    let ids = sender.send(&sendings, &payload).await?;
    Ok(answer::with_ids(request.done(), &ids))
}

/// Ends the connections that the path names.
pub(crate) async fn close<Q: NotificationSender>(
    sender: &Sender<'_, Q>,
    call: &Call<'_>,
    request: &Request<'_>,
) -> Answer {
    let (audience, excluded) = (request.audience()?, excluded(request)?);
    let idempotency_key = idempotency_key(call)?;
    let sending = Sending { audience: &audience, excluded: &excluded, idempotency_key };
    let ids = sender.close(&sending, &closing(request)?).await?;
    Ok(answer::with_ids(request.done(), &ids))
}

/// How a request closes connections. As in Azure, clients with automatic reconnect come back; those
/// of a log-out do not.
fn closing<'a>(request: &Request<'a>) -> Result<Closing<'a>, Refusal> {
    let flag = |name| {
        if request.route.query.contains(&name) { request.flag(name) } else { Ok(None) }
    };
    let revoke = flag("revoke")?.unwrap_or(false);
    let allow_reconnect = flag("allowReconnect")?.unwrap_or(!revoke);
    if revoke && allow_reconnect {
        return Err(Refusal::bad("'revoke=true' does not go with 'allowReconnect=true'"));
    }
    Ok(Closing { reason: request.text("reason")?, allow_reconnect, revoke })
}

/// Sends a part of a stream.
pub(crate) async fn stream<S, Q, C>(
    streams: &Streams<'_, S, Q, C>,
    call: &Call<'_>,
    request: &Request<'_>,
) -> Answer
where
    S: ChannelStore + PendingStore + SocketStore,
    Q: NotificationSender,
    C: Clock,
{
    match request.route.operation {
        Operation::StreamComplete => stream_end(streams, call, request).await,
        _ => stream_item(streams, call, request).await,
    }
}

/// Sends an item of a stream, and its end if that is said.
async fn stream_item<S, Q, C>(
    streams: &Streams<'_, S, Q, C>,
    call: &Call<'_>,
    request: &Request<'_>,
) -> Answer
where
    S: ChannelStore + PendingStore + SocketStore,
    Q: NotificationSender,
    C: Clock,
{
    let (item, is_last) = (Content::read(call.event)?.item()?, request.flag("completed")?);
    let end = is_last.unwrap_or(false).then_some(StreamEnd { error: None });
    let (connection, stream_id) = (request.connection()?, request.stream()?);
    let ids = streams.send(&part(call, &connection, stream_id)?, &item, end).await?;
    Ok(answer::with_ids(request.done(), &ids))
}

/// What a part of a stream is for.
fn part<'a>(
    call: &Call<'a>,
    connection: &'a ConnectionId,
    stream_id: &'a str,
) -> Result<StreamSending<'a>, Refusal> {
    Ok(StreamSending { connection, stream_id, idempotency_key: idempotency_key(call)? })
}

/// Ends a stream.
async fn stream_end<S, Q, C>(
    streams: &Streams<'_, S, Q, C>,
    call: &Call<'_>,
    request: &Request<'_>,
) -> Answer
where
    S: ChannelStore + PendingStore + SocketStore,
    Q: NotificationSender,
    C: Clock,
{
    // The reference says 'reason', the SDK 'error'.
    let error = request.text("reason")?.or(request.text("error")?);
    let (connection, stream_id) = (request.connection()?, request.stream()?);
    let sending = part(call, &connection, stream_id)?;
    let ids = streams.end(&sending, StreamEnd { error }).await?;
    Ok(answer::with_ids(request.done(), &ids))
}

/// Carries commands out with every connection that the filter means.
pub(crate) async fn execute<S, Q, C>(
    execution: &Execution<'_, S, Q, C>,
    call: &Call<'_>,
    request: &Request<'_>,
) -> Answer
where
    S: ChannelStore + ShardStore + SocketStore,
    Q: NotificationSender,
    C: Clock,
{
    let filter = request.text("filter")?.filter(|filter| !filter.trim().is_empty());
    let filter = filter.map(Filter::parse).transpose();
    let filter = filter.map_err(|err| Refusal::bad(format!("'filter' is wrong: {err}")))?;
    let commands = Content::read(call.event)?.commands()?;
    execution.execute(filter.as_ref(), &commands).await?;
    Ok(answer::empty(request.route.ok))
}

fn excluded(request: &Request<'_>) -> Result<BTreeSet<ConnectionId>, Refusal> {
    if request.route.query.contains(&"excluded") { request.excluded() } else { Ok(BTreeSet::new()) }
}

pub(crate) fn idempotency_key<'a>(call: &Call<'a>) -> Result<Option<&'a str>, Refusal> {
    let Some(header) = call.event.headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let key = header.to_str().unwrap_or_default();
    let fits = (1..=IDEMPOTENCY_KEY_MAX_BYTES).contains(&key.len());
    if !fits || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        let most = IDEMPOTENCY_KEY_MAX_BYTES;
        let text = format!("'Idempotency-Key' takes 1 to {most} ASCII characters, no white space");
        return Err(Refusal::bad(text));
    }
    Ok(Some(key))
}
