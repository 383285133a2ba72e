//! What lines take of the table and of queues, as the cost table says.

use std::time::Duration;

use super::stage::LineStage;
use super::{HELLO, ack};
use crate::stage::PING;

const COST: &str = include_str!("../../../../infra/cloud/cost/cost.mjs");

/// What the calculator counts of something, by name.
fn counted(what: &str, name: &str) -> usize {
    let (_, rest) = COST.split_once(&format!("  {what}: {{")).expect("a count of lines");
    let (counts, _) = rest.split_once('}').expect("its end");
    let count = counts.split(',').find_map(|count| count.trim().strip_prefix(&format!("{name}: ")));
    count.map_or(0, |count| count.trim().parse().expect("a number"))
}

/// Reads and writes of the record of a line, and alarms, since the journal was cleared.
fn taken(stage: &LineStage, alarms: usize) -> (usize, usize, usize) {
    let journal = stage.stage.journal();
    let writes = journal.count("replace_line") + journal.count("create_line");
    (journal.count("line"), writes, stage.alarm.alarms().len() - alarms)
}

#[tokio::test(start_paused = true)]
async fn a_message_to_a_line_takes_three_writes_and_as_many_reads() {
    let stage = LineStage::default();
    let tab = stage.ready("c", "s1=").await;
    stage.stage.journal().clear();
    stage.send(HELLO).await;
    assert_eq!(stage.say(&tab, &ack(1)).await, "", "an acknowledgement has no reply");
    let expected = (counted("message", "reads"), counted("message", "writes"), 0);
    assert_eq!(taken(&stage, stage.alarm.alarms().len()), expected);
}

#[tokio::test(start_paused = true)]
async fn a_ping_of_a_line_reads_its_record() {
    let stage = LineStage::default();
    let tab = stage.ready("c", "s1=").await;
    stage.stage.journal().clear();
    stage.stage.clock.advance(Duration::from_mins(1));
    assert_eq!(stage.say(&tab, PING).await, PING);
    assert_eq!(taken(&stage, stage.alarm.alarms().len()), (counted("ping", "reads"), 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_renewal_takes_no_more_than_the_cost_table_says() {
    let stage = LineStage::default();
    let mut tab = stage.ready("c", "s1=").await;
    stage.stage.clock.advance(Duration::from_mins(115));
    stage.stage.journal().clear();
    let alarms = stage.alarm.alarms().len();
    assert_eq!(stage.say(&tab, PING).await, "");
    stage.gone(&tab, false).await;
    stage.come_back(&mut tab, "s2=").await;
    assert_eq!(stage.say(&tab, PING).await, PING);
    let (reads, writes, rung) = taken(&stage, alarms);
    // The read of the ping is counted with pings, and `$connect` reads the block too.
    let reads = reads - counted("ping", "reads") + stage.stage.journal().count("block");
    let expected = ["reads", "writes", "alarms"].map(|name| counted("resume", name));
    assert_eq!([reads, writes, rung], expected);
    assert_eq!(stage.frames(&tab).len(), counted("resume", "messages") - 1, "and the client's own");
    stage.stage.journal().clear();
    let (line, _) = stage.alarm.alarms().pop().unwrap();
    assert!(!stage.time_up(&line).await, "the client is back");
    let (reads, writes, _) = taken(&stage, 0);
    assert_eq!((reads, writes), (counted("alarm", "reads"), 0));
}

#[tokio::test(start_paused = true)]
async fn a_new_line_takes_what_the_cost_table_says() {
    let stage = LineStage::default();
    stage.ready("c", "s1=").await;
    let expected =
        (counted("connect", "reads"), counted("connect", "writes"), counted("connect", "alarms"));
    assert_eq!(taken(&stage, 0), expected);
}
