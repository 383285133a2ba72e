//! Frames of clients whose connection outlives its sockets.
//!
//! [`LineFrames`] stands in front of the rules of frames. It takes what only
//! such clients say, a Sequence or an acknowledgement, and notes what the client
//! numbers. The rules see the line in the place of the socket, so that nothing
//! else changes for them. What they answer and the client counts goes by the
//! line; the rest is the reply.

mod ends;
mod speech;

use std::time::Duration;

use bytes::Bytes;
use hubcast_line::{Courier, Cut, Line, LineAlarm, LineStore, Phase, Utterance, change};
use hubcast_model::context::Caller;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{ConnectionGateway, PostError};
use hubcast_model::report::chain;
use hubcast_model::settings::CONNECTION_LIFETIME;
use hubcast_model::time::Clock;
use signalr_protocol::message::HubMessage;

use crate::frames::AnswerFrames;
use crate::frames::lifetime::is_due;
use speech::{Reply, Speech};

/// What is kept back of a frame's time to send what the client counts.
const SENDING: Duration = Duration::from_secs(2);
/// How often a frame looks whether its client's Sequence was taken, which comes first.
const LOOKS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// Answers frames of lines, and hands all others on.
#[derive(Debug)]
pub struct LineFrames<F, S, G, C, A> {
    frames: F,
    courier: Courier<S, G, C, A>,
    store: S,
    clock: C,
    /// How long the gateway lets a socket live.
    lifetime: Duration,
}

/// What a look at the line says about a frame.
enum Stand {
    /// The frame counts.
    Heard(Box<Heard>),
    /// The client has not said where it goes on, which is on its way.
    Early,
    /// The line has ended, or the socket is not its own any more.
    Over,
}

/// What is known after a frame was noted.
struct Heard {
    line: Line,
    /// The invocations that are not to be carried out again.
    repeated: Vec<String>,
}

impl<F, S, G, C, A> LineFrames<F, S, G, C, A> {
    /// The rules of lines in front of these rules of frames, whose gateway is the same courier.
    pub const fn new(frames: F, courier: Courier<S, G, C, A>, store: S, clock: C) -> Self {
        Self { frames, courier, store, clock, lifetime: CONNECTION_LIFETIME }
    }

    /// The same rules for a gateway that lets sockets live for so long.
    #[must_use]
    pub fn with_lifetime(self, lifetime: Duration) -> Self {
        Self { lifetime, ..self }
    }
}

impl<F, S, G, C, A> AnswerFrames for LineFrames<F, S, G, C, A>
where
    F: AnswerFrames,
    S: LineStore,
    G: ConnectionGateway,
    C: Clock,
    A: LineAlarm,
{
    async fn answer(&self, caller: &Caller, frame: &str, patience: Duration) -> String {
        let Some(line) = caller.line() else {
            return self.frames.answer(caller, frame, patience).await;
        };
        let socket = &caller.socket;
        if is_due(caller, self.lifetime, self.clock.now()) {
            // The frame is not heard: its client says it again when it is back.
            return self.cut(&line, socket, Cut::Renewal).await;
        }
        let began = self.clock.now();
        let answer = Box::pin(self.on_line(&line, caller, frame, patience));
        match tokio::time::timeout(patience, answer).await {
            Ok(Ok(reply)) => reply,
            Ok(Err(err)) => {
                tracing::error!(error = %chain(&err), socket.id = %socket, "a line is cut in doubt");
                self.fail(&line, socket, frame, began).await
            }
            Err(_elapsed) => {
                tracing::error!(socket.id = %socket, "a frame of a line took too long");
                self.fail(&line, socket, frame, began).await
            }
        }
    }
}

