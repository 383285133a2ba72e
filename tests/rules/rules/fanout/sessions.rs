//! Sessions that have ended: nothing is delivered to their sockets, though these are still open.

use std::time::Duration;

use hubcast_model::principal::Principal;
use hubcast_testkit::clock::START;
use hubcast_testkit::principal::principal;

use crate::stage::{HUB, Stage, claiming, with_groups};

const TO_ALICE: [&str; 6] = [
    r#"{"userId":"alice","target":"user"}"#,
    r#"{"groupName":"g","target":"group"}"#,
    r#"{"everyone":true,"target":"hub"}"#,
    r#"{"connectionId":"s1=","target":"own id"}"#,
    r#"{"connectionId":"c","target":"public id"}"#,
    r#"{"userIds":["alice","bob"],"target":"users"}"#,
];

#[tokio::test]
async fn nothing_is_delivered_past_the_end_of_a_session() {
    let stage = Stage::default();
    let end = START.plus(Duration::from_mins(1));
    let granted = || with_groups(principal(HUB, "alice"), &["g"]);
    let who = || Principal { session_expires: Some(end), ..granted() };
    let own = stage.ready("s1=", who()).await;
    let claimed = stage.ready("s2=", claiming(who(), "c")).await;
    stage.clock.set(START.plus(Duration::from_millis(59_999)));
    for message in TO_ALICE {
        stage.send(message).await;
    }
    assert_eq!(stage.called(&own), ["user", "group", "hub", "own id", "users"]);
    assert_eq!(stage.called(&claimed), ["user", "group", "hub", "public id", "users"]);
    stage.clock.set(end);
    for message in TO_ALICE {
        let report = stage.send(message).await;
        assert_eq!((report.tally.posts, report.tally.undeliverable), (0, 1), "{message}");
    }
}

#[tokio::test]
async fn what_waits_for_a_user_waits_past_the_end_of_a_session() {
    let stage = Stage::default();
    let end = START.plus(Duration::from_mins(1));
    let who = Principal { session_expires: Some(end), ..principal(HUB, "alice") };
    let old = stage.ready("s1=", who).await;
    stage.clock.set(end);
    stage.send(r#"{"userId":"alice","target":"kept","keepSeconds":600}"#).await;
    assert!(stage.called(&old).is_empty());
    let new = stage.ready_with("s2=", principal(HUB, "alice")).await;
    assert_eq!(stage.called(&new), ["kept"]);
}
