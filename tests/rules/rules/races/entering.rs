//! Handshakes, while other things happen to the socket or to its connection id.

use hubcast_model::context::Caller;
use hubcast_model::socket::SocketState;
use hubcast_testkit::interleave::{Flow, Orders};
use hubcast_testkit::name;
use hubcast_testkit::principal::principal;
use tokio::sync::oneshot;

use super::{PREEMPTIONS, answer, assert_tidy, leave_for_good, publish};
use crate::stage::{ACCEPTED, HUB, SHAKE, Stage, claiming, with_groups};

#[tokio::test(start_paused = true)]
async fn shaking_hands_while_disconnecting_leaves_nothing() {
    let mut orders = Orders::with_preemptions(PREEMPTIONS);
    while orders.turn() {
        let stage = Stage::default();
        let who = with_groups(claiming(principal(HUB, "alice"), "c"), &["g"]);
        let alice = stage.connected("s1=", who).await;
        orders.run(vec![answer(&stage, &alice, SHAKE), leave_for_good(&stage, &alice)]).await;
        stage.assert_forgotten(&alice);
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_who_is_blocked_during_the_handshake_is_gone_in_the_end() {
    let mut orders = Orders::with_preemptions(PREEMPTIONS);
    while orders.turn() {
        let stage = Stage::default();
        let who = with_groups(claiming(principal(HUB, "alice"), "c"), &["g"]);
        let alice = stage.connected("s1=", who).await;
        let publisher = stage.publisher();
        let block = r#"{"action":"block","userId":"alice"}"#;
        orders.run(vec![answer(&stage, &alice, SHAKE), publish(&publisher, block)]).await;
        stage.assert_forgotten(&alice);
        let first = stage.gateway.frames(&alice.socket).into_iter().next();
        assert_eq!(first.as_deref(), Some(ACCEPTED), "order {}", orders.tried());
    }
}

#[tokio::test(start_paused = true)]
async fn two_handshakes_at_once_are_answered_once() {
    let mut orders = Orders::with_preemptions(PREEMPTIONS);
    while orders.turn() {
        let stage = Stage::default();
        let alice = stage.connected("s1=", principal(HUB, "alice")).await;
        orders.run(vec![answer(&stage, &alice, SHAKE), answer(&stage, &alice, SHAKE)]).await;
        assert_eq!(stage.gateway.frames(&alice.socket), [ACCEPTED], "order {}", orders.tried());
        assert_tidy(&stage, &orders);
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_sockets_with_one_connection_id_one_gets_ready() {
    let mut orders = Orders::with_preemptions(PREEMPTIONS);
    while orders.turn() {
        let stage = Stage::default();
        let who = || claiming(principal(HUB, "alice"), "c");
        let first = stage.connected("s1=", who()).await;
        let second = stage.connected("s2=", who()).await;
        orders.run(vec![answer(&stage, &first, SHAKE), answer(&stage, &second, SHAKE)]).await;
        stage.assert_forgotten(&first);
        let [socket] = stage.store.sockets().try_into().unwrap();
        assert_eq!((socket.id, socket.state), (second.socket.clone(), SocketState::Ready));
        assert_eq!(socket.channels, stage.store.channels_of(&second.socket));
    }
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_that_is_tried_again_during_the_first_handshake_ends_with_one_holder() {
    let mut orders = Orders::with_preemptions(PREEMPTIONS);
    while orders.turn() {
        let stage = Stage::default();
        let who = || claiming(principal(HUB, "alice"), "c");
        let first = stage.connected("s1=", who()).await;
        let second = hubcast_testkit::principal::caller("s2=", who());
        let upgrade: Flow<'_> = Box::pin(async {
            if stage.connect(&second).await.is_ok() {
                stage.answer(&second, SHAKE).await;
            }
        });
        orders.run(vec![answer(&stage, &first, SHAKE), upgrade]).await;
        let ready = stage.store.sockets().into_iter();
        let ready: Vec<_> = ready.filter(|socket| socket.state == SocketState::Ready).collect();
        assert_eq!(ready.len(), 1, "order {}", orders.tried());
        let claim = stage.store.claim(&name::hub(HUB), &name::connection("c")).unwrap();
        assert!(claim.is_finished && claim.holder == ready[0].id);
        assert_tidy(&stage, &orders);
    }
}

/// A body for everything that a client may be reached by, and its targets in order.
fn everything(connection: &str) -> (String, Vec<&'static str>) {
    let body = format!(
        r#"[{{"target":"hub"}},{{"userId":"alice","target":"user"}},{{"groupName":"g","target":"group"}},
            {{"action":"add","connectionId":"{connection}","groupName":"h"}},
            {{"action":"add","userId":"alice","groupName":"i"}},{{"groupName":"i","target":"added user"}},
            {{"groupName":"h","target":"added"}},{{"connectionId":"{connection}","target":"connection"}}]"#
    );
    (body, vec!["hub", "user", "group", "added user", "added", "connection"])
}

async fn newcomer(stage: &Stage, connection: &str) -> Caller {
    let who = with_groups(principal(HUB, "alice"), &["g"]);
    let who = if connection == "c" { claiming(who, "c") } else { who };
    stage.connected("s1=", who).await
}

#[tokio::test(start_paused = true)]
async fn whatever_is_sent_during_the_handshake_arrives_after_its_answer() {
    for connection in ["c", "s1="] {
        let (body, _) = everything(connection);
        let mut orders = Orders::with_preemptions(2);
        while orders.turn() {
            let stage = Stage::default();
            let alice = newcomer(&stage, connection).await;
            let publisher = stage.publisher();
            orders.run(vec![answer(&stage, &alice, SHAKE), publish(&publisher, &body)]).await;
            let first = stage.gateway.frames(&alice.socket).into_iter().next();
            assert_eq!(first.as_deref(), Some(ACCEPTED), "order {}", orders.tried());
        }
    }
}

/// A client's start returns with the handshake's answer. Whatever is sent from then on arrives.
#[tokio::test(start_paused = true)]
async fn whatever_is_sent_after_the_answer_arrives() {
    for connection in ["c", "s1="] {
        let (body, expected) = everything(connection);
        let mut orders = Orders::with_preemptions(2);
        while orders.turn() {
            let stage = Stage::default();
            let alice = newcomer(&stage, connection).await;
            let (started, start) = oneshot::channel();
            // The first look into the table after the answer.
            stage.store.before("uses", async move { started.send(()).unwrap() });
            let publisher = stage.publisher();
            let send: Flow<'_> = Box::pin(async {
                start.await.unwrap();
                publish(&publisher, &body).await;
            });
            orders.run(vec![answer(&stage, &alice, SHAKE), send]).await;
            assert_eq!(stage.called(&alice), expected, "order {}", orders.tried());
        }
        assert!(orders.tried() > 20, "{} orders", orders.tried());
    }
}
