//! Flows that meet: every order of their steps leaves the table as one of them would have.

mod changing;
mod coming;
mod entering;
mod joining;
mod refreshing;
mod telling;

use hubcast_delivery::Publish;
use hubcast_membership::membership::disconnect;
use hubcast_model::context::Admission;
use hubcast_model::context::Caller;
use hubcast_testkit::clock::START;
use hubcast_testkit::interleave::{Flow, Orders};
use hubcast_testkit::principal::joinable;
use hubcast_testkit::queued::message;
use serde_json::json;

use crate::stage::{Fanout, INVOCATION, Stage, invoke};

/// Enough for every race that is known; each more multiplies the orders by about ten.
const PREEMPTIONS: usize = 3;

const ADD: &str = r#"{"action":"add","userId":"alice","groupName":"g"}"#;
const REMOVE: &str = r#"{"action":"remove","userId":"alice","groupName":"g"}"#;

fn answer<'a>(stage: &'a Stage, caller: &'a Caller, frame: &str) -> Flow<'a> {
    let frame = frame.to_owned();
    Box::pin(async move {
        stage.answer(caller, &frame).await;
    })
}

fn call<'a>(stage: &'a Stage, caller: &'a Caller, method: &str) -> Flow<'a> {
    answer(stage, caller, &invoke("1", method, &json!(["g"])))
}

fn leave_for_good<'a>(stage: &'a Stage, caller: &'a Caller) -> Flow<'a> {
    Box::pin(async move {
        disconnect(&stage.store, &caller.socket, START).await.unwrap();
    })
}

fn publish<'a>(publisher: &'a Fanout, body: &'a str) -> Flow<'a> {
    publish_as(publisher, "m", body)
}

/// Publishes a body as the message of this id.
fn publish_as<'a>(publisher: &'a Fanout, id: &'a str, body: &'a str) -> Flow<'a> {
    Box::pin(async move {
        let report = publisher.publish(vec![message(id, body)], INVOCATION).await;
        assert!(report.failed.is_empty(), "{report:?}");
    })
}

/// A caller that may join `g`, in a stage that has recorded its shard counts.
async fn ready(stage: &Stage) -> Caller {
    let caller = stage.user("s1=", "alice").await;
    let principal = caller.admission.principal.clone();
    Caller { admission: Admission { principal, joinable: joinable("g") }, ..caller }
}

/// No row without a record that names it.
fn assert_tidy(stage: &Stage, orders: &Orders) {
    assert_eq!(stage.store.orphans(), [], "order {}", orders.tried());
}
