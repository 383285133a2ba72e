use super::*;
use crate::round::ElementRef;
use crate::settings::FanoutSettings;
use hubcast_model::envelope::EnvelopeRules;
use hubcast_model::id::{HubName, SocketId};
use hubcast_model::ports::Rest;
use hubcast_model::producers::Producers;
use hubcast_model::settings::Hubs;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);
const OLDEST: Duration = Duration::from_mins(10);
const MESSAGE: &str = r#"{"target":"t","userId":"a"}"#;

fn queued(id: &str, group: &str, body: &str) -> QueuedMessage {
    QueuedMessage {
        id: id.to_owned(),
        queue: "n.fifo".to_owned(),
        receipt_handle: id.to_owned(),
        group: group.to_owned(),
        sequence: "1".to_owned(),
        body: body.to_owned(),
        sender: String::new(),
        sent_at: Timestamp::from_millis(999_000),
        receive_count: 1,
        progress_key: None,
        repeatable: None,
        trace: None,
        left: None,
    }
}

fn batch(messages: impl IntoIterator<Item = QueuedMessage>) -> Batch {
    let default_hub = HubName::parse("n").unwrap();
    let rules = EnvelopeRules { default_hub, implicit_broadcast: false };
    let settings = FanoutSettings {
        rules,
        producers: Producers::default(),
        hubs: Hubs::Any,
        concurrency: 1,
        rate_max: 1,
        line_rate_max: 1,
        retry_budget: Duration::ZERO,
        close_grace: Duration::ZERO,
        direct_max: 1,
        age_max: OLDEST,
    };
    Batch::read(messages.into_iter().collect(), &settings, NOW)
}

const fn at(message: usize, element: usize) -> ElementRef {
    ElementRef { message, element }
}

fn socket(id: &str) -> SocketId {
    SocketId::parse(id).unwrap()
}

#[test]
fn each_element_is_counted_once_by_what_became_of_it() {
    let keep = r#"{"target":"t","userId":"a","keepSeconds":9}"#;
    let close = r#"{"action":"close","userId":"a"}"#;
    let body = format!("[{MESSAGE},{MESSAGE},{keep},{close},{MESSAGE},{MESSAGE}]");
    let batch = batch([queued("m", "g", &body)]);
    let mut ledger = Ledger::open(&batch);
    let entries = [
        Entry::Begun,
        Entry::HandedOn { jobs: 4 },
        Entry::Kept { dropped: 2 },
        Entry::Begun,
        Entry::Expired,
        Entry::Finished,
    ];
    for (element, entry) in entries.into_iter().enumerate() {
        ledger.append(at(0, element), entry);
    }
    let Closing { report, rows, held } = close_at(&batch, &ledger);
    let tally = report.tally;
    assert_eq!((tally.notifications, tally.undeliverable, tally.handed_on), (6, 1, 1));
    assert_eq!((tally.jobs, tally.kept, tally.dropped), (4, 1, 2));
    assert_eq!((tally.done, tally.expired, tally.failed), (1, 1, 0));
    assert_eq!(report.samples.len(), 2, "what was finished by posts");
    assert!(rows.is_empty() && held.is_empty());
}

fn close_at<'a>(batch: &'a Batch, ledger: &Ledger) -> Closing<'a> {
    close(batch, ledger, NOW)
}

#[test]
fn a_message_with_sockets_left_is_held_with_all_later_ones_of_its_group() {
    let messages = [
        queued("m0", "g", &format!("[{MESSAGE},{MESSAGE}]")),
        queued("m1", "g", MESSAGE),
        queued("m2", "h", MESSAGE),
    ];
    let batch = batch(messages);
    let mut ledger = Ledger::open(&batch);
    for case in batch.cases() {
        ledger.append(case.at, Entry::Begun);
    }
    ledger.leave(at(0, 1), socket("s1"));
    let Closing { report, rows, held } = close_at(&batch, &ledger);
    assert_eq!(report.failed, ["m0", "m1"]);
    assert_eq!(held.len(), 2);
    let left: Vec<_> = rows.iter().map(|(key, row)| (key.as_str(), row.left.len())).collect();
    assert_eq!(left, [("m0/0", 0), ("m0/1", 1), ("m1/0", 0)]);
}

#[test]
fn an_element_that_is_too_old_is_given_up_where_it_stands() {
    let old = QueuedMessage {
        sent_at: Timestamp::from_millis(1_000_000 - 600_001),
        ..queued("m", "g", MESSAGE)
    };
    let batch = batch([old]);
    let mut ledger = Ledger::open(&batch);
    ledger.append(at(0, 0), Entry::Begun);
    ledger.leave(at(0, 0), socket("s1"));
    let letters = letters(&batch, &ledger, NOW, OLDEST);
    let [letter] = letters.as_slice() else {
        panic!("{letters:?}");
    };
    let row = letter.row.as_ref().unwrap();
    assert_eq!((letter.content.reason, row.key.as_str()), ("TooOld", "m/0/0"));
    assert_eq!(row.progress.left, [socket("s1")]);
    assert_eq!(row.progress.rest, Rest::Nothing);

    assert_eq!(close_at(&batch, &ledger).report.failed, ["m"], "as long as the letter is not sent");
    ledger.append(at(0, 0), Entry::GivenUp(Rejection::new(RejectReason::TooOld, "x")));
    let report = close_at(&batch, &ledger).report;
    assert_eq!((report.tally.rejected, report.failed.len()), (1, 0));
}

#[test]
fn bad_elements_share_a_letter_and_are_counted_once_it_is_sent() {
    let batch = batch([queued("m", "g", &format!("[{MESSAGE},1,2]"))]);
    let mut ledger = Ledger::open(&batch);
    let letters = letters(&batch, &ledger, NOW, OLDEST);
    let [letter] = letters.as_slice() else {
        panic!("{letters:?}");
    };
    assert_eq!((letter.content.body.as_str(), &letter.entry), ("[1,2]", &Entry::Moved));
    assert_eq!(letter.elements, [at(0, 1), at(0, 2)]);
    assert_eq!(close_at(&batch, &ledger).report.tally.rejected, 0);
    for element in &letter.elements {
        ledger.append(*element, Entry::Moved);
    }
    assert_eq!(close_at(&batch, &ledger).report.tally.rejected, 2);
}
