//! A message that no socket of its user takes waits for the next one.

use std::time::Duration;

use hubcast_connection::frames::AnswerFrames;
use hubcast_delivery::Publish;
use hubcast_model::access::Block;
use hubcast_model::handshake::JOINING_MAX;
use hubcast_model::ports::BlockStore;
use hubcast_model::ports::QueuedMessage;
use hubcast_model::socket::SocketState;
use hubcast_testkit::clock::START;
use hubcast_testkit::principal::principal;
use hubcast_testkit::queued::{again, in_group, message};
use hubcast_testkit::{Answer, Fault, name};
use serde_json::json;

use crate::stage::{HUB, SHAKE, Stage, claiming, close};

fn keep(target: &str) -> String {
    json!({ "userId": "alice", "target": target, "keepSeconds": 60 }).to_string()
}

fn kept(target: &str) -> QueuedMessage {
    in_group(target, "n:alice", &keep(target))
}

#[tokio::test]
async fn messages_wait_for_their_user_and_come_in_order_once() {
    let stage = Stage::default();
    let report = stage.publish([kept("a"), kept("b")]).await;
    assert_eq!((report.tally.kept, report.tally.undeliverable), (2, 0));
    stage.send(&format!("[{},{}]", keep("c"), keep("d"))).await;
    let bob = stage.ready_with("s1=", principal(HUB, "bob")).await;
    let other = stage.ready_with("s2=", principal("other", "alice")).await;
    let alice = stage.ready_with("s3=", principal(HUB, "alice")).await;
    let next = stage.ready_with("s4=", principal(HUB, "alice")).await;
    assert_eq!(stage.called(&alice), ["a", "b", "c", "d"]);
    for nothing in [&bob, &other, &next] {
        assert!(stage.called(nothing).is_empty());
    }
    assert_eq!(stage.received(&alice).len(), 1, "small messages share a frame");
}

#[tokio::test]
async fn what_a_socket_takes_does_not_wait() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.clock.advance(JOINING_MAX);
    stage.journal().clear();
    let report = stage.send(&keep("a")).await;
    assert_eq!((report.tally.done, report.tally.kept), (1, 0));
    assert_eq!(stage.called(&alice), ["a"]);
    assert_eq!(stage.journal().entries(), ["members", "post"]);
    assert!(stage.called(&stage.ready_with("s2=", principal(HUB, "alice")).await).is_empty());
}

