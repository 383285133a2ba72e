//! Joining a group by oneself, while other things happen to the socket.

use hubcast_testkit::interleave::{Flow, Orders};

use super::{ADD, PREEMPTIONS, assert_tidy, call, leave_for_good, publish, ready};
use crate::stage::{Stage, group_key};

#[tokio::test(start_paused = true)]
async fn joining_while_leaving_leaves_no_orphan() {
    let mut orders = Orders::with_preemptions(PREEMPTIONS);
    while orders.turn() {
        let stage = Stage::default();
        let alice = ready(&stage).await;
        orders
            .run(vec![call(&stage, &alice, "JoinGroup"), call(&stage, &alice, "LeaveGroup")])
            .await;
        assert_tidy(&stage, &orders);
    }
    assert!(orders.tried() > 20, "{} orders", orders.tried());
}

#[tokio::test(start_paused = true)]
async fn joining_twice_at_once_joins() {
    let mut orders = Orders::with_preemptions(PREEMPTIONS);
    while orders.turn() {
        let stage = Stage::default();
        let alice = ready(&stage).await;
        orders
            .run(vec![call(&stage, &alice, "JoinGroup"), call(&stage, &alice, "JoinGroup")])
            .await;
        assert!(stage.is_in(&alice, "g"), "order {}", orders.tried());
        assert_tidy(&stage, &orders);
    }
}

#[tokio::test(start_paused = true)]
async fn joining_while_disconnecting_leaves_nothing() {
    let mut orders = Orders::with_preemptions(PREEMPTIONS);
    while orders.turn() {
        let stage = Stage::default();
        let alice = ready(&stage).await;
        orders.run(vec![call(&stage, &alice, "JoinGroup"), leave_for_good(&stage, &alice)]).await;
        stage.assert_forgotten(&alice);
    }
}

#[tokio::test(start_paused = true)]
async fn joining_and_being_added_while_disconnecting_leaves_nothing() {
    let mut orders = Orders::with_preemptions(2);
    while orders.turn() {
        let stage = Stage::default();
        let alice = ready(&stage).await;
        let publisher = stage.publisher();
        orders
            .run(vec![
                call(&stage, &alice, "JoinGroup"),
                publish(&publisher, ADD),
                leave_for_good(&stage, &alice),
            ])
            .await;
        stage.assert_forgotten(&alice);
    }
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_is_found_gone_while_joining_leaves_nothing() {
    let mut orders = Orders::with_preemptions(PREEMPTIONS);
    while orders.turn() {
        let stage = Stage::default();
        let alice = ready(&stage).await;
        stage.gateway.always(&alice.socket, hubcast_testkit::Answer::Gone);
        let publisher = stage.publisher();
        let push = r#"{"userId":"alice","target":"t"}"#;
        orders.run(vec![call(&stage, &alice, "JoinGroup"), publish(&publisher, push)]).await;
        stage.assert_forgotten(&alice);
        assert!(stage.store.rows().iter().all(|row| row.key != group_key("g")));
    }
}

/// The first join may be so slow that it cleans up after the second one.
#[tokio::test(start_paused = true)]
async fn joining_again_after_leaving_joins_whatever_is_still_under_way() {
    let mut orders = Orders::with_preemptions(PREEMPTIONS);
    while orders.turn() {
        let stage = Stage::default();
        let alice = ready(&stage).await;
        let leave_and_join: Flow<'_> = Box::pin(async {
            call(&stage, &alice, "LeaveGroup").await;
            call(&stage, &alice, "JoinGroup").await;
        });
        orders.run(vec![call(&stage, &alice, "JoinGroup"), leave_and_join]).await;
        assert!(stage.is_in(&alice, "g"), "order {}", orders.tried());
        assert_tidy(&stage, &orders);
    }
}
