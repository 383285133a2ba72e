//! How long lines and their sockets live, and what becomes of kept messages.

use std::time::Duration;

use hubcast_model::socket::LINE_LIFETIME;
use hubcast_model::time::{Clock, Timestamp};
use hubcast_testkit::Answer;
use hubcast_testkit::clock::START;
use serde_json::json;

use super::stage::{self, LineStage};
use super::{BYE, HELLO, ack, sequence};
use crate::stage::{PING, invoke};

const KEPT: &str = r#"{"userId":"alice","target":"hello","keepSeconds":3600}"#;

/// A socket is renewed between 100 and 114 minutes.
#[tokio::test(start_paused = true)]
async fn a_socket_that_comes_to_its_cap_is_cut_without_a_word_and_its_frame_is_said_again() {
    let stage = LineStage::default();
    let mut tab = stage.ready("c", "s1=").await;
    stage.stage.clock.set(START.plus(Duration::from_mins(99)));
    assert_eq!(stage.say(&tab, PING).await, PING);
    stage.stage.clock.set(START.plus(Duration::from_mins(115)));
    let call = invoke("7", "GetConnectionId", &json!([]));
    assert_eq!(stage.say(&tab, &call).await, "");
    assert!(stage.stage.gateway.is_deleted(&tab.socket()));
    stage.send(HELLO).await;
    stage.come_back(&mut tab, "s2=").await;
    assert_eq!(stage.say(&tab, &call).await, ack(1));
    assert_eq!(
        (tab.heard(&stage), tab.completed(&stage)),
        (vec!["hello".to_owned()], vec!["7".to_owned()])
    );
}

/// A gateway may call the end of a socket that hubcast cut the client's own, before the client is
/// back.
#[tokio::test(start_paused = true)]
async fn an_end_that_hubcast_made_keeps_the_line_whatever_the_gateway_calls_it() {
    let stage = LineStage::default();
    let mut tab = stage.ready("c", "s1=").await;
    stage.send(HELLO).await;
    stage.stage.gateway.answer_for(&tab.socket(), [Answer::Failed, Answer::Failed]);
    stage.send(BYE).await;
    assert!(stage.stage.gateway.is_deleted(&tab.socket()));
    stage.gone(&tab, true).await;
    stage.come_back(&mut tab, "s2=").await;
    assert_eq!(tab.heard(&stage), ["hello", "bye"]);
}

/// The rows of a line last for 26 hours.
#[tokio::test(start_paused = true)]
async fn a_line_ends_by_a_close_before_its_rows_do() {
    let stage = LineStage::default();
    let mut tab = stage.ready("c", "s1=").await;
    stage.cut(&tab);
    stage.gone(&tab, false).await;
    stage.come_back(&mut tab, "s2=").await;
    let late = START.plus(LINE_LIFETIME.saturating_sub(Duration::from_hours(1)));
    stage.stage.clock.set(late);
    tab.connected_at(late);
    let reply = stage.say(&tab, PING).await;
    assert!(reply.contains("\"type\":7") && reply.contains("\"allowReconnect\":true"), "{reply}");
    assert!(stage.try_back(&tab, "s3=").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_client_comes_back_to_a_half_open_line_if_the_gateway_heard_of_it_lately() {
    for (heard_ago, waits, comes_back) in
        [(20, false, true), (21, false, false), (1, true, false), (0, false, true)]
    {
        let stage = LineStage::default();
        let mut tab = stage.ready("c", "s1=").await;
        let first = tab.socket();
        stage.stage.clock.advance(Duration::from_mins(1));
        if waits {
            stage.send(HELLO).await;
            stage.stage.clock.advance(Duration::from_secs(6));
        }
        let heard = stage.stage.clock.now().as_millis() - heard_ago * 1000;
        stage.stage.gateway.note_active(&first, Timestamp::from_millis(heard));
        assert_eq!(
            stage.come_back_if_let(&mut tab, "s2=").await,
            comes_back,
            "{heard_ago} {waits}"
        );
        assert!(stage.stage.gateway.is_deleted(&first));
    }
}

#[tokio::test(start_paused = true)]
async fn what_came_from_the_inbox_is_kept_until_it_is_acknowledged() {
    let stage = LineStage::default();
    stage.send(KEPT).await;
    assert_eq!(stage.stage.store.waiting_messages().len(), 1);
    let mut tab = stage.ready("c", "s1=").await;
    assert_eq!(tab.heard(&stage), ["hello"]);
    assert!(stage.stage.store.waiting_messages().is_empty());
    assert_eq!(stage.line(&tab).await.log.keeping.len(), 1);
    stage.send(KEPT).await;
    stage.send(BYE).await;
    assert_eq!(stage.line(&tab).await.log.keeping.len(), 2);
    stage.say(&tab, &ack(1)).await;
    stage.gone(&tab, true).await;
    let line = stage.line(&tab).await;
    assert_eq!((line.left.len(), line.log.keeping.len()), (1, 0));
}

/// Nothing can be posted before the client speaks, so a large inbox waits for that.
#[tokio::test(start_paused = true)]
async fn an_inbox_that_is_larger_than_a_log_comes_once_the_client_speaks() {
    let stage = LineStage::default();
    let long = "x".repeat(30_000);
    for _ in 0..12 {
        let body =
            json!({ "userId": "alice", "target": "t", "arguments": [long], "keepSeconds": 60 });
        stage.send(&body.to_string()).await;
    }
    let mut tab = stage.connected("c", "s1=").await;
    let (shaken, pinged) = tokio::join!(stage.say(&tab, stage::SHAKE), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        stage.say(&tab, PING).await
    });
    assert_eq!((shaken.as_str(), pinged.as_str()), ("", PING));
    assert_eq!(tab.heard(&stage), vec!["t"; 12]);
    assert!(stage.stage.store.waiting_messages().is_empty());
}

#[tokio::test(start_paused = true)]
async fn nobody_comes_back_where_lines_wait_for_nobody() {
    for is_told in [true, false] {
        let stage = LineStage::waiting(Duration::ZERO);
        let tab = stage.ready("c", "s1=").await;
        stage.cut(&tab);
        if is_told {
            stage.gone(&tab, false).await;
            assert!(stage.is_forgotten(&tab));
        }
        assert!(stage.try_back(&tab, "s2=").await.is_err());
        assert_eq!(stage.say(&tab, &sequence(1)).await, "");
    }
}
