//! What backends hear and answer, while sockets come and go.

use hubcast_testkit::interleave::Orders;
use hubcast_testkit::principal::principal;
use serde_json::{Value, json};

use super::{PREEMPTIONS, publish, publish_as};
use crate::stage::{HUB, SHAKE, claiming, invoke};
use crate::upstream::Told;

const ANSWER: &str = r#"{"connectionId":"c","invocationId":"7","result":3}"#;

fn alice() -> hubcast_model::principal::Principal {
    claiming(principal(HUB, "alice"), "c")
}

/// A backend that keeps count is right in the end.
#[tokio::test(start_paused = true)]
async fn an_end_is_told_after_its_beginning_or_neither_is() {
    let mut orders = Orders::with_preemptions(PREEMPTIONS);
    let mut seen = std::collections::BTreeSet::new();
    while orders.turn() {
        let told = Told::default();
        let alice = told.connected("s1=", alice()).await;
        orders.run(vec![told.answering(&alice, SHAKE), told.leaving(&alice)]).await;
        let heard = told.heard();
        assert!(heard.is_empty() || heard == ["connected", "disconnected"], "{heard:?}");
        seen.insert(heard.len());
    }
    assert_eq!(seen, [0, 2].into());
}

#[tokio::test(start_paused = true)]
async fn an_end_that_several_find_is_told_once() {
    let mut orders = Orders::with_preemptions(2);
    while orders.turn() {
        let told = Told::default();
        let alice = told.ready("s1=", alice()).await;
        told.stage.gateway.always(&alice.socket, hubcast_testkit::Answer::Gone);
        let publishers = [told.stage.publisher(), told.stage.publisher()];
        let push = r#"{"userId":"alice","target":"t"}"#;
        orders
            .run(vec![
                publish(&publishers[0], push),
                publish(&publishers[1], push),
                told.leaving(&alice),
            ])
            .await;
        assert_eq!(told.heard(), ["connected", "disconnected"], "order {}", orders.tried());
    }
}

#[tokio::test(start_paused = true)]
async fn of_an_answer_and_the_end_of_the_wait_one_arrives() {
    let mut orders = Orders::with_preemptions(PREEMPTIONS);
    let mut seen = std::collections::BTreeSet::new();
    while orders.turn() {
        let told = Told::default();
        let alice = told.ready("s1=", alice()).await;
        told.answer(&alice, &invoke("7", "Add", &json!([]))).await;
        let [(reminder, _)] = told.backends.reminders().try_into().unwrap();
        let publishers = [told.stage.publisher(), told.stage.publisher()];
        let late = format!("[{reminder}]");
        let flows =
            vec![publish_as(&publishers[0], "a", ANSWER), publish_as(&publishers[1], "b", &late)];
        orders.run(flows).await;
        let [completion] = told.completions(&alice).try_into().unwrap();
        seen.insert(completion.get("error").is_some());
    }
    assert_eq!(seen, [false, true].into());
}

/// The answer may come before the invocation's own frame is done with.
#[tokio::test(start_paused = true)]
async fn an_invocation_that_fails_on_its_way_is_completed_once() {
    let mut orders = Orders::with_preemptions(PREEMPTIONS);
    while orders.turn() {
        let told = Told::default();
        let alice = told.ready("s1=", alice()).await;
        told.backends.fault("tell", hubcast_testkit::Fault::Unavailable);
        let publisher = told.stage.publisher();
        let reply = std::sync::Mutex::new(String::new());
        let call: hubcast_testkit::interleave::Flow<'_> = Box::pin(async {
            let answer = told.answer(&alice, &invoke("7", "Add", &json!([]))).await;
            *reply.lock().unwrap() = answer;
        });
        orders.run(vec![call, publish(&publisher, ANSWER)]).await;
        let replied = crate::stage::records(&reply.lock().unwrap());
        let replied = replied.iter().filter(|record| record["type"] == 3).count();
        let posted: Vec<Value> = told.completions(&alice);
        assert_eq!(replied + posted.len(), 1, "order {}", orders.tried());
    }
}
