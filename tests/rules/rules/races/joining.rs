//! Joining a group by oneself, while other things happen to the socket.

use hubcast_model::channel::ShardCounts;
use hubcast_testkit::interleave::{Flow, Orders};
use hubcast_testkit::name;

use super::{ADD, PREEMPTIONS, assert_tidy, call, leave_for_good, publish, ready};
use crate::stage::{HUB, Stage, group_key};

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

/// While a configuration is changed, instances with the old and the new one are at work.
#[tokio::test(start_paused = true)]
async fn being_added_by_different_counts_of_shards_at_once_makes_one_row() {
    let counts = |group| ShardCounts { group, hub: 4 };
    let group = name::group("g").keyed();
    let shard = |count| counts(count).group_key(&name::hub(HUB), &group, &name::socket("s1="));
    let other = (2..9).find(|count| shard(*count) != shard(1)).expect("one of them");
    for [first, second] in [[1, other], [other, 1]] {
        let mut orders = Orders::with_preemptions(PREEMPTIONS);
        while orders.turn() {
            let stage = Stage::default();
            let alice = ready(&stage).await;
            let publishers = [first, second].map(|count| stage.publisher_with(counts(count)));
            orders.run(vec![publish(&publishers[0], ADD), publish(&publishers[1], ADD)]).await;
            let rows = stage.store.rows();
            let of_group = rows.iter().filter(|row| row.key.group_of().is_some());
            assert_eq!(of_group.count(), 1, "order {}", orders.tried());
            assert!(stage.is_in(&alice, "g"), "order {}", orders.tried());
            assert_tidy(&stage, &orders);
        }
    }
}
