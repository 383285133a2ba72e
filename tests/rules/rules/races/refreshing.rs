//! Refreshes, while other things happen to the connection or its user.

use std::sync::Mutex;

use hubcast_connection::refresh::Renewed;
use hubcast_model::context::{Admission, Caller};
use hubcast_testkit::interleave::{Flow, Orders};
use hubcast_testkit::principal::{admission, joinable};

use super::{ADD, PREEMPTIONS, REMOVE, assert_tidy, call, leave_for_good, publish};
use crate::refresh::{at, refresh, until};
use crate::stage::{SHAKE, Stage};

fn renew<'a>(stage: &'a Stage, fresh: &'a Admission) -> Flow<'a> {
    Box::pin(async {
        refresh(stage, fresh).await;
    })
}

/// What is posted once everything is over.
async fn hears(stage: &Stage, alice: &Caller, body: &str) -> bool {
    let before = stage.called(alice).len();
    stage.send(body).await;
    stage.called(alice).len() > before
}

#[tokio::test(start_paused = true)]
async fn refreshing_while_logging_out_leaves_nothing_that_hears() {
    let fresh = admission(until(at(20), &["g"]));
    for body in [r#"{"action":"close","userId":"alice"}"#, r#"{"action":"block","userId":"alice"}"#]
    {
        // The log-out may find rows that have just ended by the former deadline.
        for minute in [1, 10] {
            let mut orders = Orders::with_preemptions(PREEMPTIONS);
            while orders.turn() {
                let stage = Stage::default();
                let alice = stage.ready("s1=", until(at(10), &["g"])).await;
                let publisher = stage.publisher();
                stage.clock.set(at(1));
                let clock = stage.clock.clone();
                let log_out: Flow<'_> = Box::pin(async {
                    clock.set(at(minute));
                    publish(&publisher, body).await;
                });
                orders.run(vec![renew(&stage, &fresh), log_out]).await;
                let deaf = !hears(&stage, &alice, r#"{"groupName":"g","target":"late"}"#).await;
                assert!(deaf, "{body} at {minute}, order {}", orders.tried());
                assert_tidy(&stage, &orders);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn refreshing_while_disconnecting_leaves_nothing() {
    let fresh = admission(until(at(20), &["h"]));
    let mut orders = Orders::with_preemptions(PREEMPTIONS);
    while orders.turn() {
        let stage = Stage::default();
        let alice = stage.ready("s1=", until(at(10), &["g"])).await;
        orders.run(vec![renew(&stage, &fresh), leave_for_good(&stage, &alice)]).await;
        stage.assert_forgotten(&alice);
    }
}

#[tokio::test(start_paused = true)]
async fn being_added_while_refreshing_lasts_until_the_new_end() {
    let fresh = admission(until(at(20), &[]));
    for (body, is_member) in [(ADD, true), (REMOVE, false)] {
        let mut orders = Orders::with_preemptions(2);
        while orders.turn() {
            let stage = Stage::default();
            let alice = stage.ready("s1=", until(at(10), &[])).await;
            let publisher = stage.publisher();
            orders.run(vec![renew(&stage, &fresh), publish(&publisher, body)]).await;
            stage.clock.set(at(19));
            let hears = hears(&stage, &alice, r#"{"groupName":"g","target":"late"}"#).await;
            assert_eq!(hears, is_member, "{body}, order {}", orders.tried());
            assert_tidy(&stage, &orders);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn joining_by_a_pattern_that_the_fresh_token_does_not_allow_leaves_nobody_in() {
    // The fresh token has no pattern.
    let fresh = admission(until(at(20), &[]));
    let mut orders = Orders::with_preemptions(2);
    while orders.turn() {
        let stage = Stage::default();
        let principal = until(at(10), &[]);
        let caller = hubcast_testkit::principal::caller("s1=", principal.clone());
        let alice =
            Caller { admission: Admission { principal, joinable: joinable("g") }, ..caller };
        stage.connect(&alice).await.unwrap();
        stage.answer(&alice, SHAKE).await;
        let done: Flow<'_> = Box::pin(async {
            assert_eq!(refresh(&stage, &fresh).await, Some(Renewed::Done));
        });
        orders.run(vec![done, call(&stage, &alice, "JoinGroup")]).await;
        assert!(!stage.is_in(&alice, "g"), "order {}", orders.tried());
        assert_tidy(&stage, &orders);
    }
}

/// The handshake gives the socket the rights of the token that it came with.
#[tokio::test(start_paused = true)]
async fn refreshing_while_shaking_hands_ends_in_the_rights_of_one_token() {
    let fresh = admission(until(at(20), &["h"]));
    let (mut orders, mut were_renewed) = (Orders::with_preemptions(2), [0, 0]);
    while orders.turn() {
        let stage = Stage::default();
        let alice = stage.connected("s1=", until(at(10), &["g"])).await;
        let renewed = Mutex::new(None);
        let refreshing: Flow<'_> = Box::pin(async {
            let outcome = refresh(&stage, &fresh).await;
            *renewed.lock().unwrap() = outcome;
        });
        let shaking: Flow<'_> = Box::pin(async {
            stage.answer(&alice, SHAKE).await;
        });
        orders.run(vec![refreshing, shaking]).await;
        let is_renewed = *renewed.lock().unwrap() == Some(Renewed::Done);
        were_renewed[usize::from(is_renewed)] += 1;
        let (own, other, end) = if is_renewed { ("h", "g", 20) } else { ("g", "h", 10) };
        let order = orders.tried();
        assert!(stage.is_in(&alice, own), "order {order}, renewed: {is_renewed}");
        assert!(!stage.is_in(&alice, other), "order {order}, renewed: {is_renewed}");
        assert_tidy(&stage, &orders);
        stage.clock.set(at(end - 1));
        let body = format!(r#"{{"groupName":"{own}","target":"late"}}"#);
        assert!(hears(&stage, &alice, &body).await, "order {order}, renewed: {is_renewed}");
        stage.clock.set(at(end));
        assert!(!hears(&stage, &alice, &body).await, "order {order}, renewed: {is_renewed}");
    }
    assert!(were_renewed.iter().all(|count| *count > 0), "{were_renewed:?}");
}

#[tokio::test(start_paused = true)]
async fn of_two_refreshes_at_once_one_is_whole() {
    let (one, other) = (admission(until(at(20), &["g"])), admission(until(at(30), &["h"])));
    let mut orders = Orders::with_preemptions(2);
    while orders.turn() {
        let stage = Stage::default();
        let alice = stage.ready("s1=", until(at(10), &[])).await;
        orders.run(vec![renew(&stage, &one), renew(&stage, &other)]).await;
        let [socket] = stage.store.sockets().try_into().unwrap();
        let noted = socket.admission.as_ref().unwrap();
        if noted.principal.session_expires == socket.session_expires {
            let group = noted.principal.groups[0].as_str();
            assert!(stage.is_in(&alice, group), "order {}", orders.tried());
        }
        assert_tidy(&stage, &orders);
    }
}
