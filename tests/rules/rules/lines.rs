//! Connections that outlive their sockets: what their clients hear, whatever happens to sockets.

mod calls;
mod closes;
mod costs;
mod histories;
mod kept;
mod lives;
mod others;
mod pace;
mod stage;
mod tale;

use hubcast_backend::{Roster, Table};
use hubcast_connection::connect::ConnectError;
use hubcast_membership::shards::Shards;
use hubcast_model::channel::ShardCounts;
use hubcast_testkit::clock::START;
use hubcast_testkit::interleave::{Flow, Orders};
use hubcast_testkit::queued::{again, in_group, message};
use hubcast_testkit::{Answer, Fault, name};
use serde_json::json;

use crate::stage::{ACCEPTED, HUB, PING, invoke};
use stage::LineStage;

const HELLO: &str = r#"{"userId":"alice","target":"hello"}"#;
const BYE: &str = r#"{"userId":"alice","target":"bye"}"#;
const CLOSE: &str = r#"{"action":"close","connectionId":"~c","reason":"Gone."}"#;
const LOG_OUT: &str = r#"{"action":"close","userId":"alice"}"#;

fn sequence(number: u64) -> String {
    format!("{{\"type\":9,\"sequenceId\":{number}}}\u{1e}")
}

fn ack(number: u64) -> String {
    format!("{{\"type\":8,\"sequenceId\":{number}}}\u{1e}")
}