#[tokio::test]
async fn nobody_gets_through_while_the_inbox_is_emptied() {
    let stage = Stage::default();
    stage.send(&keep("a")).await;
    let alice = stage.connected("s1=", principal(HUB, "alice")).await;
    let store = stage.store.clone();
    stage.store.before("remove_inbox_messages", async move {
        assert_eq!(store.sockets()[0].state, SocketState::Joining);
    });
    stage.answer(&alice, SHAKE).await;
    assert_eq!(stage.called(&alice), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_sockets_are_all_gone_waits_in_its_order() {
    let stage = Stage::default();
    let old = [stage.user("s1=", "alice").await, stage.user("s2=", "alice").await];
    for tab in &old {
        stage.gateway.always(&tab.socket, Answer::Gone);
    }
    let report = stage.publish([kept("a"), kept("b")]).await;
    assert_eq!((report.tally.kept, report.tally.undeliverable, report.tally.gone), (2, 0, 2));
    let alice = stage.ready_with("s3=", principal(HUB, "alice")).await;
    assert_eq!(stage.called(&alice), ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_one_of_the_sockets_took_does_not_wait() {
    let stage = Stage::default();
    let [gone, alice] = [stage.user("s1=", "alice").await, stage.user("s2=", "alice").await];
    stage.gateway.always(&gone.socket, Answer::Gone);
    let report = stage.send(&keep("a")).await;
    assert_eq!((report.tally.done, report.tally.kept), (1, 0));
    assert_eq!(stage.called(&alice), ["a"]);
    assert!(stage.called(&stage.ready_with("s3=", principal(HUB, "alice")).await).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_message_waits_whose_sockets_turn_out_to_be_gone_at_the_second_try() {
    let stage = Stage::default();
    let alice = stage.user("s1=", "alice").await;
    stage.gateway.always(&alice.socket, Answer::Throttled);
    let first = kept("a");
    assert_eq!(stage.publish([first.clone()]).await.failed, ["a"]);
    stage.gateway.always(&alice.socket, Answer::Gone);
    let report = stage.publish([again(&first)]).await;
    assert_eq!((report.failed.len(), report.tally.kept), (0, 1));
    assert_eq!(stage.called(&stage.ready_with("s2=", principal(HUB, "alice")).await), ["a"]);
}

/// The message goes to the tab that came while it was posted to the one that is gone.
#[tokio::test(start_paused = true)]
async fn a_tab_that_comes_while_the_old_one_is_found_gone_gets_the_message_at_once() {
    let stage = Stage::default();
    let old = stage.user("s1=", "alice").await;
    let new = stage.connected("s2=", principal(HUB, "alice")).await;
    stage.gateway.always(&old.socket, Answer::Gone);
    let frames = stage.second_frames();
    let shaking = new.clone();
    stage.gateway.before("post", async move {
        assert_eq!(frames.answer(&shaking, SHAKE, crate::stage::PATIENCE).await, "");
    });
    let report = stage.publish([kept("a"), kept("b")]).await;
    assert_eq!((report.tally.done, report.tally.kept), (2, 0));
    assert_eq!(stage.called(&new), ["a", "b"]);
}

/// What was sent later has reached the new tab by then, so the message waits for the one after.
#[tokio::test(start_paused = true)]
async fn a_message_that_was_overtaken_waits_for_the_next_tab() {
    let stage = Stage::default();
    let old = stage.user("s1=", "alice").await;
    let new = stage.connected("s2=", principal(HUB, "alice")).await;
    stage.gateway.always(&old.socket, Answer::Gone);
    let (frames, shaking) = (stage.second_frames(), new.clone());
    stage.store.before("put_membership", async move {
        assert_eq!(frames.answer(&shaking, SHAKE, crate::stage::PATIENCE).await, "");
    });
    let add = r#"{"action":"add","userId":"bob","groupName":"x"}"#;
    let report = stage.send(&format!("[{},{add},{}]", keep("a"), keep("b"))).await;
    assert_eq!((report.tally.done, report.tally.kept), (2, 1));
    assert_eq!(stage.called(&new), ["b"]);
    let next = stage.ready_with("s3=", principal(HUB, "alice")).await;
    assert_eq!(stage.called(&next), ["a"]);
}

#[tokio::test]
async fn a_tab_that_is_left_out_is_there_all_the_same() {
    let stage = Stage::default();
    let alice = stage.ready("s1=", claiming(principal(HUB, "alice"), "c")).await;
    let body = json!({ "userId": "alice", "target": "a", "keepSeconds": 60, "excludedConnectionIds": ["c"] });
    let report = stage.send(&body.to_string()).await;
    assert_eq!((report.tally.undeliverable, report.tally.kept), (1, 0));
    assert!(stage.called(&alice).is_empty());
}

#[tokio::test]
async fn a_message_waits_as_long_as_it_says_from_the_moment_it_was_sent() {
    for (more, waits) in [("", 60), (r#","expiresAt":"2026-11-23T10:00:30Z""#, 30)] {
        let body = format!(r#"{{"userId":"alice","target":"a","keepSeconds":60{more}}}"#);
        for (seconds, expected) in [(waits - 1, vec!["a"]), (waits, vec![])] {
            let stage = Stage::default();
            stage.clock.advance(Duration::from_secs(5));
            stage.send(&body).await;
            stage.clock.set(START.plus(Duration::from_secs(seconds)));
            let alice = stage.ready_with("s1=", principal(HUB, "alice")).await;
            assert_eq!(stage.called(&alice), expected, "{body} after {seconds} s");
        }
    }
}

#[tokio::test]
async fn what_has_waited_in_the_queue_for_too_long_is_undeliverable() {
    let stage = Stage::default();
    stage.clock.advance(Duration::from_mins(1));
    let report = stage.send(&keep("a")).await;
    assert_eq!((report.tally.undeliverable, report.tally.kept), (1, 0));
}

#[tokio::test]
async fn the_oldest_messages_make_room_for_new_ones() {
    let stage = Stage::default();
    let mut dropped = 0;
    for n in 0..103 {
        dropped += stage.publish([kept(&format!("m{n}"))]).await.tally.dropped;
    }
    assert_eq!(dropped, 3);
    let alice = stage.ready_with("s1=", principal(HUB, "alice")).await;
    let called = stage.called(&alice);
    assert_eq!((called.len(), called[0].as_str(), called[99].as_str()), (100, "m3", "m102"));
}

#[tokio::test]
async fn large_messages_make_room_by_their_size() {
    let stage = Stage::default();
    let mut dropped = 0;
    for n in 0..10 {
        let text = "x".repeat(120_000);
        let body = json!({ "userId": "alice", "target": format!("m{n}"), "arguments": [text], "keepSeconds": 60 });
        dropped += stage.send(&body.to_string()).await.tally.dropped;
    }
    assert_eq!(dropped, 2);
    let alice = stage.ready_with("s1=", principal(HUB, "alice")).await;
    assert_eq!(stage.called(&alice).first().map(String::as_str), Some("m2"));
}

/// A message is removed only after it was posted.
#[tokio::test(start_paused = true)]
async fn nothing_is_lost_when_the_socket_dies_before_it_got_everything() {
    for answer in [Answer::Throttled, Answer::Failed, Answer::Gone, Answer::Unreached] {
        let stage = Stage::default();
        let large = "x".repeat(30_000);
        for target in ["a", "b"] {
            let body = json!({ "userId": "alice", "target": target, "arguments": [large], "keepSeconds": 60 });
            stage.send(&body.to_string()).await;
        }
        let first = stage.connected("s1=", principal(HUB, "alice")).await;
        stage.gateway.answer_for(&first.socket, [Answer::Accepted, Answer::Accepted]);
        stage.gateway.always(&first.socket, answer);
        let [reply] = stage.replies(&first, SHAKE).await.try_into().unwrap();
        assert!(close(&reply), "{answer:?}");
        assert_eq!(stage.called(&first), ["a"], "{answer:?}");
        stage.assert_forgotten(&first);
        let next = stage.ready_with("s2=", principal(HUB, "alice")).await;
        assert_eq!(stage.called(&next), ["b"], "{answer:?}");
    }
}

#[tokio::test]
async fn a_table_that_fails_loses_nothing() {
    for operation in ["inbox_messages", "remove_inbox_messages"] {
        let stage = Stage::default();
        stage.send(&keep("a")).await;
        let first = stage.connected("s1=", principal(HUB, "alice")).await;
        stage.store.fault(operation, Fault::Unavailable);
        let [reply] = stage.replies(&first, SHAKE).await.try_into().unwrap();
        assert!(close(&reply), "{operation}");
        stage.store.heal();
        let next = stage.ready_with("s2=", principal(HUB, "alice")).await;
        assert_eq!(stage.called(&next), ["a"], "{operation}");
    }
    for operation in ["note_use", "put_inbox_message", "members"] {
        let stage = Stage::default();
        stage.store.fault_next(operation, [Some(Fault::Unavailable)]);
        let first = kept("a");
        assert_eq!(stage.publish([first.clone()]).await.failed, ["a"], "{operation}");
        assert!(stage.publish([again(&first)]).await.failed.is_empty());
        let alice = stage.ready_with("s1=", principal(HUB, "alice")).await;
        assert_eq!(stage.called(&alice), ["a"], "{operation}");
    }
}

#[tokio::test]
async fn a_message_that_comes_twice_from_the_queue_waits_once() {
    let stage = Stage::default();
    let first = kept("a");
    stage.publish([first.clone()]).await;
    stage.publish([again(&first)]).await;
    assert_eq!(stage.called(&stage.ready_with("s1=", principal(HUB, "alice")).await), ["a"]);
}

/// Nobody's old tab reads what came for the user after the log-out.
#[tokio::test]
async fn who_was_signed_out_meanwhile_does_not_get_what_waits() {
    let stage = Stage::default();
    stage.send(&keep("a")).await;
    let old = stage.connected("s1=", principal(HUB, "alice")).await;
    let block = Block { until: None, not_before: Some(START) };
    stage.store.put_block(Some(&name::hub(HUB)), &name::user("alice"), block).await.unwrap();
    let [reply] = stage.replies(&old, SHAKE).await.try_into().unwrap();
    assert!(!close(&reply));
    assert!(stage.called(&old).is_empty());
}

/// A record that no socket takes must not keep its user out for as long as it waits.
#[tokio::test]
async fn a_message_that_is_refused_as_too_large_is_given_up() {
    let stage = Stage::default();
    stage.send(&keep("a")).await;
    let alice = stage.connected("s1=", principal(HUB, "alice")).await;
    stage.gateway.answer_for(&alice.socket, [Answer::Accepted, Answer::TooLarge]);
    assert_eq!(stage.answer(&alice, SHAKE).await, "");
    stage.send(r#"{"userId":"alice","target":"b"}"#).await;
    assert_eq!(stage.called(&alice), ["b"]);
}

/// One came just before the rows were there, and one finds them and waits.
#[tokio::test(start_paused = true)]
async fn messages_that_come_during_the_handshake_follow_those_that_waited() {
    let stage = Stage::default();
    stage.send(&keep("a")).await;
    let alice = stage.connected("s1=", principal(HUB, "alice")).await;
    let publishers = [stage.publisher(), stage.publisher()];
    let [early, late] = publishers;
    stage.store.before("put_rows", async move {
        early.publish(vec![kept("b")], crate::stage::INVOCATION).await;
    });
    stage.store.before("uses", async move {
        tokio::spawn(async move { late.publish(vec![kept("c")], crate::stage::INVOCATION).await });
        tokio::time::sleep(Duration::from_secs(1)).await;
    });
    assert_eq!(stage.answer(&alice, SHAKE).await, "");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(stage.called(&alice), ["a", "b", "c"]);
    assert!(stage.store.waiting_messages().is_empty());
}

#[tokio::test]
async fn hubs_without_inboxes_pay_nothing_but_the_look_at_what_is_in_use() {
    let stage = Stage::default();
    let alice = stage.connected("s1=", principal(HUB, "alice")).await;
    stage.journal().clear();
    stage.answer(&alice, SHAKE).await;
    let journal = stage.journal();
    assert_eq!(
        (journal.count("uses"), journal.count("inbox_messages"), journal.count("retained")),
        (1, 0, 0)
    );
    let report = stage.publish([message("m", r#"{"userId":"bob","target":"t"}"#)]).await;
    assert_eq!(report.tally.undeliverable, 1);
    assert_eq!(journal.count("uses") + journal.count("note_use"), 1);
}
