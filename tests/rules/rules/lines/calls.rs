//! What clients say over lines: each message is counted and carried out once, whenever it comes.

use std::time::Duration;

use futures_util::future::join_all;
use hubcast_testkit::Fault;
use hubcast_testkit::interleave::give_way;
use serde_json::{Value, json};

use super::stage::{self, LineStage, Tab};
use super::{ack, sequence};
use crate::stage::{PING, invoke, records};

fn call(id: usize) -> String {
    invoke(&id.to_string(), "GetConnectionId", &json!([]))
}

/// The highest acknowledgement in these replies.
fn acked(replies: &[String]) -> u64 {
    let of = |record: Value| (record["type"] == 8).then(|| record["sequenceId"].as_u64().unwrap());
    replies.iter().flat_map(|reply| records(reply)).filter_map(of).max().unwrap_or_default()
}

/// The client reads the answer to its handshake before hubcast has noted the handshake as through.
#[tokio::test(start_paused = true)]
async fn a_call_right_after_the_answer_to_the_handshake_is_counted() {
    let stage = LineStage::default();
    let mut tab = stage.connected("c", "s1=").await;
    let call = call(1);
    let (_, called) = tokio::join!(stage.say(&tab, stage::SHAKE), async {
        while stage.frames(&tab).is_empty() {
            give_way().await;
        }
        let slow = Fault::Slow(Duration::from_secs(1));
        stage.stage.store.fault_next("replace_line", [Some(slow)]);
        tokio::join!(stage.say(&tab, PING), stage.say(&tab, &call)).1
    });
    assert_eq!((called, stage.line(&tab).await.heard), (ack(1), 1));
    assert_eq!(tab.completed(&stage), ["1"]);
}

/// Such as a page that asks for many things at once, and is cut before it reads an acknowledgement.
#[tokio::test(start_paused = true)]
async fn however_many_calls_are_sent_again_each_is_carried_out_once() {
    let stage = LineStage::default();
    let mut tab = stage.ready("c", "s1=").await;
    // Functions take the frames in an order of their own.
    for id in (0..100).rev() {
        stage.say(&tab, &call(id)).await;
    }
    stage.cut(&tab);
    stage.come_back(&mut tab, "s2=").await;
    let replies = resent(&stage, &tab, 0..101).await;
    assert_eq!(acked(&replies), 101);
    let mut completed = tab.completed(&stage);
    assert_eq!(completed.len(), 101);
    completed.sort();
    completed.dedup();
    assert_eq!(completed.len(), 101);
}

async fn resent(stage: &LineStage, tab: &Tab, ids: std::ops::Range<usize>) -> Vec<String> {
    let mut replies = Vec::new();
    for id in ids {
        replies.push(stage.say(tab, &call(id)).await);
    }
    replies
}

/// The numbers of a client are its own: whatever it says, hubcast goes on counting.
#[tokio::test(start_paused = true)]
async fn a_number_beyond_all_others_harms_nobody() {
    for number in [u64::MAX, u64::MAX - 1, 0, 1 << 53] {
        let stage = LineStage::default();
        let mut tab = stage.ready("c", "s1=").await;
        stage.cut(&tab);
        assert!(stage.come_back_saying(&mut tab, "s2=", &sequence(number)).await);
        for id in 0..3 {
            stage.say(&tab, &call(id)).await;
        }
        assert_eq!(tab.completed(&stage).len(), 3, "{number}");
        assert_eq!(stage.say(&tab, &ack(number.max(4))).await, "", "{number}");
    }
}

/// Such as a page that begins, whose calls come in a frame each. Functions work at once, and the table
/// takes its time.
#[tokio::test(start_paused = true)]
async fn a_burst_of_calls_cuts_nobody() {
    let stage = LineStage::default();
    let mut tab = stage.ready("c", "s1=").await;
    for operation in ["line", "replace_line"] {
        stage.stage.store.fault(operation, Fault::Slow(Duration::from_millis(5)));
    }
    let calls: Vec<String> = (0..100).map(call).collect();
    stage.stage.journal().clear();
    join_all(calls.iter().map(|call| stage.say(&tab, call))).await;
    assert!(!stage.is_cut(&tab));
    assert_eq!(tab.completed(&stage).len(), calls.len());
    assert_eq!(stage.line(&tab).await.heard, 100);
    let writes = stage.stage.journal().count("replace_line");
    assert!(writes < 20 * calls.len(), "{writes}");
}

/// An acknowledgement says how many messages were heard, and not which.
#[tokio::test(start_paused = true)]
async fn a_call_that_another_s_acknowledgement_may_cover_is_not_lost_without_a_word() {
    for is_alone in [true, false] {
        let stage = LineStage::default();
        let mut tab = stage.ready("c", "s1=").await;
        let (lost, other) = (call(1), call(2));
        if is_alone {
            stage.say(&tab, &other).await;
            stage.stage.clock.advance(Duration::from_secs(1));
        }
        stage.stage.store.fault_next("line", [Some(Fault::Hang)]);
        tokio::join!(stage.say(&tab, &lost), async {
            for _ in 0..5 {
                give_way().await;
            }
            if !is_alone {
                assert_eq!(stage.say(&tab, &other).await, ack(1));
            }
        });
        assert!(stage.is_cut(&tab));
        assert_eq!(stage.come_back_saying(&mut tab, "s2=", &sequence(2)).await, is_alone);
        if is_alone {
            stage.say(&tab, &lost).await;
            assert_eq!(tab.completed(&stage), ["2", "1"]);
        }
    }
}