#[tokio::test(start_paused = true)]
async fn nothing_is_counted_before_the_client_spoke_and_everything_after() {
    let stage = LineStage::default();
    let mut tab = stage.connected("c", "s1=").await;
    assert_eq!(stage.say(&tab, stage::SHAKE).await, "");
    stage.send(HELLO).await;
    assert_eq!(stage.frames(&tab), [ACCEPTED]);
    assert_eq!(stage.say(&tab, PING).await, PING);
    assert_eq!(stage.frames(&tab)[1..].len(), 1);
    assert!(stage.frames(&tab)[1].starts_with(&sequence(1)));
    assert_eq!(tab.heard(&stage), ["hello"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_whose_socket_was_cut_comes_back_to_what_it_missed() {
    let stage = LineStage::default();
    let mut tab = stage.ready("c", "s1=").await;
    stage.send(HELLO).await;
    stage.cut(&tab);
    stage.send(BYE).await;
    stage.send(HELLO).await;
    assert_eq!(tab.heard(&stage), ["hello"]);
    stage.come_back(&mut tab, "s2=").await;
    assert_eq!(tab.heard(&stage), ["hello", "bye", "hello"]);
}

#[tokio::test(start_paused = true)]
async fn a_cut_that_the_gateway_tells_is_kept_for_the_client_for_a_while() {
    let stage = LineStage::default();
    let mut tab = stage.ready("c", "s1=").await;
    stage.cut(&tab);
    stage.gone(&tab, false).await;
    stage.gone(&tab, false).await;
    stage.send(BYE).await;
    stage.come_back(&mut tab, "s2=").await;
    assert_eq!(tab.heard(&stage), ["bye"]);
    // The end of the first socket is told once more, late.
    stage.gone_of(&tab, "s1=").await;
    stage.send(HELLO).await;
    assert_eq!(tab.heard(&stage), ["bye", "hello"]);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_come_back_in_time_is_gone_with_all_rows() {
    let stage = LineStage::default();
    let tab = stage.ready("c", "s1=").await;
    stage.cut(&tab);
    stage.gone(&tab, false).await;
    let (line, after) = stage.alarm.alarms().pop().unwrap();
    stage.time_up(&line).await;
    assert!(!stage.is_forgotten(&tab), "the time is not up");
    stage.stage.clock.set(START.plus(after));
    stage.time_up(&line).await;
    assert!(stage.is_forgotten(&tab));
    let refused = stage.try_back(&tab, "s2=").await;
    assert!(matches!(refused, Err(ConnectError::Over)), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn a_hub_knows_how_many_of_its_connections_outlive_their_sockets() {
    let stage = LineStage::default();
    for n in 0..3 {
        stage.plain(&format!("p{n}=")).await;
        stage.ready(&format!("c{n}"), &format!("s{n}=")).await;
    }
    let (store, clock) = (stage.stage.store.clone(), stage.stage.clock.clone());
    let table = Table { store, clock, shards: Shards::new(ShardCounts::default()) };
    let hub = name::hub(HUB);
    let roster = Roster::new(&table, &hub);
    assert_eq!(roster.lines(1000).await.unwrap(), 3);
    assert!((2..=3).contains(&roster.lines(1).await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn who_closed_its_socket_is_gone_at_once() {
    let stage = LineStage::default();
    let tab = stage.ready("c", "s1=").await;
    stage.gone(&tab, true).await;
    assert!(stage.is_forgotten(&tab));
    assert!(stage.try_back(&tab, "s2=").await.is_err());
}

/// The client tries to come back after a Close all the same. A socket that is let in stays open
/// unused, and its end would end the client's next good connection.
#[tokio::test(start_paused = true)]
async fn nobody_comes_back_after_a_close() {
    let stage = LineStage::default();
    let mut tab = stage.ready("c", "s1=").await;
    stage.send(HELLO).await;
    stage.send(CLOSE).await;
    let frames = stage.frames(&tab);
    assert_eq!(
        frames.last().map(String::as_str).unwrap(),
        "{\"type\":7,\"error\":\"Gone.\"}\u{1e}"
    );
    assert_eq!(tab.heard(&stage), ["hello"]);
    assert!(stage.stage.gateway.is_deleted(&tab.socket()));
    let refused = stage.try_back(&tab, "s2=").await;
    assert!(matches!(refused, Err(ConnectError::Over)), "{refused:?}");
    assert!(stage.is_forgotten(&tab));
}

#[tokio::test(start_paused = true)]
async fn who_was_logged_out_during_a_cut_does_not_come_back() {
    let stage = LineStage::default();
    let tab = stage.ready("c", "s1=").await;
    stage.cut(&tab);
    stage.gone(&tab, false).await;
    stage.send(LOG_OUT).await;
    let refused = stage.try_back(&tab, "s2=").await;
    assert!(matches!(refused, Err(ConnectError::Blocked)), "{refused:?}");
    assert!(stage.is_forgotten(&tab));
}

#[tokio::test(start_paused = true)]
async fn nobody_comes_back_after_a_close_that_answers_a_frame() {
    let stage = LineStage::default();
    let tab = stage.ready("c", "s1=").await;
    let reply = stage.say(&tab, "{\"type\":1}\u{1e}").await;
    assert!(reply.starts_with("{\"type\":7"), "{reply}");
    assert!(stage.try_back(&tab, "s2=").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_acknowledges_what_was_never_sent_goes_on() {
    let stage = LineStage::default();
    let tab = stage.ready("c", "s1=").await;
    let before = stage.line(&tab).await;
    assert_eq!(stage.say(&tab, &ack(7)).await, "");
    assert_eq!(stage.line(&tab).await, before);
}

#[tokio::test(start_paused = true)]
async fn a_client_whose_old_socket_is_good_as_far_as_anyone_knows_is_refused() {
    let stage = LineStage::default();
    let tab = stage.ready("c", "s1=").await;
    assert!(stage.try_back(&tab, "s2=").await.is_err());
    assert!(stage.stage.gateway.is_deleted(&tab.socket()));
    assert!(stage.try_back(&tab, "s3=").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_client_whose_old_socket_is_known_to_be_gone_comes_back_untold() {
    let stage = LineStage::default();
    let mut tab = stage.ready("c", "s1=").await;
    stage.send(HELLO).await;
    stage.cut(&tab);
    stage.come_back(&mut tab, "s2=").await;
    assert_eq!(tab.heard(&stage), ["hello"]);
}

#[tokio::test(start_paused = true)]
async fn a_late_token_opens_nothing() {
    let stage = LineStage::default();
    let refused = stage.connect("c", "s1=", true).await;
    assert!(matches!(refused, Err(ConnectError::Over)), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_says_where_it_goes_on_and_does_not_count_is_cut() {
    let stage = LineStage::default();
    let tab = stage.ready("c", "s1=").await;
    assert_eq!(stage.say(&tab, &sequence(1)).await, "");
    assert!(stage.stage.gateway.is_deleted(&tab.socket()));
}

#[tokio::test(start_paused = true)]
async fn answers_are_counted_and_calls_are_acknowledged() {
    let stage = LineStage::default();
    let mut tab = stage.ready("c", "s1=").await;
    let call = invoke("7", "GetConnectionId", &json!([]));
    assert_eq!(stage.say(&tab, &call).await, ack(1));
    assert_eq!(tab.completed(&stage), ["7"]);
    assert_eq!(stage.say(&tab, &ack(1)).await, "");
    assert!(stage.line(&tab).await.log.records.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_sent_again_is_carried_out_once() {
    let stage = LineStage::default();
    let mut tab = stage.ready("c", "s1=").await;
    let call = invoke("7", "GetConnectionId", &json!([]));
    stage.say(&tab, &call).await;
    stage.cut(&tab);
    stage.come_back(&mut tab, "s2=").await;
    assert_eq!(stage.say(&tab, &call).await, ack(1));
    let next = invoke("8", "GetConnectionId", &json!([]));
    assert_eq!(stage.say(&tab, &next).await, ack(2));
    assert_eq!(tab.completed(&stage), ["7", "8"]);
}

#[tokio::test(start_paused = true)]
async fn an_older_version_of_the_protocol_is_refused() {
    let stage = LineStage::default();
    let tab = stage.connected("c", "s1=").await;
    assert_eq!(stage.say(&tab, crate::stage::SHAKE).await, "");
    assert!(stage.frames(&tab)[0].starts_with("{\"error\":"), "{:?}", stage.frames(&tab));
    assert!(stage.stage.gateway.is_deleted(&tab.socket()));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_comes_again_is_sent_once() {
    let stage = LineStage::default();
    let mut tab = stage.ready("c", "s1=").await;
    let first = message("m", HELLO);
    stage.publish(first.clone()).await;
    stage.publish(again(&first)).await;
    assert_eq!(tab.heard(&stage), ["hello"]);
}

/// Nobody knows whether the frame arrived, so it is posted again; then the socket is cut.
#[tokio::test(start_paused = true)]
async fn posts_that_are_not_answered_are_repeated_and_then_the_client_comes_back() {
    for answers in [vec![Answer::Lost], vec![Answer::Lost, Answer::Failed]] {
        let stage = LineStage::default();
        let mut tab = stage.ready("c", "s1=").await;
        let is_cut = answers.len() > 1;
        stage.stage.gateway.answer_for(&tab.socket(), answers);
        stage.send(HELLO).await;
        assert_eq!(stage.stage.gateway.is_deleted(&tab.socket()), is_cut);
        if is_cut {
            stage.come_back(&mut tab, "s2=").await;
        }
        stage.send(BYE).await;
        assert_eq!(tab.heard(&stage), ["hello", "bye"]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_busy_gateway_does_not_take_is_sent_with_the_next_frame_of_the_client() {
    let stage = LineStage::default();
    let mut tab = stage.ready("c", "s1=").await;
    stage.stage.gateway.always(&tab.socket(), Answer::Throttled);
    let report = stage.publish(message("m", HELLO)).await;
    assert_eq!(report.failed, ["m"]);
    stage.stage.gateway.always(&tab.socket(), Answer::Accepted);
    stage.say(&tab, PING).await;
    assert_eq!(tab.heard(&stage), ["hello"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_back_is_told_where_hubcast_goes_on_though_the_gateway_is_busy() {
    let stage = LineStage::default();
    let mut tab = stage.ready("c", "s1=").await;
    stage.cut(&tab);
    let second = name::socket("s2=");
    stage.stage.gateway.answer_for(&second, [Answer::Throttled, Answer::Unreached]);
    stage.come_back(&mut tab, "s2=").await;
    assert_eq!(stage.frames(&tab), [sequence(1)]);
    stage.send(HELLO).await;
    assert_eq!(tab.heard(&stage), ["hello"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_a_busy_gateway_does_not_take_comes_later_and_once() {
    let stage = LineStage::default();
    let mut tab = stage.ready("c", "s1=").await;
    stage.stage.gateway.always(&tab.socket(), Answer::Throttled);
    assert_eq!(stage.say(&tab, &invoke("7", "GetConnectionId", &json!([]))).await, ack(1));
    stage.stage.gateway.always(&tab.socket(), Answer::Accepted);
    stage.say(&tab, PING).await;
    assert_eq!(tab.completed(&stage), ["7"]);
}

#[tokio::test(start_paused = true)]
async fn a_table_that_fails_cuts_the_client_without_a_word() {
    let stage = LineStage::default();
    let tab = stage.ready("c", "s1=").await;
    stage.stage.store.fault_next("line", [Some(Fault::Unavailable), Some(Fault::Unavailable)]);
    assert_eq!(stage.say(&tab, PING).await, "");
    assert!(stage.stage.gateway.is_deleted(&tab.socket()));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_ended_when_its_log_is_full() {
    let stage = LineStage::default();
    let tab = stage.ready("c", "s1=").await;
    stage.cut(&tab);
    let long = "x".repeat(30_000);
    for _ in 0..5 {
        let body = json!({ "userId": "alice", "target": "t", "arguments": [long] });
        stage.send(&body.to_string()).await;
    }
    assert!(stage.is_forgotten(&tab));
    assert!(stage.try_back(&tab, "s2=").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn whatever_the_order_of_publishers_a_cut_and_a_return_each_record_comes_once_in_order() {
    let mut orders = Orders::with_preemptions(2);
    while orders.turn() {
        let stage = LineStage::default();
        let mut tab = stage.ready("c", "s1=").await;
        let in_order = [in_group("m1", "g", HELLO), in_group("m2", "g", HELLO)];
        let other = in_group("m3", "h", BYE);
        let flows: Vec<Flow<'_>> = vec![
            Box::pin(async {
                for message in in_order.clone() {
                    stage.publish(message).await;
                }
            }),
            Box::pin(async {
                stage.publish(other.clone()).await;
            }),
            Box::pin(async {
                hubcast_testkit::interleave::give_way().await;
                stage.cut(&tab);
                stage.come_back(&mut tab, "s2=").await;
            }),
        ];
        orders.run(flows).await;
        stage.say(&tab, PING).await;
        let mut heard = tab.heard(&stage);
        heard.sort();
        assert_eq!(heard, ["bye", "hello", "hello"], "order {}", orders.tried());
    }
    assert!(orders.tried() > 100, "{} orders", orders.tried());
}

#[tokio::test(start_paused = true)]
async fn whatever_the_order_of_a_close_and_a_return_nobody_holds_a_socket_after_it() {
    let mut orders = Orders::with_preemptions(2);
    while orders.turn() {
        let stage = LineStage::default();
        let mut tab = stage.ready("c", "s1=").await;
        stage.cut(&tab);
        stage.gone(&tab, false).await;
        let flows: Vec<Flow<'_>> = vec![
            Box::pin(async {
                stage.publish(message("m", CLOSE)).await;
            }),
            Box::pin(async {
                stage.come_back_if_let(&mut tab, "s2=").await;
            }),
        ];
        orders.run(flows).await;
        // A socket that was let in before the end is cut by its next frame, if not before.
        stage.say(&tab, PING).await;
        assert!(stage.stage.gateway.is_deleted(&tab.socket()), "order {}", orders.tried());
        assert!(stage.try_back(&tab, "s3=").await.is_err(), "order {}", orders.tried());
    }
    assert!(orders.tried() > 10, "{} orders", orders.tried());
}
