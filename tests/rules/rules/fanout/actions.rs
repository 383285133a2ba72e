//! Memberships and blocks that backends ask for.

use std::time::Duration;

use hubcast_connection::connect::ConnectError;
use hubcast_delivery::Publish;
use hubcast_model::access::Standing;
use hubcast_model::channel::ShardCounts;
use hubcast_model::ports::{BlockStore, MembershipStore};
use hubcast_model::settings::Hubs;
use hubcast_model::time::Timestamp;
use hubcast_testkit::clock::START;
use hubcast_testkit::principal::{anonymous, caller, principal};
use hubcast_testkit::queued::{again, message};
use hubcast_testkit::{Fault, name};

use crate::stage::{HUB, INVOCATION, Stage, claiming, group_key, with_groups};

const ADD: &str = r#"{"action":"add","userId":"alice","groupName":"g"}"#;
const REMOVE: &str = r#"{"action":"remove","userId":"alice","groupName":"g"}"#;

#[tokio::test]
async fn a_user_is_added_on_every_connection_now_and_later() {
    let stage = Stage::default();
    let [one, two] = [stage.user("s1=", "alice").await, stage.user("s2=", "alice").await];
    stage.send(ADD).await;
    let later = stage.user("s3=", "alice").await;
    let bob = stage.user("s4=", "bob").await;
    stage.send(r#"{"groupName":"g","target":"t"}"#).await;
    for caller in [&one, &two, &later] {
        assert_eq!(stage.called(caller), ["t"]);
    }
    assert!(stage.called(&bob).is_empty());
}

#[tokio::test]
async fn a_connection_is_added_for_as_long_as_it_lasts() {
    let stage = Stage::default();
    let alice = stage.ready("s1=", claiming(principal(HUB, "alice"), "c")).await;
    let own = stage.ready("s2=", anonymous(HUB)).await;
    let other = stage.user("s3=", "alice").await;
    stage.send(r#"{"action":"add","connectionId":"c","groupName":"g"}"#).await;
    stage.send(r#"{"action":"add","connectionId":"s2=","groupName":"g"}"#).await;
    assert!(stage.is_in(&alice, "g") && stage.is_in(&own, "g") && !stage.is_in(&other, "g"));
    let later = stage.user("s4=", "alice").await;
    assert!(!stage.is_in(&later, "g"));

    stage.send(r#"{"action":"remove","connectionId":"c","groupName":"g"}"#).await;
    assert!(!stage.is_in(&alice, "g") && stage.is_in(&own, "g"));
}

#[tokio::test]
async fn a_user_is_removed_from_every_connection_now_and_later() {
    let stage = Stage::default();
    let alice = stage.member("s1=", "alice", "g").await;
    stage.send(REMOVE).await;
    assert!(!stage.is_in(&alice, "g"));
    assert!(!stage.is_in(&stage.user("s2=", "alice").await, "g"));
    assert_eq!(stage.store.orphans(), []);
}

#[tokio::test]
async fn who_is_removed_is_out_though_the_token_names_the_group() {
    let stage = Stage::default();
    let who = || with_groups(principal(HUB, "alice"), &["g"]);
    let alice = stage.ready("s1=", who()).await;
    stage.send(REMOVE).await;
    let later = stage.ready("s2=", who()).await;
    assert!(!stage.is_in(&alice, "g") && !stage.is_in(&later, "g"));

    stage.send(ADD).await;
    assert!(stage.is_in(&alice, "g") && stage.is_in(&later, "g"));
    assert!(stage.is_in(&stage.ready("s3=", who()).await, "g"));
}

#[tokio::test]
async fn a_membership_with_a_ttl_ends_by_itself() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.send(r#"{"action":"add","userId":"alice","groupName":"g","ttlSeconds":60}"#).await;
    stage.clock.advance(Duration::from_millis(59_999));
    let body = r#"{"groupName":"g","target":"t"}"#;
    assert_eq!(stage.send(body).await.tally.delivered, 1);
    stage.clock.advance(Duration::from_millis(1));
    assert_eq!(stage.send(body).await.tally.undeliverable, 1);
    assert!(!stage.is_in(&stage.user("s2=", "alice").await, "g"));
    assert_eq!(stage.called(&alice), ["t"]);
}

#[tokio::test]
async fn a_user_is_removed_from_all_groups_of_whatever_origin() {
    let stage = Stage::default();
    stage.put_membership("alice", "lasting", Standing::Member).await;
    let who = || with_groups(claiming(principal(HUB, "alice"), "c"), &["token"]);
    let alice = stage.ready("s1=", who()).await;
    let bob = stage.member("s2=", "bob", "lasting").await;
    stage.send(r#"{"action":"add","connectionId":"c","groupName":"passing"}"#).await;

    stage.send(r#"{"action":"removeAll","userId":"alice"}"#).await;

    for group in ["lasting", "token", "passing"] {
        assert!(!stage.is_in(&alice, group), "{group}");
    }
    assert!(stage.is_in(&bob, "lasting"));
    hubcast_membership::membership::disconnect(&stage.store, &alice.socket, START).await.unwrap();
    let later = stage.ready("s3=", who()).await;
    assert!(!stage.is_in(&later, "lasting") && !stage.is_in(&later, "token"));
}

#[tokio::test]
async fn a_connection_is_removed_from_all_groups_for_now() {
    let stage = Stage::default();
    let alice =
        stage.ready("s1=", with_groups(claiming(principal(HUB, "alice"), "c"), &["g"])).await;
    stage.send(r#"{"action":"removeAll","connectionId":"c"}"#).await;
    assert!(!stage.is_in(&alice, "g"));
    let (hub, user) = (name::hub(HUB), name::user("alice"));
    assert_eq!(stage.store.memberships(&hub, &user, START).await.unwrap(), []);
}

#[tokio::test]
async fn an_action_counts_for_what_follows_it_in_the_batch() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    let to_group = |target: &str| format!(r#"{{"groupName":"g","target":"{target}"}}"#);
    let (before, within, after) = (to_group("before"), to_group("within"), to_group("after"));
    stage.send(&format!("[{before},{ADD},{within},{REMOVE},{after}]")).await;
    assert_eq!(stage.called(&alice), ["within"]);
}

/// A row that is forgotten before it is deleted is found by its name at the most, in the shard
/// where it would be today.
#[tokio::test]
async fn a_removal_that_stopped_halfway_is_done_again() {
    let all = r#"{"action":"removeAll","connectionId":"c"}"#;
    let one = r#"{"action":"remove","connectionId":"c","groupName":"g"}"#;
    for (operation, earlier) in [("delete_rows", 0), ("forget_channels", 0), ("delete_rows", 1)] {
        for body in [all, one] {
            let stage = Stage::default();
            let who = with_groups(claiming(principal(HUB, "alice"), "c"), &["g"]);
            let alice = stage.ready("s1=", who).await;
            let faults = std::iter::repeat_n(None, earlier).chain([Some(Fault::Unavailable)]);
            stage.store.fault_next(operation, faults);
            let publisher = stage.publisher_with(ShardCounts { group: 5, hub: 4 });
            let first = message("m1", body);
            let report = publisher.publish(vec![first.clone()], INVOCATION).await;
            assert_eq!(report.failed, ["m1"], "{operation}");
            let report = publisher.publish(vec![again(&first)], INVOCATION).await;
            assert!(report.failed.is_empty());
            assert!(!stage.is_in(&alice, "g"), "{operation} {body}");
            assert_eq!(stage.store.orphans(), []);
        }
    }
}

/// The socket may have its row in a shard that there was not yet when the batch began.
#[tokio::test]
async fn who_is_added_while_the_shards_change_hears_what_follows() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    let counts = ShardCounts { group: 5, hub: 4 };
    assert_ne!(
        counts.group_key(&name::hub(HUB), &name::group("g").keyed(), &alice.socket),
        group_key("g")
    );
    let elsewhere = stage.publisher_with(counts);
    stage.store.before("put_membership", async move {
        let body = r#"{"action":"add","connectionId":"s1=","groupName":"g"}"#;
        elsewhere.publish(vec![message("m2", body)], INVOCATION).await;
    });
    let to_group = |target: &str| format!(r#"{{"groupName":"g","target":"{target}"}}"#);
    stage.send(&format!("[{},{ADD},{}]", to_group("before"), to_group("after"))).await;
    assert_eq!(stage.called(&alice), ["after"]);
}

#[tokio::test]
async fn an_action_that_the_table_did_not_take_is_done_again() {
    for operation in ["put_membership", "members", "note_channels", "put_rows", "socket"] {
        let stage = Stage::default();
        let alice = stage.user("s1=", "alice").await;
        stage.store.fault_next(operation, [Some(Fault::Unavailable)]);
        let first = message("m1", ADD);
        assert_eq!(stage.publish([first.clone()]).await.failed, ["m1"], "{operation}");
        assert!(stage.publish([again(&first)]).await.failed.is_empty());
        assert!(stage.is_in(&alice, "g"), "{operation}");
    }
}

#[tokio::test]
async fn an_action_without_anyone_or_any_group_does_nothing() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    for body in [
        r#"{"action":"add","userIds":[],"groupName":"g"}"#,
        r#"{"action":"add","userId":"alice","groupNames":[]}"#,
        r#"{"action":"remove","userId":"alice","groupNames":[]}"#,
        r#"{"action":"add","userId":"nobody","groupName":"g"}"#,
        r#"{"action":"add","connectionId":"nobody","groupName":"g"}"#,
        r#"{"action":"removeAll","userId":"nobody"}"#,
    ] {
        stage.send(body).await;
    }
    assert!(!stage.is_in(&alice, "g"));
}

async fn is_let_in(stage: &Stage, socket: &str, user: &str) -> bool {
    match stage.connect(&caller(socket, principal(HUB, user))).await {
        Ok(()) => true,
        Err(ConnectError::Blocked) => false,
        Err(err) => panic!("{err}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_blocked_user_is_ended_and_stays_out_until_unblocked() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.send(r#"{"action":"block","userId":"alice"}"#).await;
    assert_eq!(stage.received(&alice), ["{\"type\":7}\u{1e}"]);
    assert!(stage.gateway.is_deleted(&alice.socket));
    stage.assert_forgotten(&alice);
    stage.clock.advance(Duration::from_hours(24 * 365 * 10));
    assert!(!is_let_in(&stage, "s2=", "alice").await);
    assert!(is_let_in(&stage, "s3=", "bob").await);

    stage.send(r#"{"action":"unblock","userId":"alice"}"#).await;
    assert!(is_let_in(&stage, "s2=", "alice").await);
}

#[tokio::test(start_paused = true)]
async fn a_block_with_a_ttl_ends_by_itself() {
    let stage = Stage::default();
    stage.send(r#"{"action":"block","userId":"alice","ttlSeconds":60}"#).await;
    stage.clock.advance(Duration::from_millis(59_999));
    assert!(!is_let_in(&stage, "s1=", "alice").await);
    stage.clock.advance(Duration::from_millis(1));
    assert!(is_let_in(&stage, "s1=", "alice").await);
}

#[tokio::test(start_paused = true)]
async fn a_block_on_all_hubs_ends_the_user_on_every_hub_that_is_known() {
    let stage = Stage::default();
    let here = stage.user("s1=", "alice").await;
    let there = stage.ready("s2=", principal("other", "alice")).await;
    let bob = stage.ready("s3=", principal("other", "bob")).await;
    let hubs = Hubs::Only(vec![name::hub(HUB), name::hub("other")]);
    let block = r#"{"hub":"*","action":"block","userId":"alice"}"#;
    let report = stage.publish_on(hubs, block).await;
    assert!(report.failed.is_empty(), "{report:?}");
    for alice in [&here, &there] {
        stage.assert_forgotten(alice);
        assert!(stage.gateway.is_deleted(&alice.socket));
    }
    assert!(!stage.gateway.is_deleted(&bob.socket));
    for hub in [HUB, "other", "third"] {
        let block = stage.store.block(&name::hub(hub), &name::user("alice")).await.unwrap();
        assert_eq!(block.until, Some(Timestamp::FOREVER));
    }
}

#[tokio::test(start_paused = true)]
async fn a_block_on_all_hubs_is_lifted_by_its_own_kind_only() {
    let stage = Stage::default();
    let until = async || {
        let block = stage.store.block(&name::hub(HUB), &name::user("alice")).await.unwrap();
        block.until.is_some()
    };
    stage.send(r#"{"hub":"*","action":"block","userId":"alice"}"#).await;
    stage.send(r#"{"action":"unblock","userId":"alice"}"#).await;
    assert!(until().await);
    stage.send(r#"{"hub":"*","action":"unblock","userId":"alice"}"#).await;
    assert!(!until().await);
}
