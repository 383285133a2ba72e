//! What tells a client to go arrives, though the line has ended by then.

use std::time::Duration;

use hubcast_model::time::{Clock, Timestamp};
use hubcast_testkit::Answer;

use super::stage::LineStage;
use super::{CLOSE, HELLO};

const GONE: &str = "{\"type\":7,\"error\":\"Gone.\"}\u{1e}";

/// Nobody would tell the client again, and a client that is cut without a word connects anew.
#[tokio::test(start_paused = true)]
async fn a_close_arrives_though_the_gateway_is_busy() {
    for answers in [
        vec![Answer::Throttled],
        vec![Answer::Unreached, Answer::Throttled],
        vec![Answer::Accepted, Answer::Throttled],
    ] {
        let stage = LineStage::default();
        let mut tab = stage.ready("c", "s1=").await;
        let socket = tab.socket();
        if answers.len() > 1 {
            // What was not posted comes before.
            stage.stage.gateway.always(&socket, Answer::Throttled);
            stage.publish(hubcast_testkit::queued::message("m", HELLO)).await;
            stage.stage.gateway.always(&socket, Answer::Accepted);
        }
        stage.stage.gateway.answer_for(&socket, answers.clone());
        stage.send(CLOSE).await;
        assert_eq!(stage.frames(&tab).last().map(String::as_str), Some(GONE), "{answers:?}");
        assert_eq!(tab.heard(&stage).len(), usize::from(answers.len() > 1), "{answers:?}");
    }
}

/// Rows of a line last for a day, and the gateway does not promise to tell the end of a socket.
#[tokio::test(start_paused = true)]
async fn whoever_ends_a_line_has_its_rows_removed_though_nobody_tells_the_end_of_its_socket() {
    for is_draining in [false, true] {
        let window = if is_draining { Duration::ZERO } else { Duration::from_secs(30) };
        let stage = LineStage::waiting(window);
        let tab = stage.ready("c", "s1=").await;
        let before = stage.alarm.alarms().len();
        stage.stage.clock.advance(Duration::from_mins(1));
        if is_draining {
            stage.cut(&tab);
            stage.send(HELLO).await;
        } else {
            let old = Timestamp::from_millis(stage.stage.clock.now().as_millis() - 30_000);
            stage.stage.gateway.note_active(&tab.socket(), old);
            assert!(stage.try_back(&tab, "s2=").await.is_err());
        }
        for (line, after) in stage.alarm.alarms().split_off(before) {
            stage.stage.clock.advance(after);
            assert!(stage.time_up(&line).await);
        }
        assert!(stage.is_forgotten(&tab), "draining {is_draining}");
    }
}
