//! What tells a client to go arrives, though the line has ended by then.

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
