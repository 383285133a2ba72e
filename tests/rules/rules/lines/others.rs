//! Connections without lines, where lines are granted to others: each step asks the ports for the
//! same, in the same order, and says the same bytes, as where there are no lines at all.

use hubcast_connection::connect::{Connect, ConnectRequest};
use hubcast_connection::frames::AnswerFrames;
use hubcast_delivery::Publish;
use hubcast_membership::presence::{Disconnect, Presence};
use hubcast_model::context::Caller;
use hubcast_model::journey::connection::Ending;
use hubcast_model::principal::Principal;
use hubcast_testkit::principal::{anonymous, caller, principal};
use hubcast_testkit::queued::message;
use hubcast_testkit::{RecordingUpstream, name};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::stage::LineStage;
use crate::stage::{HUB, INVOCATION, PATIENCE, PING, SHAKE, Stage, connect_settings, invoke};

/// A step, what it asked of the ports, and what was said: the reply, and the posts.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    step: String,
    asked: Vec<&'static str>,
    said: Vec<String>,
}

/// The functions of one deployment.
struct Functions<'a, R, F, P> {
    stage: &'a Stage,
    reception: R,
    frames: &'a F,
    publisher: &'a P,
    told: Vec<Told>,
}

impl<R: Connect, F: AnswerFrames, P: Publish> Functions<'_, R, F, P> {
    /// Notes a step that came to its end with these words.
    fn note(&mut self, step: &str, reply: String) {
        let asked = self.stage.journal().entries();
        self.stage.journal().clear();
        let posts = self.stage.gateway.arrivals();
        let posts = posts.into_iter().map(|post| format!("{}: {}", post.socket, post.frame));
        let said = std::iter::once(reply).chain(posts).collect();
        self.told.push(Told { step: step.to_owned(), asked, said });
    }

    async fn enter(&mut self, socket: &str, principal: Principal) -> Caller {
        let caller = caller(socket, principal);
        let request = ConnectRequest {
            socket: caller.socket.clone(),
            admission: &caller.admission,
            hub: caller.admission.principal.hub.clone(),
            origin: None,
            host: None,
            query: BTreeMap::new(),
            connected_at: caller.connected_at,
            is_late: false,
        };
        self.reception.connect(request).await.expect("the socket is let in");
        self.note(&format!("{socket} connects"), String::new());
        self.say(&caller, SHAKE).await;
        caller
    }

    async fn say(&mut self, caller: &Caller, frame: &str) {
        let reply = self.frames.answer(caller, frame, PATIENCE).await;
        self.note(&format!("{} says {frame}", caller.socket), reply);
    }

    async fn send(&mut self, body: &str) {
        let sent = vec![message(&format!("m{}", self.told.len()), body)];
        let report = self.publisher.publish(sent, INVOCATION).await;
        self.note(&format!("a backend sends {body}"), format!("{:?}", report.failed));
    }

    async fn leave(&mut self, caller: &Caller) {
        let (store, clock) = (self.stage.store.clone(), self.stage.clock.clone());
        let presence =
            Presence::new(Arc::new(store), None::<Arc<RecordingUpstream>>, Arc::new(clock));
        presence.disconnect(&caller.socket, &Ending::Disconnected(Some(1005))).await.unwrap();
        self.note(&format!("{} leaves", caller.socket), String::new());
    }
}

/// The calls, frames and messages of connections without lines.
async fn lives<R: Connect, F: AnswerFrames, P: Publish>(
    mut functions: Functions<'_, R, F, P>,
) -> Vec<Told> {
    let alice = functions.enter("s1=", principal(HUB, "alice")).await;
    let claimed = Principal { connection: Some(name::connection("c2")), ..anonymous(HUB) };
    let guest = functions.enter("s2=", claimed).await;
    for frame in [
        PING.to_owned(),
        invoke("1", "GetConnectionId", &json!([])),
        invoke("2", "JoinGroup", &json!(["room"])),
        invoke("3", "NoSuchMethod", &json!([])),
        "{\"type\":1,\"target\":\"GetConnectionId\",\"arguments\":[]}\u{1e}".to_owned(),
        format!("{PING}{}{PING}", invoke("4", "GetConnectionId", &json!([]))),
        "{\"type\":4,\"invocationId\":\"5\",\"target\":\"Stream\",\"arguments\":[]}\u{1e}"
            .to_owned(),
        "{\"type\":5,\"invocationId\":\"5\"}\u{1e}".to_owned(),
        "{\"type\":3,\"invocationId\":\"6\",\"result\":1}\u{1e}".to_owned(),
        "{\"type\":8,\"sequenceId\":1}\u{1e}".to_owned(),
        "{\"type\":9,\"sequenceId\":1}\u{1e}".to_owned(),
    ] {
        functions.say(&alice, &frame).await;
    }
    for to in [
        json!({ "connectionId": "c2" }),
        json!({ "userId": "alice" }),
        json!({ "userIds": ["alice", "nobody"] }),
        json!({ "groupName": "room" }),
        json!({ "everyone": true }),
        json!({ "everyone": true, "excludedConnectionIds": ["c2"] }),
        json!({ "userId": "away", "keepSeconds": 60 }),
        json!({ "userId": "alice", "keepSeconds": 60 }),
        json!({ "groupName": "room", "retain": "flags" }),
    ] {
        let mut body = to;
        body["target"] = "hello".into();
        functions.send(&body.to_string()).await;
    }
    functions.send(r#"{"action":"add","connectionId":"c2","groupName":"room"}"#).await;
    functions.send(r#"[{"userId":"alice","target":"a"},{"userId":"alice","target":"b"}]"#).await;
    functions.say(&guest, "{\"type\":1}\u{1e}").await;
    functions.leave(&guest).await;
    functions.send(r#"{"action":"close","userId":"alice","reason":"Gone."}"#).await;
    let back = functions.enter("s3=", principal(HUB, "away")).await;
    functions.say(&back, "{\"type\":7}\u{1e}").await;
    functions.leave(&back).await;
    functions.told
}

#[tokio::test(start_paused = true)]
async fn other_connections_pay_nothing_for_lines_and_read_the_same_bytes() {
    let without = Stage::default();
    let functions = Functions {
        stage: &without,
        reception: without.reception(connect_settings()),
        frames: &without.frames,
        publisher: &without.publisher(),
        told: Vec::new(),
    };
    let without = lives(functions).await;
    let with = LineStage::default();
    let reception = with.stage.reception(connect_settings()).with_lines(with.courier.clone());
    let functions = Functions {
        stage: &with.stage,
        reception,
        frames: &with.frames,
        publisher: &with.publisher,
        told: Vec::new(),
    };
    let with = lives(functions).await;
    assert_eq!(with.len(), without.len());
    for (with, without) in with.iter().zip(&without) {
        assert_eq!(with, without);
    }
    let asked: usize = with.iter().map(|told| told.asked.len()).sum();
    assert!(asked > 60, "{with:#?}");
    let of_lines = ["line", "create_line", "replace_line"];
    let asks = with.iter().flat_map(|told| &told.asked);
    assert!(asks.clone().all(|entry| !of_lines.contains(entry)));
}
