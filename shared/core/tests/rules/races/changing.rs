//! Lasting memberships that change, while sockets come and go and join by themselves.

use hubcast_core::access::Standing;
use hubcast_testkit::interleave::Orders;
use hubcast_testkit::principal::principal;

use super::{ADD, PREEMPTIONS, REMOVE, answer, assert_tidy, call, publish, ready};
use crate::stage::{HUB, SHAKE, Stage, with_groups};

#[tokio::test(start_paused = true)]
async fn a_user_who_is_added_during_the_handshake_is_in_the_group() {
    let mut orders = Orders::with_preemptions(PREEMPTIONS);
    while orders.turn() {
        let stage = Stage::default();
        let alice = stage.connected("s1=", principal(HUB, "alice")).await;
        let publisher = stage.publisher();
        orders.run(vec![answer(&stage, &alice, SHAKE), publish(&publisher, ADD)]).await;
        assert!(stage.is_in(&alice, "g"), "order {}", orders.tried());
        assert_tidy(&stage, &orders);
    }
    assert!(orders.tried() > 100, "{} orders", orders.tried());
}

#[tokio::test(start_paused = true)]
async fn a_user_who_is_removed_during_the_handshake_is_out_of_the_group() {
    for is_lasting in [true, false] {
        let mut orders = Orders::with_preemptions(PREEMPTIONS);
        while orders.turn() {
            let stage = Stage::default();
            let mut who = principal(HUB, "alice");
            if is_lasting {
                stage.put_membership("alice", "g", Standing::Member).await;
            } else {
                who = with_groups(who, &["g"]);
            }
            let alice = stage.connected("s1=", who).await;
            let publisher = stage.publisher();
            orders.run(vec![answer(&stage, &alice, SHAKE), publish(&publisher, REMOVE)]).await;
            assert!(!stage.is_in(&alice, "g"), "order {}", orders.tried());
            assert_tidy(&stage, &orders);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_who_is_removed_while_joining_is_out_of_the_group() {
    let mut orders = Orders::with_preemptions(PREEMPTIONS);
    while orders.turn() {
        let stage = Stage::default();
        let alice = ready(&stage).await;
        let publisher = stage.publisher();
        orders.run(vec![call(&stage, &alice, "JoinGroup"), publish(&publisher, REMOVE)]).await;
        assert!(!stage.is_in(&alice, "g"), "order {}", orders.tried());
        assert_tidy(&stage, &orders);
    }
}
