//! Those who come while something is retained, or kept for them.

use std::sync::Mutex;

use hubcast_delivery::Publish;
use hubcast_model::context::Caller;
use hubcast_testkit::interleave::{Flow, Orders};
use hubcast_testkit::principal::{anonymous, principal};
use hubcast_testkit::queued::in_group;
use hubcast_testkit::{Answer, MemoryStore};
use serde_json::json;

use super::{ADD, PREEMPTIONS, answer, assert_tidy, call, publish, ready};
use crate::stage::{Fanout, HUB, INVOCATION, SHAKE, Stage, with_groups};

const OLD: &str = r#"{"groupName":"g","target":"v1","retain":"k"}"#;
const NEW: &str = r#"{"groupName":"g","target":"v2","retain":"k"}"#;
const NEWEST: &str = r#"[{"groupName":"g","target":"v2","retain":"k"},{"groupName":"g","target":"v3","retain":"k"}]"#;

/// Publishes elements as messages of one message group, each in an invocation of its own.
fn send<'a>(publisher: &'a Fanout, bodies: &'a [String]) -> Flow<'a> {
    Box::pin(async move {
        for body in bodies {
            let report = publisher.publish(vec![in_group("m", "n:g", body)], INVOCATION).await;
            assert!(report.failed.is_empty(), "{report:?}");
        }
    })
}

fn assert_ends_with(stage: &Stage, caller: &Caller, newest: &str, orders: &Orders) {
    let heard = stage.called(caller);
    assert_eq!(heard.last().map(String::as_str), Some(newest), "{heard:?} {}", orders.tried());
}

#[tokio::test(start_paused = true)]
async fn who_comes_while_a_value_changes_has_the_new_one_last() {
    for (body, newest) in [(NEW, "v2"), (NEWEST, "v3")] {
        let mut orders = Orders::with_preemptions(PREEMPTIONS);
        while orders.turn() {
            let stage = Stage::default();
            stage.send(OLD).await;
            let who = with_groups(anonymous(HUB), &["g"]);
            let alice = stage.connected("s1=", who).await;
            let publisher = stage.publisher();
            orders.run(vec![answer(&stage, &alice, SHAKE), publish(&publisher, body)]).await;
            assert_ends_with(&stage, &alice, newest, &orders);
        }
        assert!(orders.tried() > 100, "{} orders", orders.tried());
    }
}

/// The very first use on a hub, which nobody looked for before.
#[tokio::test(start_paused = true)]
async fn who_comes_while_the_first_value_is_hung_up_has_it() {
    for body in [NEW, r#"{"target":"v2","retain":"k"}"#] {
        let mut orders = Orders::with_preemptions(PREEMPTIONS);
        while orders.turn() {
            let stage = Stage::default();
            let alice = stage.connected("s1=", with_groups(anonymous(HUB), &["g"])).await;
            let publisher = stage.publisher();
            orders.run(vec![answer(&stage, &alice, SHAKE), publish(&publisher, body)]).await;
            assert_ends_with(&stage, &alice, "v2", &orders);
        }
    }
}

/// A message before it has the same audience, which was read before the value was hung up.
#[tokio::test(start_paused = true)]
async fn who_comes_between_a_message_and_a_value_of_the_same_batch_has_the_value() {
    let body = r#"[{"groupName":"g","target":"t"},{"groupName":"g","target":"v2","retain":"k"}]"#;
    let mut orders = Orders::with_preemptions(PREEMPTIONS);
    while orders.turn() {
        let stage = Stage::default();
        let alice = stage.connected("s1=", with_groups(anonymous(HUB), &["g"])).await;
        let publisher = stage.publisher();
        orders.run(vec![answer(&stage, &alice, SHAKE), publish(&publisher, body)]).await;
        assert_ends_with(&stage, &alice, "v2", &orders);
    }
}

