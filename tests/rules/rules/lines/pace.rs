//! Big audiences of lines have a pace of their own, and a line that is opening holds no publisher up.

use std::time::Duration;

use hubcast_delivery::FanoutSettings;
use hubcast_line::LineSettings;
use hubcast_model::access::Standing;
use hubcast_model::id::SocketId;
use hubcast_model::ports::QueuedMessage;
use hubcast_testkit::queued::{again, in_group, message};
use serde_json::json;
use tokio::time::Instant;

use super::stage::{LineStage, Tab};
use crate::stage::{PING, fanout_settings};

const TO_GROUP: &str = r#"{"groupName":"g","target":"t"}"#;
const LINES: usize = 6;

/// A publisher that reaches two lines in a second, and makes jobs for more than `direct_max` sockets.
fn slow(direct_max: usize) -> FanoutSettings {
    FanoutSettings { direct_max, line_rate_max: 2, ..fanout_settings() }
}

/// Six lines and two plain sockets of one group, to which a message went out: when it came to lines,
/// and when to others.
async fn broadcast(direct_max: usize) -> (Vec<Duration>, Vec<Duration>) {
    let stage = LineStage::with_fanout(LineSettings::default(), slow(direct_max));
    stage.stage.put_membership("alice", "g", Standing::Member).await;
    let mut tabs: Vec<Tab> = Vec::new();
    for n in 0..LINES {
        tabs.push(stage.ready(&format!("c{n}"), &format!("s{n}=")).await);
    }
    let plain = [stage.plain("p0=").await.socket, stage.plain("p1=").await.socket];
    let start = Instant::now();
    stage.publish(in_group("m", "n:group", TO_GROUP)).await;
    for job in jobs(&stage) {
        let report = stage.publish(job).await;
        assert!(report.failed.is_empty(), "{report:?}");
    }
    let told = stage.stage.gateway.arrivals();
    let came = |is_of: &dyn Fn(&SocketId) -> bool| {
        let here = told.iter().filter(|it| it.frame.contains("\"t\"") && is_of(&it.socket));
        here.map(|it| it.at - start).collect()
    };
    let lines: Vec<SocketId> = tabs.iter().map(Tab::socket).collect();
    (came(&|socket| lines.contains(socket)), came(&|socket| plain.contains(socket)))
}

fn jobs(stage: &LineStage) -> Vec<QueuedMessage> {
    let jobs = stage.stage.queue.jobs().into_iter().enumerate();
    jobs.map(|(n, job)| in_group(&format!("j{n}"), &job.group, &job.body)).collect()
}

#[tokio::test(start_paused = true)]
async fn jobs_reach_lines_at_the_pace_of_lines_and_others_before() {
    let (lines, others) = broadcast(3).await;
    assert_eq!((lines.len(), others.len()), (LINES, 2));
    // Two in a second, and a tenth of a second may be made up for.
    assert!(lines.last().unwrap() >= &Duration::from_millis(2_400), "{lines:?}");
    assert!(others.iter().max() < lines.get(1), "{lines:?} {others:?}");
}

#[tokio::test(start_paused = true)]
async fn an_audience_that_is_posted_to_directly_does_not_wait_for_that_pace() {
    let (lines, others) = broadcast(1000).await;
    assert_eq!((lines.len(), others.len()), (LINES, 2));
    assert!(lines.last().unwrap() < &Duration::from_millis(400), "{lines:?}");
}

/// A message with a long text.
fn long(id: &str) -> QueuedMessage {
    let text = "x".repeat(30_000);
    message(id, &json!({ "userId": "alice", "target": "t", "arguments": [text] }).to_string())
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_opening_and_full_holds_a_publisher_no_longer_than_a_busy_gateway() {
    let stage = LineStage::default();
    let mut tab = stage.connected("c", "s1=").await;
    assert_eq!(stage.say(&tab, super::stage::SHAKE).await, "");
    for n in 0..8 {
        assert!(stage.publish(long(&format!("m{n}"))).await.failed.is_empty());
    }
    let (start, reads) = (Instant::now(), stage.stage.journal().count("line"));
    let surplus = long("surplus");
    let report = stage.publish(surplus.clone()).await;
    assert_eq!(report.failed, ["surplus"]);
    assert!(start.elapsed() <= fanout_settings().retry_budget, "{:?}", start.elapsed());
    let reads = stage.stage.journal().count("line") - reads;
    assert!(reads <= 12, "{reads} reads of a record of 256 KB");
    // The queue brings it again, and by then the client spoke.
    stage.say(&tab, PING).await;
    assert!(stage.publish(again(&surplus)).await.failed.is_empty());
    assert_eq!(tab.heard(&stage), vec!["t"; 9]);
}
