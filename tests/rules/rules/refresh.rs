//! Fresh tokens for open connections.

use std::time::Duration;

use hubcast_connection::refresh::{Refresh, Refreshing, Renewed};
use hubcast_membership::shards::Shards;
use hubcast_model::access::{Block, Membership, Standing};
use hubcast_model::channel::{ChannelKey, ShardCounts};
use hubcast_model::context::{Admission, Caller};
use hubcast_model::id::GroupName;
use hubcast_model::ports::{BlockStore, MembershipStore};
use hubcast_model::principal::Principal;
use hubcast_model::time::Timestamp;
use hubcast_testkit::clock::START;
use hubcast_testkit::principal::{admission, caller, joinable, principal};
use hubcast_testkit::{Fault, MemoryStore, TestClock, name};
use serde_json::json;

use crate::stage::{HUB, SHAKE, Stage, claiming, close, invoke, records, with_groups};
use crate::upstream::Told;

const PING: &str = "{\"type\":6}\u{1e}";

pub(crate) fn at(minutes: u64) -> Timestamp {
    START.plus(Duration::from_mins(minutes))
}

/// A principal of alice on the connection `c` whose session ends then.
pub(crate) fn until(end: Timestamp, groups: &[&str]) -> Principal {
    let who = claiming(with_groups(principal(HUB, "alice"), groups), "c");
    Principal { session_expires: Some(end), ..who }
}

pub(crate) fn refreshing(stage: &Stage) -> Refreshing<MemoryStore, TestClock> {
    let shards = Shards::new(ShardCounts::default());
    Refreshing::new(stage.store.clone(), stage.clock.clone(), shards)
}

/// Refreshes the connection `c`; `None` when it is not there to be refreshed.
pub(crate) async fn refresh(stage: &Stage, fresh: &Admission) -> Option<Renewed> {
    let refreshing = refreshing(stage);
    let found = refreshing.find(&name::hub(HUB), &name::connection("c")).await;
    let open = found.expect("the table works")?;
    Some(refreshing.renew(&open, fresh).await.expect("the table works"))
}

async fn renewed(stage: &Stage, end: Timestamp, groups: &[&str]) -> Option<Renewed> {
    refresh(stage, &admission(until(end, groups))).await
}

/// Whether the answer to a ping is the end of the session.
async fn is_over(stage: &Stage, alice: &Caller) -> bool {
    let replies = stage.replies(alice, PING).await;
    replies.iter().any(|record| record["error"] == "The session has expired." && close(record))
}

