//! The groups that a socket is in, and the rows that it has, once its handshake is through.

use std::time::Duration;

use hubcast_delivery::Publish;
use hubcast_model::access::Standing;
use hubcast_model::context::Caller;
use hubcast_model::ports::GrantStore;
use hubcast_model::principal::Principal;
use hubcast_testkit::clock::START;
use hubcast_testkit::name;
use hubcast_testkit::principal::principal;
use hubcast_testkit::queued::message;

use crate::stage::{HUB, INVOCATION, SHAKE, Stage, close, with_groups};

async fn groups_after(stage: &Stage, who: Principal) -> Vec<&'static str> {
    let caller: Caller = stage.ready("s1=", who).await;
    assert_eq!(stage.store.orphans(), []);
    ["token", "lasting", "both"].into_iter().filter(|group| stage.is_in(&caller, group)).collect()
}

#[tokio::test]
async fn the_groups_of_the_token_and_those_that_last_are_joined() {
    let stage = Stage::default();
    stage.put_membership("alice", "lasting", Standing::Member).await;
    stage.put_membership("alice", "both", Standing::Member).await;
    let who = with_groups(principal(HUB, "alice"), &["token", "both"]);
    assert_eq!(groups_after(&stage, who).await, ["token", "lasting", "both"]);
}

#[tokio::test]
async fn a_denied_group_is_not_joined_though_the_token_names_it() {
    let stage = Stage::default();
    stage.put_membership("alice", "both", Standing::Denied).await;
    let who = with_groups(principal(HUB, "alice"), &["token", "both"]);
    assert_eq!(groups_after(&stage, who).await, ["token"]);
}

#[tokio::test]
async fn the_groups_of_a_large_token_come_from_its_grant() {
    let stage = Stage::default();
    let end = START.plus(Duration::from_secs(1));
    stage.store.put_grant("jti", &[name::group("token")], end).await.unwrap();
    let token_id = Some("jti".to_owned());
    let who = Principal { groups_in_grant: true, token_id, ..principal(HUB, "alice") };
    assert_eq!(groups_after(&stage, who.clone()).await, ["token"]);

    stage.clock.set(end);
    let late = stage.connected("s2=", who).await;
    let [reply] = stage.replies(&late, SHAKE).await.try_into().unwrap();
    assert!(close(&reply), "without its groups a connection would miss messages");
}

#[tokio::test]
async fn a_group_that_is_taken_away_during_the_handshake_is_left_again() {
    let stage = Stage::default();
    stage.put_membership("alice", "both", Standing::Member).await;
    let alice = stage.connected("s1=", with_groups(principal(HUB, "alice"), &["token"])).await;
    let publisher = stage.publisher();
    stage.store.before("note_channels", async move {
        let body = r#"{"action":"remove","userId":"alice","groupNames":["both","token"]}"#;
        publisher.publish(vec![message("m", body)], INVOCATION).await;
    });
    assert_eq!(stage.answer(&alice, SHAKE).await, "");
    assert!(!stage.is_in(&alice, "both") && !stage.is_in(&alice, "token"));
    assert_eq!(stage.store.orphans(), []);
}

#[tokio::test]
async fn rows_end_with_the_session() {
    let stage = Stage::default();
    let end = START.plus(Duration::from_mins(10));
    let who = with_groups(principal(HUB, "alice"), &["g"]);
    stage.ready("s1=", Principal { session_expires: Some(end), ..who }).await;
    for row in stage.store.rows() {
        assert_eq!(row.expires, end, "{row:?}");
    }
}

#[tokio::test]
async fn rows_outlive_the_longest_connection() {
    let stage = Stage::default();
    let session_expires = Some(START.plus(Duration::from_hours(24)));
    stage.ready("s1=", Principal { session_expires, ..principal(HUB, "alice") }).await;
    for row in stage.store.rows() {
        assert_eq!(row.expires, START.plus(Duration::from_mins(130)), "{row:?}");
    }
}
