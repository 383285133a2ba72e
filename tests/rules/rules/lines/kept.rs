//! What is kept for a user reaches a line as it reaches any connection, and is kept until then.

use hubcast_testkit::Answer;
use hubcast_testkit::interleave::{Flow, Orders};
use hubcast_testkit::queued::message;

use super::stage::{self, LineStage, Tab};
use crate::stage::PING;

const KEPT: &str = r#"{"userId":"alice","target":"hello","keepSeconds":3600}"#;

/// The user's only connection turns out to be gone, and the line takes the message in its place, or
/// comes later and finds the message in the inbox.
#[tokio::test(start_paused = true)]
async fn whenever_a_line_comes_while_an_old_socket_is_found_gone_the_message_stays_kept() {
    let (mut orders, mut taken) = (Orders::with_preemptions(2), 0);
    while orders.turn() {
        let stage = LineStage::default();
        let old = stage.plain("old=").await;
        stage.stage.gateway.always(&old.socket, Answer::Gone);
        let tab = Tab::new("c", "s1=");
        let flows: Vec<Flow<'_>> = vec![
            Box::pin(async {
                stage.connect("c", "s1=", false).await.expect("the socket is let in");
                stage.say(&tab, stage::SHAKE).await;
                stage.say(&tab, PING).await;
            }),
            Box::pin(async {
                stage.publish(message("m", KEPT)).await;
            }),
        ];
        orders.run(flows).await;
        let kept = stage.line(&tab).await.log.keeping.len();
        let waiting = stage.stage.store.waiting_messages().len();
        assert_eq!(kept + waiting, 1, "order {}", orders.tried());
        taken += kept;
    }
    assert!(taken > 10, "{taken} of {} orders", orders.tried());
}