impl<F, S, G, C, A> LineFrames<F, S, G, C, A>
where
    F: AnswerFrames,
    S: LineStore,
    G: ConnectionGateway,
    C: Clock,
    A: LineAlarm,
{
    async fn on_line(
        &self,
        line: &SocketId,
        caller: &Caller,
        frame: &str,
        patience: Duration,
    ) -> Result<String, PostError> {
        let speech = Speech::read(frame);
        if let Some(next) = speech.sequence
            && !self.courier.go_on(line, &caller.socket, next).await?
        {
            return self.drop_socket(&caller.socket).await;
        }
        let Heard { line: record, repeated } = match self.hear(line, caller, &speech).await? {
            Stand::Heard(heard) => *heard,
            Stand::Early | Stand::Over => return self.drop_socket(&caller.socket).await,
        };
        if speech.handshake.is_some_and(|version| version < 2) {
            return self.refuse(line).await;
        }
        let inner = Caller {
            socket: line.clone(),
            connected_at: record.opened_at,
            admission: caller.admission.clone(),
        };
        let patience = patience.saturating_sub(SENDING);
        let rest = speech.without(&repeated);
        let reply = self.frames.answer(&inner, &rest, patience).await;
        self.reply(&record, &speech, &reply).await
    }

    /// Notes what the client said, once its turn has come.
    async fn hear(
        &self,
        line: &SocketId,
        caller: &Caller,
        speech: &Speech<'_>,
    ) -> Result<Stand, PostError> {
        for _ in 0..LOOKS {
            match self.note(line, &caller.socket, speech).await? {
                Stand::Early => tokio::time::sleep(PAUSE).await,
                stand => return Ok(stand),
            }
        }
        Ok(Stand::Early)
    }

    async fn note(
        &self,
        line: &SocketId,
        socket: &SocketId,
        speech: &Speech<'_>,
    ) -> Result<Stand, PostError> {
        let calls: Vec<&str> = speech.calls().collect();
        let said = Utterance { messages: speech.numbered(), calls: &calls };
        let stand = change(&self.store, line, |line| {
            let now = self.clock.now();
            let is_current = line.socket == *socket;
            match line.phase {
                _ if line.is_over(now) => return Stand::Over,
                Phase::Opening { .. } if !is_current => return Stand::Over,
                // The client says it again when it is back.
                Phase::Away { .. } if is_current => return Stand::Over,
                Phase::Resuming { .. } if is_current => return Stand::Early,
                _ => {}
            }
            if let Some(through) = speech.ack {
                line.ack(through, now);
            }
            if speech.handshake.is_none() {
                line.note_spoken(socket);
            }
            let repeated = line.hear(socket, said, now);
            Stand::Heard(Box::new(Heard { line: line.clone(), repeated }))
        });
        Ok(stand.await.map_err(unsure)?.unwrap_or(Stand::Over))
    }

    /// Sends what the client counts by the line; answers the rest.
    async fn reply(
        &self,
        record: &Line,
        speech: &Speech<'_>,
        reply: &str,
    ) -> Result<String, PostError> {
        let Reply { numbered, mut plain, closes } = Reply::of(reply);
        if !numbered.is_empty() {
            self.send(&record.id, numbered).await?;
        }
        if closes {
            // The end comes first: a client that reads a Close may try to come back all the same.
            self.end(&record.id).await?;
            return Ok(plain);
        }
        if speech.handshake.is_some() {
            self.begin(record).await?;
        } else if record.log.has_unsent() && record.is_live() {
            self.courier.post_waiting(&record.id).await?;
        }
        if speech.numbered() > 0 {
            plain.push_str(&HubMessage::Ack { sequence_id: record.heard }.encode());
        }
        Ok(plain)
    }

    /// A line that has ended meanwhile tells its client by itself.
    async fn send(&self, line: &SocketId, numbered: String) -> Result<(), PostError> {
        match self.courier.post(line, Bytes::from(numbered)).await {
            Err(PostError::Gone | PostError::Throttled) => Ok(()),
            outcome => outcome,
        }
    }

    /// The handshake is through, unless it ended the line.
    async fn begin(&self, record: &Line) -> Result<(), PostError> {
        let begun = change(&self.store, &record.id, |line| line.note_through(&record.socket));
        begun.await.map_err(unsure)?;
        self.courier.post_waiting(&record.id).await
    }
}

/// The table did not say whether a step was taken.
fn unsure(err: hubcast_line::ChangeError) -> PostError {
    PostError::Ambiguous(Box::new(err))
}
