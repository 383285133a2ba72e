//! What the log tells of lines, from which metrics and alarms are counted.

use std::time::Duration;

use hubcast_line::{LineSettings, LineStore, TARGET, Turn, TurnId};
use hubcast_model::time::{Clock, Timestamp};
use hubcast_testkit::Answer;
use hubcast_testkit::clock::START;
use hubcast_testkit::queued::message;
use serde_json::{Value, json};

use super::stage::{LineStage, Tab};
use super::{CLOSE, HELLO, ack};
use crate::book::Book;
use crate::stage::PING;

const OBSERVABILITY: &str = include_str!("../../../../infra/cloud/observability.yaml");

/// The lines of the book that say this, without the text and the connection. A metric is counted
/// from the text.
fn told(book: &Book, text: &str) -> Vec<Value> {
    assert!(OBSERVABILITY.contains(&format!("$.fields.message = \"{text}\"")), "{text}");
    let mut fields = book.fields(TARGET);
    fields.retain(|fields| fields["message"] == text);
    for line in &mut fields {
        let line = line.as_object_mut().unwrap();
        assert_eq!(line.remove("connection_id"), Some(json!("~c")));
        line.remove("message");
    }
    fields
}

fn cuts(book: &Book) -> Vec<Value> {
    told(book, "a line waits for its client").iter().map(|line| line["reason"].clone()).collect()
}

fn refusals(book: &Book) -> Vec<Value> {
    told(book, "a client may not come back").iter().map(|line| line["reason"].clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_cut_is_told_with_what_waits_and_the_return_with_what_is_replayed() {
    let (book, _guard) = Book::open();
    let stage = LineStage::default();
    let mut tab = stage.ready("c", "s1=").await;
    stage.send(HELLO).await;
    let bytes = stage.line(&tab).await.log.bytes();
    stage.gone(&tab, false).await;
    stage.gone(&tab, false).await;
    stage.send(HELLO).await;
    stage.come_back(&mut tab, "s2=").await;
    let waits = json!({ "reason": "disconnected", "unacked_bytes": bytes });
    assert_eq!(told(&book, "a line waits for its client"), [waits]);
    assert_eq!(told(&book, "a client is back"), [json!({ "replayed": 2 })]);
}

#[tokio::test(start_paused = true)]
async fn a_cut_has_the_reason_of_who_made_it() {
    let (book, _guard) = Book::open();
    let stage = LineStage::default();
    let mut tab = stage.ready("c", "s1=").await;
    stage.cut(&tab);
    stage.send(HELLO).await;
    stage.come_back(&mut tab, "s2=").await;
    stage.stage.gateway.answer_for(&tab.socket(), [Answer::Lost, Answer::Lost]);
    stage.send(HELLO).await;
    stage.come_back(&mut tab, "s3=").await;
    stage.stage.clock.advance(Duration::from_mins(115));
    stage.say(&tab, PING).await;
    assert_eq!(cuts(&book), ["gone", "doubt", "renewal"]);
}

async fn refused(stage: &LineStage, tab: &Tab) {
    assert!(stage.try_back(tab, "s9=").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_has_its_reason() {
    let (book, _guard) = Book::open();
    let ended = LineStage::default();
    let tab = ended.ready("c", "s1=").await;
    ended.send(CLOSE).await;
    refused(&ended, &tab).await;
    let late = LineStage::default();
    let tab = late.ready("c", "s1=").await;
    late.gone(&tab, false).await;
    late.stage.clock.advance(Duration::from_mins(1));
    refused(&late, &tab).await;
    let gap = LineStage::with(LineSettings { room: 100, ..LineSettings::default() });
    let tab = gap.ready("c", "s1=").await;
    for _ in 0..4 {
        gap.send(HELLO).await;
    }
    gap.gone(&tab, false).await;
    refused(&gap, &tab).await;
    let doubt = LineStage::default();
    let tab = doubt.ready("c", "s1=").await;
    refused(&doubt, &tab).await;
    refused(&LineStage::default(), &tab).await;
    assert_eq!(refusals(&book), ["ended", "late", "gap", "doubt", "unknown"]);
}

#[tokio::test(start_paused = true)]
async fn who_was_let_in_and_said_nothing_is_told_once() {
    let (book, _guard) = Book::open();
    let stage = LineStage::default();
    let tab = stage.ready("c", "s1=").await;
    stage.gone(&tab, false).await;
    stage.try_back(&tab, "s2=").await.unwrap();
    let (line, _) = stage.alarm.alarms().pop().unwrap();
    stage.stage.clock.advance(Duration::from_mins(1));
    stage.time_up(&line).await;
    stage.time_up(&line).await;
    assert_eq!(told(&book, "a client that was let in said nothing").len(), 1);
}

/// Gives the turn to somebody who does nothing with it until this time.
async fn hold_turn(stage: &LineStage, tab: &Tab, until: Timestamp) {
    let mut line = stage.line(tab).await;
    let before = line.revision;
    line.turn = Some(Turn { holder: TurnId(7), until });
    line.revision += 1;
    assert!(stage.stage.store.replace_line(&line, before).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_turn_that_runs_out_takes_it_over_and_says_how_long_it_took() {
    let (book, _guard) = Book::open();
    let stage = LineStage::default();
    let tab = stage.ready("c", "s1=").await;
    hold_turn(&stage, &tab, START.plus(Duration::from_secs(15))).await;
    let (_, ()) = tokio::join!(stage.publish(message("m", HELLO)), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        stage.stage.clock.advance(Duration::from_secs(16));
    });
    assert_eq!(told(&book, "a turn is taken over").len(), 1);
    let waited = told(&book, "a post waited for its turn");
    let [waited] = waited.as_slice() else { panic!("{waited:?}") };
    let time = waited["turn_wait_ms"].as_u64().unwrap();
    assert!((500..2_000).contains(&time), "{time}");
}

#[tokio::test(start_paused = true)]
async fn a_line_that_ends_for_want_of_room_is_told() {
    let (book, _guard) = Book::open();
    let stage = LineStage::with(LineSettings { room: 100, ..LineSettings::default() });
    let tab = stage.ready("c", "s1=").await;
    stage.gone(&tab, false).await;
    for _ in 0..3 {
        stage.publish(message("m", HELLO)).await;
    }
    assert_eq!(told(&book, "a line whose client does not read is ended").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_line_to_which_nothing_happens_is_no_news() {
    let (book, _guard) = Book::open();
    let stage = LineStage::default();
    let tab = stage.ready("c", "s1=").await;
    stage.send(HELLO).await;
    stage.say(&tab, &ack(1)).await;
    assert!(stage.stage.clock.now() >= START);
    assert_eq!(book.fields(TARGET), Vec::<Value>::new());
}
