//! Who gets what, in which order.

use std::time::Duration;

use hubcast_delivery::{Publish, Tally};
use hubcast_membership::membership::disconnect;
use hubcast_model::channel::ShardCounts;
use hubcast_testkit::Answer;
use hubcast_testkit::clock::START;
use hubcast_testkit::principal::{anonymous, principal};
use hubcast_testkit::queued::{in_group, message};
use serde_json::{Value, json};

use crate::stage::{HUB, INVOCATION, Stage, claiming, records, with_groups};

#[tokio::test]
async fn every_connection_of_a_user_gets_the_users_messages() {
    let stage = Stage::default();
    let tabs = [
        stage.user("s1=", "alice").await,
        stage.ready("s2=", claiming(principal(HUB, "alice"), "c")).await,
        stage.user("s3=", "alice").await,
    ];
    let others = [
        stage.user("s4=", "Alice").await,
        stage.ready("s5=", anonymous(HUB)).await,
        stage.ready("s6=", principal("other", "alice")).await,
    ];
    let report = stage.send(r#"{"userId":"alice","target":"t","arguments":[1]}"#).await;
    for tab in &tabs {
        let frame = "{\"type\":1,\"target\":\"t\",\"arguments\":[1]}\u{1e}";
        assert_eq!(stage.received(tab), [frame]);
    }
    for other in &others {
        assert!(stage.received(other).is_empty());
    }
    let tally = Tally { notifications: 1, done: 1, posts: 3, delivered: 3, ..Tally::default() };
    assert_eq!(report.tally, tally);
}

#[tokio::test]
async fn arguments_arrive_byte_for_byte() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.send("{\"userId\":\"alice\",\"target\":\"t\",\"arguments\":[ 1.0, \"\\u00fc\" ]}").await;
    let [frame] = stage.received(&alice).try_into().unwrap();
    assert!(frame.contains("[ 1.0, \"\\u00fc\" ]"), "{frame}");
}

