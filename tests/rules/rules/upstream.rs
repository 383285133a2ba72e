//! What backends hear of clients, and what becomes of their answers.

mod calls;
mod order;
mod presence;

use std::time::Duration;

use hubcast_connection::connect::{Connect, ConnectRequest, ConnectSettings};
use hubcast_connection::frames::{AnswerFrames, Frames};
use hubcast_connection::upstream::Upstream;
use hubcast_membership::presence::disconnect;
use hubcast_model::context::Caller;
use hubcast_model::journey::connection::Ending;
use hubcast_model::principal::Principal;
use hubcast_model::values::Values;
use hubcast_testkit::interleave::Flow;
use hubcast_testkit::principal::caller;
use hubcast_testkit::{MemoryStore, RecordingGateway, RecordingUpstream, TestClock};
use serde_json::Value;

use crate::stage::{PATIENCE, SHAKE, Stage, connect_settings, frames_over, records};

/// How long an invocation waits for its answer.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) type Rules = Frames<MemoryStore, RecordingGateway, TestClock, RecordingUpstream>;

/// A stage whose backends hear of clients.
pub(crate) struct Told {
    pub(crate) stage: Stage,
    pub(crate) backends: RecordingUpstream,
    frames: Rules,
}

impl Default for Told {
    fn default() -> Self {
        let mut stage = Stage::default();
        let backends = RecordingUpstream::with_journal(stage.journal().clone());
        stage.upstream = Some(backends.clone());
        let upstream = Upstream::new(backends.clone(), TIMEOUT);
        let frames = frames_over(stage.frame_ports().with_upstream(Some(upstream)), None);
        Self { stage, backends, frames }
    }
}

impl Told {
    /// The rules of frames over the stage's ports, as another instance has them.
    pub(crate) fn second_frames(&self) -> Rules {
        let upstream = Upstream::new(self.backends.clone(), TIMEOUT);
        frames_over(self.stage.frame_ports().with_upstream(Some(upstream)), None)
    }
}

impl Told {
    /// A caller whose socket was let in, but has not shaken hands.
    pub(crate) async fn connected(&self, socket: &str, principal: Principal) -> Caller {
        let caller = caller(socket, principal);
        let tier = ("tier".to_owned(), vec!["gold".to_owned()]);
        let request = ConnectRequest {
            socket: caller.socket.clone(),
            admission: &caller.admission,
            hub: caller.admission.principal.hub.clone(),
            origin: None,
            host: None,
            query: Values::from([tier]),
            connected_at: caller.connected_at,
            is_late: false,
        };
        let settings = ConnectSettings { has_upstream: true, ..connect_settings() };
        let reception = self.stage.reception(settings);
        reception.connect(request).await.expect("it is let in");
        caller
    }

    pub(crate) async fn answer(&self, caller: &Caller, frame: &str) -> String {
        self.frames.answer(caller, frame, PATIENCE).await
    }

    /// A caller whose handshake was taken.
    pub(crate) async fn ready(&self, socket: &str, principal: Principal) -> Caller {
        let caller = self.connected(socket, principal).await;
        assert_eq!(self.answer(&caller, SHAKE).await, "");
        caller
    }

    pub(crate) async fn leave(&self, caller: &Caller) {
        let (store, queue) = (&self.stage.store, Some(&self.backends));
        let now = hubcast_model::time::Clock::now(&self.stage.clock);
        disconnect(store, queue, &caller.socket, &Ending::Gone, now)
            .await
            .expect("the table works");
    }

    /// The names of the events that backends were told, in order.
    pub(crate) fn heard(&self) -> Vec<String> {
        let name = |event: Value| event["event"].as_str().map(str::to_owned);
        self.backends.events().into_iter().filter_map(name).collect()
    }

    /// The completions that a caller was posted.
    pub(crate) fn completions(&self, caller: &Caller) -> Vec<Value> {
        let frames = self.stage.received(caller);
        let all = frames.iter().flat_map(|frame| records(frame));
        all.filter(|record| record["type"] == 3).collect()
    }

    pub(crate) fn leaving<'a>(&'a self, caller: &'a Caller) -> Flow<'a> {
        Box::pin(self.leave(caller))
    }

    pub(crate) fn answering<'a>(&'a self, caller: &'a Caller, frame: &'a str) -> Flow<'a> {
        Box::pin(async move {
            self.answer(caller, frame).await;
        })
    }
}
