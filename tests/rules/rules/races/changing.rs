//! Lasting memberships that change, while sockets come and go and join by themselves.

use hubcast_model::access::Standing;
use hubcast_model::context::Caller;
use hubcast_model::ports::MembershipStore;
use hubcast_testkit::clock::START;
use hubcast_testkit::interleave::Orders;
use hubcast_testkit::name;
use hubcast_testkit::principal::principal;

use super::{ADD, PREEMPTIONS, REMOVE, answer, assert_tidy, call, leave_for_good, publish, ready};
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

/// The sockets of alice are where the table says that she is.
async fn assert_follows(stage: &Stage, alice: &Caller, orders: &Orders) {
    let (hub, user) = (name::hub(HUB), name::user("alice"));
    let lasting = stage.store.memberships(&hub, &user, START).await.unwrap();
    let [row] = lasting.try_into().unwrap();
    let is_member = row.standing == Standing::Member;
    assert_eq!(stage.is_in(alice, "g"), is_member, "order {}", orders.tried());
    assert_tidy(stage, orders);
}

/// Two backends that disagree at the same time: the table has the last word, on sockets too.
#[tokio::test(start_paused = true)]
async fn sockets_follow_the_table_when_a_user_is_added_and_removed_at_once() {
    let mut orders = Orders::with_preemptions(PREEMPTIONS);
    while orders.turn() {
        let stage = Stage::default();
        let alice = ready(&stage).await;
        let publishers = [stage.publisher(), stage.publisher()];
        orders.run(vec![publish(&publishers[0], ADD), publish(&publishers[1], REMOVE)]).await;
        assert_follows(&stage, &alice, &orders).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_membership_that_changes_twice_during_the_handshake_ends_as_it_was_changed_last() {
    for changes in [[ADD, REMOVE], [REMOVE, ADD]] {
        let changes = format!("[{}]", changes.join(","));
        let mut orders = Orders::with_preemptions(PREEMPTIONS);
        while orders.turn() {
            let stage = Stage::default();
            let who = with_groups(principal(HUB, "alice"), &["g"]);
            let alice = stage.connected("s1=", who).await;
            let publisher = stage.publisher();
            orders.run(vec![answer(&stage, &alice, SHAKE), publish(&publisher, &changes)]).await;
            assert_follows(&stage, &alice, &orders).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_membership_that_changes_twice_while_joining_ends_as_it_was_changed_last() {
    for changes in [[ADD, REMOVE], [REMOVE, ADD]] {
        let changes = format!("[{}]", changes.join(","));
        let mut orders = Orders::with_preemptions(PREEMPTIONS);
        while orders.turn() {
            let stage = Stage::default();
            let alice = ready(&stage).await;
            let publisher = stage.publisher();
            let join = call(&stage, &alice, "JoinGroup");
            orders.run(vec![join, publish(&publisher, &changes)]).await;
            assert_follows(&stage, &alice, &orders).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn changes_at_once_and_a_disconnect_leave_nothing() {
    let mut orders = Orders::with_preemptions(2);
    while orders.turn() {
        let stage = Stage::default();
        let alice = ready(&stage).await;
        let publishers = [stage.publisher(), stage.publisher()];
        orders
            .run(vec![
                publish(&publishers[0], ADD),
                publish(&publishers[1], REMOVE),
                leave_for_good(&stage, &alice),
            ])
            .await;
        stage.assert_forgotten(&alice);
    }
}