#[tokio::test]
async fn a_connection_is_reached_by_its_id() {
    let stage = Stage::default();
    let claimed = stage.claimed("s1=", "c").await;
    let own = stage.ready("s2=", anonymous(HUB)).await;
    stage.send(r#"{"connectionId":"c","target":"a"}"#).await;
    stage.send(r#"{"connectionId":"c.signature","target":"b"}"#).await;
    stage.send(r#"{"connectionId":"s2=","target":"c"}"#).await;
    assert_eq!(stage.called(&claimed), ["a", "b"]);
    assert_eq!(stage.called(&own), ["c"]);
}

#[tokio::test]
async fn a_connection_is_not_reached_by_its_socket_or_from_another_hub() {
    let stage = Stage::default();
    let claimed = stage.claimed("s1=", "c").await;
    let own = stage.ready("s2=", anonymous(HUB)).await;
    let undeliverable = [
        r#"{"connectionId":"s1=","target":"t"}"#,
        r#"{"hub":"other","connectionId":"c","target":"t"}"#,
        r#"{"hub":"other","connectionId":"s2=","target":"t"}"#,
        r#"{"connectionId":"nobody","target":"t"}"#,
    ];
    for body in undeliverable {
        assert_eq!(stage.send(body).await.tally.undeliverable, 1, "{body}");
    }
    assert!(stage.received(&claimed).is_empty() && stage.received(&own).is_empty());
}

#[tokio::test]
async fn everyone_on_a_hub_gets_a_broadcast_page_by_page() {
    let stage = Stage::default();
    let mut callers = Vec::new();
    for n in 0..30 {
        callers.push(stage.user(&format!("s{n}="), "alice").await);
    }
    stage.send(r#"{"target":"t"}"#).await;
    for caller in &callers {
        assert_eq!(stage.called(caller), ["t"]);
    }
}

#[tokio::test]
async fn who_is_in_several_groups_gets_it_once() {
    let stage = Stage::default();
    let alice = stage.ready("s1=", with_groups(principal(HUB, "alice"), &["a", "b"])).await;
    let bob = stage.ready("s2=", with_groups(principal(HUB, "bob"), &["b"])).await;
    stage.send(r#"{"groupNames":["a","b","a"],"target":"t"}"#).await;
    stage.send(r#"{"userIds":["alice","alice"],"target":"u"}"#).await;
    assert_eq!(stage.called(&alice), ["t", "u"]);
    assert_eq!(stage.called(&bob), ["t"]);
}

#[tokio::test]
async fn excluded_connections_are_left_out() {
    let stage = Stage::default();
    let [alice, bob] = [stage.claimed("s1=", "a").await, stage.claimed("s2=", "b").await];
    let own = stage.ready("s3=", anonymous(HUB)).await;
    stage.send(r#"{"target":"t","excludedConnectionIds":["a","s3=","nobody"]}"#).await;
    assert!(stage.called(&alice).is_empty() && stage.called(&own).is_empty());
    assert_eq!(stage.called(&bob), ["t"]);
}

#[tokio::test]
async fn messages_of_a_batch_share_frames_in_their_order() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    let bob = stage.user("s2=", "bob").await;
    let report = stage
        .publish([
            in_group("m1", "g", r#"{"userId":"alice","target":"a"}"#),
            in_group("m2", "g", r#"[{"userId":"bob","target":"b"},{"target":"c"}]"#),
            in_group("m3", "h", r#"{"userId":"alice","target":"d"}"#),
        ])
        .await;
    let frames: Vec<usize> = stage.received(&alice).iter().map(|f| records(f).len()).collect();
    assert_eq!(frames, [3]);
    assert_eq!(stage.called(&alice), ["a", "c", "d"]);
    assert_eq!(stage.called(&bob), ["b", "c"]);
    assert_eq!((report.tally.posts, report.tally.delivered), (2, 5));
}

#[tokio::test]
async fn large_records_keep_their_place_in_frames_of_their_own() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    let large = json!({ "userId": "alice", "target": "large", "arguments": ["x".repeat(100_000)] });
    let body = format!(
        r#"[{{"userId":"alice","target":"a"}},{large},{{"userId":"alice","target":"b"}},{{"userId":"alice","target":"c"}}]"#
    );
    stage.send(&body).await;
    let frames: Vec<usize> = stage.received(&alice).iter().map(|f| records(f).len()).collect();
    assert_eq!(frames, [1, 1, 2]);
    assert_eq!(stage.called(&alice), ["a", "large", "b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn posts_are_bounded_and_one_at_a_time_for_a_socket() {
    let stage = Stage::default();
    for n in 0..40 {
        let caller = stage.user(&format!("s{n}="), "alice").await;
        stage.gateway.always(&caller.socket, Answer::Late(Duration::from_millis(100)));
    }
    let text = "x".repeat(20_000);
    let element = json!({ "target": "t", "arguments": [text] });
    stage.send(&json!([element, element, element]).to_string()).await;
    assert_eq!(stage.gateway.most_under_way(), (8, 1));
}

#[tokio::test]
async fn an_answer_completes_the_invocation_of_its_connection() {
    let stage = Stage::default();
    let caller = stage.claimed("s1=", "c").await;
    stage.send(r#"{"connectionId":"c","invocationId":"7","result":{"a":1}}"#).await;
    stage.send(r#"{"connectionId":"c","invocationId":"8","error":"no"}"#).await;
    stage.send(r#"{"connectionId":"c","invocationId":"9"}"#).await;
    let records: Vec<Value> =
        stage.received(&caller).iter().flat_map(|frame| records(frame)).collect();
    let expected = [
        json!({ "type": 3, "invocationId": "7", "result": { "a": 1 } }),
        json!({ "type": 3, "invocationId": "8", "error": "no" }),
        json!({ "type": 3, "invocationId": "9" }),
    ];
    assert_eq!(records, expected);
}

#[tokio::test]
async fn nobody_named_is_not_everybody() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    for body in [r#"{"userIds":[],"target":"t"}"#, r#"{"groupNames":[],"target":"t"}"#] {
        let report = stage.send(body).await;
        assert_eq!((report.tally.undeliverable, report.tally.posts), (1, 0), "{body}");
    }
    assert!(stage.called(&alice).is_empty());
}

#[tokio::test]
async fn what_is_too_old_is_counted_and_not_delivered() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    let report = stage
        .send(
            r#"[{"userId":"alice","target":"old","expiresAt":"2026-11-23T10:00:00Z"},
                {"userId":"alice","target":"new","expiresAt":"2026-11-23T11:00:00.001+01:00"}]"#,
        )
        .await;
    assert_eq!(stage.called(&alice), ["new"]);
    assert_eq!((report.tally.expired, report.tally.notifications), (1, 2));
}

#[tokio::test]
async fn a_socket_that_is_gone_is_pruned_and_is_no_failure() {
    let stage = Stage::default();
    let alice = stage.ready("s1=", with_groups(principal(HUB, "alice"), &["g"])).await;
    let bob = stage.ready("s2=", with_groups(principal(HUB, "bob"), &["g"])).await;
    stage.gateway.always(&alice.socket, Answer::Gone);
    let report = stage.send(r#"{"groupName":"g","target":"t"}"#).await;
    assert_eq!((report.tally.gone, report.tally.delivered), (1, 1));
    stage.assert_forgotten(&alice);
    assert!(stage.gateway.is_deleted(&alice.socket), "it might live and would be deaf");
    assert_eq!(stage.called(&bob), ["t"]);
}

#[tokio::test]
async fn a_row_without_a_record_is_pruned_by_the_way_it_was_found() {
    let stage = Stage::default();
    let alice = stage.ready("s1=", with_groups(principal(HUB, "alice"), &["g"])).await;
    hubcast_model::ports::SocketStore::delete_socket(&stage.store, &alice.socket).await.unwrap();
    stage.gateway.always(&alice.socket, Answer::Gone);
    stage.send(r#"{"groupName":"g","target":"t"}"#).await;
    assert!(!stage.is_in(&alice, "g"));
}

#[tokio::test]
async fn rows_count_in_shards_that_are_not_configured_any_more() {
    let stage = Stage::default();
    let mut callers = Vec::new();
    for n in 0..8 {
        callers.push(stage.user(&format!("s{n}="), "alice").await);
    }
    let fewer = stage.publisher_with(ShardCounts { group: 1, hub: 1 });
    fewer.publish(vec![message("m", r#"{"target":"t"}"#)], INVOCATION).await;
    for caller in &callers {
        assert_eq!(stage.called(caller), ["t"]);
    }
}

#[tokio::test]
async fn an_expired_row_is_nobody() {
    let stage = Stage::default();
    stage.user("s1=", "alice").await;
    stage.clock.set(START.plus(Duration::from_mins(130)));
    let report = stage.send(r#"{"userId":"alice","target":"t"}"#).await;
    assert_eq!((report.tally.undeliverable, report.tally.posts), (1, 0));
}

#[tokio::test]
async fn who_left_gets_nothing() {
    let stage = Stage::default();
    let alice =
        stage.ready("s1=", with_groups(claiming(principal(HUB, "alice"), "c"), &["g"])).await;
    assert!(disconnect(&stage.store, &alice.socket, START).await.unwrap().is_some());
    assert!(disconnect(&stage.store, &alice.socket, START).await.unwrap().is_none());
    stage.assert_forgotten(&alice);
    for body in [
        r#"{"userId":"alice","target":"t"}"#,
        r#"{"groupName":"g","target":"t"}"#,
        r#"{"connectionId":"c","target":"t"}"#,
        r#"{"target":"t"}"#,
    ] {
        assert_eq!(stage.send(body).await.tally.undeliverable, 1, "{body}");
    }
}