#[tokio::test(start_paused = true)]
async fn who_joins_while_a_value_changes_has_the_new_one_last() {
    for old in [None, Some(OLD)] {
        let mut orders = Orders::with_preemptions(PREEMPTIONS);
        while orders.turn() {
            let stage = Stage::default();
            let alice = ready(&stage).await;
            if let Some(old) = old {
                stage.send(old).await;
            }
            let publisher = stage.publisher();
            orders.run(vec![call(&stage, &alice, "JoinGroup"), publish(&publisher, NEW)]).await;
            assert_ends_with(&stage, &alice, "v2", &orders);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_added_while_a_value_changes_has_the_new_one_last() {
    for (old, body, newest) in
        [(None, NEW, "v2"), (Some(OLD), NEW, "v2"), (Some(OLD), NEWEST, "v3")]
    {
        let mut orders = Orders::with_preemptions(2);
        while orders.turn() {
            let stage = Stage::default();
            let alice = ready(&stage).await;
            if let Some(old) = old {
                stage.send(old).await;
            }
            let publishers = [stage.publisher(), stage.publisher()];
            orders.run(vec![publish(&publishers[0], ADD), publish(&publishers[1], body)]).await;
            assert_ends_with(&stage, &alice, newest, &orders);
            assert_tidy(&stage, &orders);
        }
    }
}

fn keep(target: &str) -> String {
    json!({ "userId": "alice", "target": target, "keepSeconds": 60 }).to_string()
}

/// A tab of alice that shakes hands, and its successor if it is sent away.
struct Tab<'a> {
    stage: &'a Stage,
    connections: Mutex<Vec<Connection>>,
}

/// One connection of a tab. A client hears nothing that comes after a Close.
struct Connection {
    caller: Caller,
    closed_after: Option<usize>,
}

impl<'a> Tab<'a> {
    fn new(stage: &'a Stage) -> Self {
        Self { stage, connections: Mutex::default() }
    }

    /// Connects until it is let in, as the client does by itself.
    fn comes(&self, socket: &'a str) -> Flow<'_> {
        Box::pin(async move {
            for again in 0.. {
                let who = principal(HUB, "alice");
                let caller = self.stage.connected(&format!("{socket}{again}="), who).await;
                let reply = self.stage.answer(&caller, SHAKE).await;
                let is_cut = self.stage.gateway.is_deleted(&caller.socket);
                let closed_after = (!reply.is_empty()).then(|| self.stage.called(&caller).len());
                self.connections.lock().unwrap().push(Connection { caller, closed_after });
                if reply.is_empty() && !is_cut {
                    return;
                }
                assert!(is_cut || reply.contains("\"allowReconnect\":true"), "{reply}");
                assert!(again < 3, "it is sent away again and again");
            }
        })
    }

    /// What each of the tab's connections was called, in order.
    fn called(&self) -> Vec<Vec<String>> {
        let connections = self.connections.lock().unwrap();
        let called = connections.iter().map(|Connection { caller, closed_after }| {
            let called = self.stage.called(caller);
            called[..closed_after.unwrap_or(called.len())].to_vec()
        });
        called.collect()
    }
}

/// Every connection got its messages in order, each once.
fn assert_in_order(called: &[Vec<String>], orders: &Orders) {
    for called in called {
        let is_growing = called.windows(2).all(|pair| pair[0] < pair[1]);
        assert!(is_growing, "{called:?} {}", orders.tried());
    }
}

/// Each of these reached somebody, or still waits.
async fn assert_none_lost(
    stage: &Stage,
    called: &[Vec<String>],
    expected: &[&str],
    orders: &Orders,
) {
    let rest = stage.ready_with("rest=", principal(HUB, "alice")).await;
    let rest = stage.called(&rest);
    for target in expected {
        let reached = called.iter().chain([&rest]).flatten().any(|called| called == target);
        assert!(reached, "{target}: {called:?} and {rest:?} {}", orders.tried());
    }
}

/// Nothing waits for a user who is there.
fn assert_none_left(store: &MemoryStore, orders: &Orders) {
    assert_eq!(store.waiting_messages(), [""; 0], "order {}", orders.tried());
}

#[tokio::test(start_paused = true)]
async fn nothing_overtakes_or_is_lost_while_an_inbox_is_emptied() {
    let bodies = [keep("b"), r#"{"target":"c"}"#.to_owned(), keep("d")];
    for first in [None, Some("a")] {
        let mut orders = Orders::with_preemptions(PREEMPTIONS);
        while orders.turn() {
            let stage = Stage::default();
            if let Some(first) = first {
                stage.send(&keep(first)).await;
            }
            let (publisher, tab) = (stage.publisher(), Tab::new(&stage));
            orders.run(vec![tab.comes("s"), send(&publisher, &bodies)]).await;
            let called = tab.called();
            assert_in_order(&called, &orders);
            assert_none_left(&stage.store, &orders);
            assert_none_lost(&stage, &called, &["b", "d"], &orders).await;
        }
        assert!(orders.tried() > 100, "{} orders", orders.tried());
    }
}

#[tokio::test(start_paused = true)]
async fn two_tabs_that_come_at_once_leave_nothing_behind() {
    let bodies = [keep("b"), keep("c")];
    let mut orders = Orders::with_preemptions(2);
    while orders.turn() {
        let stage = Stage::default();
        stage.send(&keep("a")).await;
        let publisher = stage.publisher();
        let tabs = [Tab::new(&stage), Tab::new(&stage)];
        let flows = vec![tabs[0].comes("s"), tabs[1].comes("t"), send(&publisher, &bodies)];
        orders.run(flows).await;
        let called = [tabs[0].called(), tabs[1].called()].concat();
        assert_in_order(&called, &orders);
        assert_none_left(&stage.store, &orders);
        assert_none_lost(&stage, &called, &["a", "b", "c"], &orders).await;
    }
}

/// Messages go to an old socket, which is found gone while the new one comes.
#[tokio::test(start_paused = true)]
async fn nothing_overtakes_or_is_lost_while_an_old_socket_is_found_gone() {
    let bodies = [keep("a"), format!("[{},{}]", keep("b"), keep("c"))];
    let mut orders = Orders::with_preemptions(PREEMPTIONS);
    while orders.turn() {
        let stage = Stage::default();
        let old = stage.user("old=", "alice").await;
        stage.gateway.always(&old.socket, Answer::Gone);
        let (publisher, tab) = (stage.publisher(), Tab::new(&stage));
        orders.run(vec![tab.comes("s"), send(&publisher, &bodies)]).await;
        let called = tab.called();
        assert_in_order(&called, &orders);
        assert_none_lost(&stage, &called, &["a", "b", "c"], &orders).await;
    }
}