#[tokio::test]
async fn a_session_goes_on_until_the_end_of_the_fresh_token() {
    let stage = Stage::default();
    let alice = stage.ready("s1=", until(at(10), &["g"])).await;
    stage.clock.set(at(5));
    assert_eq!(renewed(&stage, at(15), &["g"]).await, Some(Renewed::Done));
    for row in stage.store.rows() {
        assert_eq!(row.expires, at(15), "{row:?}");
    }
    stage.clock.set(at(14));
    assert!(!is_over(&stage, &alice).await);
    assert_eq!(renewed(&stage, at(30), &["g"]).await, Some(Renewed::Done));
    stage.clock.set(at(29));
    assert!(!is_over(&stage, &alice).await);
    stage.send(r#"{"groupName":"g","target":"late"}"#).await;
    assert_eq!(stage.called(&alice), ["late"]);
    stage.clock.set(at(30));
    assert!(is_over(&stage, &alice).await);
}

#[tokio::test]
async fn before_the_first_deadline_no_frame_looks_and_after_it_each_instance_looks_once() {
    let stage = Stage::default();
    let alice = stage.ready("s1=", until(at(10), &[])).await;
    renewed(&stage, at(20), &[]).await;
    let looks = || stage.journal().count("socket");
    // Young sockets are looked at in any case, and then one ping of sixteen.
    for (minute, looked) in [(9, 0), (11, 1), (12, 0)] {
        stage.clock.set(at(minute));
        let before = looks();
        stage.answer(&alice, "").await;
        assert_eq!(looks() - before, looked, "minute {minute}");
    }
}

#[tokio::test]
async fn an_end_that_comes_earlier_counts_for_messages_at_once() {
    let stage = Stage::default();
    let alice = stage.ready("s1=", until(at(60), &["g"])).await;
    assert_eq!(renewed(&stage, at(5), &["g"]).await, Some(Renewed::Done));
    stage.clock.set(at(5));
    let report = stage.send(r#"{"groupName":"g","target":"late"}"#).await;
    assert_eq!(report.tally.posts, 0);
    let mut replies = Vec::new();
    for millis in 0..16 {
        stage.clock.set(at(5).plus(Duration::from_millis(1000 * millis + millis)));
        replies.extend(stage.replies(&alice, PING).await);
    }
    assert!(replies.iter().any(|record| record["error"] == "The session has expired."));
}

/// A client that does not ping is not looked at otherwise before the end that it came with.
#[tokio::test]
async fn an_end_that_comes_earlier_counts_for_calls_at_once() {
    let stream = r#"{"type":4,"invocationId":"7","target":"Count","arguments":[]}"#;
    for call in [
        invoke("7", "JoinGroup", &json!(["g"])),
        invoke("7", "LeaveGroup", &json!(["g"])),
        invoke("", "GetConnectionId", &json!([])),
        invoke("7", "Add", &json!([1])),
        format!("{stream}\u{1e}"),
    ] {
        let told = Told::default();
        let alice = told.ready("s1=", until(at(60), &["g"])).await;
        assert_eq!(renewed(&told.stage, at(5), &["g"]).await, Some(Renewed::Done));
        told.stage.clock.set(at(5));
        let [over] = records(&told.answer(&alice, &call).await).try_into().unwrap();
        assert_eq!(over["error"], "The session has expired.", "{call}");
        assert_eq!(told.heard(), ["connected"], "{call}");
    }
}

/// The key of such a name holds its beginning only.
#[tokio::test]
async fn a_long_group_that_a_pattern_let_in_ends_with_the_pattern() {
    let long = |end: &str| format!("room-{}{end}", "é".repeat(200));
    for (former, fresh, stays) in [
        ("room-*", "room-*", true),
        ("room-*", "*", true),
        ("room-*", "hall-*", false),
        ("room-*", "", false),
        ("*-a", "*-a", true),
        ("*-a", "x, *-a", true),
        ("*-a", "*", true),
        ("*-a", "", false),
        ("*-a", "*-b", false),
        // Nobody knows which of the two let it in.
        ("*-a, room-*", "room-*", true),
        ("*-a, *b-*", "*b-*", false),
        ("*-a, *-*", "*-*", true),
    ] {
        let stage = Stage::default();
        let principal = until(at(10), &[]);
        let caller = caller("s1=", principal.clone());
        let admission = Admission { principal, joinable: joinable(former) };
        let alice = Caller { admission, ..caller };
        stage.connect(&alice).await.unwrap();
        stage.answer(&alice, SHAKE).await;
        let join = invoke("1", "JoinGroup", &json!([long("-a")]));
        stage.answer(&alice, &join).await;
        assert!(stage.is_in(&alice, &long("-a")));
        let fresh = Admission { joinable: joinable(fresh), ..admission_until_20() };
        assert_eq!(refresh(&stage, &fresh).await, Some(Renewed::Done));
        assert_eq!(stage.is_in(&alice, &long("-a")), stays, "{former} -> {:?}", fresh.joinable);
    }
}

fn admission_until_20() -> Admission {
    admission(until(at(20), &[]))
}

#[tokio::test]
async fn a_session_that_is_over_or_has_no_end_is_not_refreshed() {
    let stage = Stage::default();
    stage.ready("s1=", until(at(10), &[])).await;
    stage.clock.set(at(10));
    assert_eq!(renewed(&stage, at(20), &[]).await, None);
    let stage = Stage::default();
    stage.ready("s1=", Principal { session_expires: None, ..until(at(10), &[]) }).await;
    assert_eq!(renewed(&stage, at(20), &[]).await, None);
}

#[tokio::test]
async fn a_user_who_is_blocked_or_has_logged_out_is_not_refreshed() {
    for block in [
        Block { until: Some(at(60)), not_before: None },
        Block { until: None, not_before: Some(START) },
    ] {
        let stage = Stage::default();
        let alice = stage.ready("s1=", until(at(10), &[])).await;
        stage.store.put_block(None, &name::user("alice"), block).await.unwrap();
        assert_eq!(renewed(&stage, at(20), &[]).await, Some(Renewed::Blocked));
        stage.clock.set(at(10));
        assert!(is_over(&stage, &alice).await);
    }
}

#[tokio::test]
async fn a_refresh_that_stops_half_way_ends_in_a_new_connection_and_may_be_repeated() {
    for operation in ["memberships", "put_rows", "block", "renew_admission"] {
        let stage = Stage::default();
        let alice = stage.ready("s1=", until(at(10), &["g"])).await;
        let refreshing = refreshing(&stage);
        let open = refreshing.find(&name::hub(HUB), &name::connection("c")).await.unwrap().unwrap();
        stage.store.fault(operation, Fault::Unavailable);
        let fresh = admission(until(at(20), &["g"]));
        assert!(refreshing.renew(&open, &fresh).await.is_err(), "{operation}");
        stage.store.heal();
        stage.clock.set(at(9));
        assert_eq!(renewed(&stage, at(30), &["g"]).await, Some(Renewed::Done), "{operation}");
        stage.clock.set(at(29));
        stage.send(r#"{"groupName":"g","target":"late"}"#).await;
        assert_eq!(stage.called(&alice), ["late"], "{operation}");

        let stage = Stage::default();
        let alice = stage.ready("s1=", until(at(10), &["g"])).await;
        let refreshing = self::refreshing(&stage);
        let open = refreshing.find(&name::hub(HUB), &name::connection("c")).await.unwrap().unwrap();
        stage.store.fault(operation, Fault::Unavailable);
        assert!(refreshing.renew(&open, &fresh).await.is_err());
        stage.store.heal();
        stage.clock.set(at(10));
        assert!(is_over(&stage, &alice).await, "{operation}");
    }
}

#[tokio::test]
async fn a_membership_for_a_time_that_is_over_stays_over() {
    let stage = Stage::default();
    let alice = stage.ready("s1=", until(at(30), &[])).await;
    let group: GroupName = name::group("trial");
    let row = ChannelKey::group(&name::hub(HUB), &group.keyed(), 0);
    stage.send(r#"{"action":"add","userId":"alice","groupName":"trial","ttlSeconds":60}"#).await;
    stage.clock.set(at(2));
    assert_eq!(renewed(&stage, at(60), &[]).await, Some(Renewed::Done));
    let rows = stage.store.rows().into_iter();
    assert!(rows.filter(|it| it.key == row).all(|it| it.expires <= at(1)));
    let lasting =
        Membership { group: group.keyed(), standing: Standing::Member, expires: Some(at(40)) };
    stage.store.put_membership(&name::hub(HUB), &name::user("alice"), &lasting).await.unwrap();
    assert_eq!(renewed(&stage, at(70), &[]).await, Some(Renewed::Done));
    let rows = stage.store.rows().into_iter();
    assert!(rows.filter(|it| it.key == row).all(|it| it.expires == at(40)));
    assert!(stage.is_in(&alice, "trial"));
}
