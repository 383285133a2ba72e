//! Sockets and lines as one gateway: whoever posts to a line's id sends to the line.
//!
//! So all rules that post to sockets hold for lines as they are.

use bytes::Bytes;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{ConnectionGateway, PostError, StoreError};
use hubcast_model::report::chain;
use hubcast_model::retention::Source;
use hubcast_model::time::{Clock, Timestamp};

use crate::alarm::LineAlarm;
use crate::change::change;
use crate::courier::{Courier, unsure};
use crate::dispatch::may_repeat;
use crate::log::LINE_RECORD_MAX_BYTES;
use crate::port::LineStore;
use crate::record::{Line, Phase};
use crate::sending::Addition;

const SEPARATOR: char = '\u{1e}';
/// What every record of a message begins with.
const TYPE: &str = "{\"type\":";

/// The answer to a handshake that is taken on.
const ACCEPTED: &str = "{}\u{1e}";

/// How a record goes to the client of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The client counts it: an invocation, an item, a completion.
    Numbered,
    /// A Close: the line ends.
    Close,
    /// The client does not count it: the answer to a handshake, a ping.
    Plain,
}

impl Kind {
    /// The kind of a record as hubcast writes records, with the type first.
    pub fn of(record: &str) -> Self {
        let Some(rest) = record.strip_prefix(TYPE) else {
            return Self::Plain;
        };
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        match rest.get(..digits).and_then(|digits| digits.parse().ok()) {
            Some(1..=5_u8) => Self::Numbered,
            Some(7) => Self::Close,
            _ => Self::Plain,
        }
    }
}

impl<S, G, C, A> ConnectionGateway for Courier<S, G, C, A>
where
    S: LineStore,
    G: ConnectionGateway,
    C: Clock,
    A: LineAlarm,
{
    async fn post(&self, socket: &SocketId, frame: Bytes) -> Result<(), PostError> {
        self.post_elements(socket, frame, &[]).await
    }

    async fn post_elements(
        &self,
        socket: &SocketId,
        frame: Bytes,
        sources: &[Source],
    ) -> Result<(), PostError> {
        if socket.is_line() {
            self.post_to_line(socket, &frame, sources).await
        } else {
            self.ports.gateway.post(socket, frame).await
        }
    }

    async fn is_connected(&self, socket: &SocketId) -> Result<bool, PostError> {
        if !socket.is_line() {
            return self.ports.gateway.is_connected(socket).await;
        }
        let line = self.ports.store.line(socket).await.map_err(unread)?;
        Ok(line.is_some_and(|line| !line.is_over(self.ports.clock.now())))
    }

    async fn last_active(&self, socket: &SocketId) -> Result<Option<Timestamp>, PostError> {
        if socket.is_line() {
            return Ok(self.is_connected(socket).await?.then_some(Timestamp::FOREVER));
        }
        self.ports.gateway.last_active(socket).await
    }

    async fn delete(&self, socket: &SocketId) -> Result<(), PostError> {
        if socket.is_line() {
            self.end(socket).await
        } else {
            self.ports.gateway.delete(socket).await
        }
    }
}

impl<S, G, C, A> Courier<S, G, C, A>
where
    S: LineStore,
    G: ConnectionGateway,
    C: Clock,
    A: LineAlarm,
{
    async fn post_to_line(
        &self,
        id: &SocketId,
        frame: &Bytes,
        sources: &[Source],
    ) -> Result<(), PostError> {
        let text = String::from_utf8_lossy(frame);
        let (mut additions, mut last, mut plain) = (Vec::new(), String::new(), String::new());
        for (at, record) in text.split_inclusive(SEPARATOR).enumerate() {
            if record.len() > LINE_RECORD_MAX_BYTES {
                return Err(PostError::TooLarge);
            }
            let Source { position, kept } = sources.get(at).cloned().unwrap_or_default();
            match Kind::of(record) {
                Kind::Numbered => {
                    additions.push(Addition { position, kept, record: record.to_owned() });
                }
                Kind::Close => last.push_str(record),
                Kind::Plain => plain.push_str(record),
            }
        }
        if !plain.is_empty() {
            self.post_plain(id, plain).await?;
        }
        if !additions.is_empty() {
            self.send_once(id, &additions).await?;
        }
        if !last.is_empty() {
            self.close(id, &last).await?;
        }
        Ok(())
    }

    /// Sends records. Callers may repeat what failed, so a failure is told only where the log would
    /// know the records again.
    async fn send_once(&self, id: &SocketId, additions: &[Addition]) -> Result<(), PostError> {
        let may_repeat = may_repeat(additions);
        match self.send(id, additions).await {
            // The records are in the log, and go with the next frame of the client.
            Err(PostError::Throttled) if !may_repeat => Ok(()),
            Err(err @ PostError::Ambiguous(_)) if !may_repeat => {
                tracing::warn!(error = %chain(&err), line.id = %id, "a line in doubt is ended");
                self.end(id).await?;
                Err(PostError::Gone)
            }
            outcome => outcome,
        }
    }

    /// Posts what the client does not count, to the socket that counts. The answer that takes a
    /// handshake on says that all rows are written.
    async fn post_plain(&self, id: &SocketId, plain: String) -> Result<(), PostError> {
        let line = self.ports.store.line(id).await.map_err(unread)?;
        let line = line.filter(|line| !line.is_over(self.ports.clock.now()));
        let Line { socket, phase, .. } = line.ok_or(PostError::Gone)?;
        let is_through = plain == ACCEPTED && matches!(phase, Phase::Opening { .. });
        self.ports.gateway.post(&socket, Bytes::from(plain)).await?;
        if is_through {
            change(&self.ports.store, id, |line| line.note_through(&socket))
                .await
                .map_err(unsure)?;
        }
        Ok(())
    }
}

/// Nothing was posted, and it may be tried again.
fn unread(err: StoreError) -> PostError {
    PostError::Unreached(Box::new(err))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_client_counts_is_told_by_the_type() {
        for (record, kind) in [
            ("{\"type\":1,\"target\":\"t\",\"arguments\":[]}", Kind::Numbered),
            ("{\"type\":3,\"invocationId\":\"1\"}", Kind::Numbered),
            ("{\"type\":6}", Kind::Plain),
            ("{\"type\":7,\"error\":\"{\\\"type\\\":1}\"}", Kind::Close),
            ("{\"type\":9,\"sequenceId\":1}", Kind::Plain),
            ("{\"type\":31}", Kind::Plain),
            ("{}", Kind::Plain),
            ("{\"error\":\"e\"}", Kind::Plain),
        ] {
            assert_eq!(Kind::of(record), kind, "{record}");
        }
    }
}
