//! What became of a message, as its lines tell.

mod jobs;

use std::collections::BTreeMap;

use jobs::Jobs;

use super::{Line, Step};

/// Where a message is kept, as the field `kept_as` says: in the inbox of its user.
pub const INBOX: &str = "inbox";
/// On a board, for those who come later.
pub const BOARD: &str = "board";

/// How far a message, or an element, is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Somebody got it, or the change was made.
    Done,
    /// It waits for its user, or is retained.
    Kept,
    /// It is on the queue, or on its way.
    Underway,
    /// It was too old.
    Expired,
    /// Nobody got it, and nobody will.
    Undeliverable,
    /// It is a dead letter.
    Rejected,
}

impl Outcome {
    /// The outcome in a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Kept => "kept",
            Self::Underway => "underway",
            Self::Expired => "expired",
            Self::Undeliverable => "undeliverable",
            Self::Rejected => "rejected",
        }
    }
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fate {
    /// The worst outcome of its elements.
    pub outcome: Outcome,
    /// The same in a sentence, for people.
    pub sentence: String,
}

/// The fate of a message, from its lines in their order; `None` when no line is about the message.
pub fn of_message(message_id: &str, lines: &[Line]) -> Option<Fate> {
    let mut elements: BTreeMap<u64, Vec<&Line>> = BTreeMap::new();
    let mut is_accepted = false;
    for line in lines.iter().filter(|line| line.text("message_id") == Some(message_id)) {
        match line.step {
            Step::Accepted => is_accepted = true,
            // Of the connections that an action ends.
            Step::Closed | Step::Closing => {}
            _ => elements.entry(line.number("element")).or_default().push(line),
        }
    }
    if elements.is_empty() {
        let sentence = "The message is on the queue, and no function has told of it yet.";
        let accepted = Fate { outcome: Outcome::Underway, sentence: sentence.to_owned() };
        return is_accepted.then_some(accepted);
    }
    let is_single = elements.len() == 1;
    let fates: Vec<(u64, Fate)> =
        elements.into_iter().map(|(at, lines)| (at, of_element(&lines))).collect();
    let outcome = fates.iter().map(|(_, fate)| fate.outcome).max()?;
    let named = |(at, fate): &(u64, Fate)| {
        let sentence = capital(&fate.sentence);
        if is_single { format!("{sentence}.") } else { format!("Element {at}: {sentence}.") }
    };
    let sentences: Vec<String> = fates.iter().map(named).collect();
    Some(Fate { outcome, sentence: sentences.join(" ") })
}

/// Who sent a message, in a sentence: by the line of the REST API, or by the `SenderId` of SQS. `None`
/// when no line says.
pub fn sender(message_id: &str, lines: &[Line]) -> Option<String> {
    let own = || lines.iter().filter(|line| line.text("message_id") == Some(message_id));
    let call = own().find(|line| line.step == Step::Accepted);
    if let Some((who, by)) = call.and_then(|line| Some((line.text("who")?, line.text("by")?))) {
        let way = if by == "app" { "with a token of an app" } else { "with an access key" };
        return Some(format!("Sent by REST, {way}, by {who}."));
    }
    let is_first = |line: &&Line| line.text("job").is_none() && line.text("received_id").is_none();
    let sender = own().filter(is_first).find_map(|line| line.text("sender_id"));
    sender.filter(|sender| !sender.is_empty()).map(|sender| format!("Sent by SQS, by {sender}."))
}

/// The fate of one element. The newest line counts: a redrive goes on after a dead letter.
fn of_element(lines: &[&Line]) -> Fate {
    let own = |line: &&&Line| line.text("job").is_none() && line.step != Step::Replayed;
    let last = lines.iter().rev().find(own);
    let jobs = Jobs::of(lines);
    match last {
        Some(line) if line.step == Step::HandedOn => jobs.fate(line.number("jobs")),
        Some(line) => of_line(line, lines),
        None if jobs.is_empty() => replayed(lines.len()),
        // The line of the hand-over is not in the log any more.
        None => jobs.fate(0),
    }
}

fn of_line(line: &Line, lines: &[&Line]) -> Fate {
    let replays = lines.iter().filter(|line| line.step == Step::Replayed).count();
    // A connection that is gone at the first attempt does not count again at the next one.
    let own = lines.iter().filter(|line| line.text("job").is_none());
    let tail = Losses::sum(own.copied()).tail();
    let after = line.number("after_ms");
    let (outcome, sentence) = match line.step {
        Step::Delivered => {
            let reached = connections(line.number("reached"));
            (Outcome::Done, format!("reached {reached} in {after} ms{tail}"))
        }
        Step::Changed => {
            let told = told(line.number("reached"));
            let what = match line.text("kind") {
                // The only change that a message makes.
                Some("message") => "the retained value was removed".to_owned(),
                kind => format!("'{}' was carried out", kind.unwrap_or("change")),
            };
            (Outcome::Done, format!("{what} in {after} ms{told}{tail}"))
        }
        Step::Kept if replays > 0 => return replayed(replays),
        Step::Kept => {
            (Outcome::Kept, format!("nobody was there{tail}, and the message {}", kept(line)))
        }
        Step::Expired => (Outcome::Expired, "expired before it was delivered".to_owned()),
        Step::Undeliverable if tail.is_empty() => {
            (Outcome::Undeliverable, "reached nobody, since nobody was connected".to_owned())
        }
        Step::Undeliverable => (Outcome::Undeliverable, format!("reached nobody{tail}")),
        Step::Rejected => (Outcome::Rejected, rejected(line)),
        _ => (Outcome::Underway, held(line)),
    };
    Fate { outcome, sentence }
}

/// How many connections were told of a change, after what was changed.
fn told(reached: u64) -> String {
    match reached {
        0 => String::new(),
        1 => ", and 1 connection was told".to_owned(),
        reached => format!(", and {} were told", connections(reached)),
    }
}

/// What is kept of a message. A retained value waits for nobody in particular.
fn kept(line: &Line) -> &'static str {
    match line.text("kept_as") {
        Some(BOARD) => "is retained for those who come",
        _ => "waits",
    }
}

fn replayed(times: usize) -> Fate {
    let reached = connections(u64::try_from(times).unwrap_or(u64::MAX));
    let sentence = format!("waited for its user, and then reached {reached}");
    Fate { outcome: Outcome::Done, sentence }
}

fn rejected(line: &Line) -> String {
    let reason = line.text("reason").unwrap_or("unknown");
    let detail = line.text("detail").unwrap_or_default();
    format!("rejected ({reason}): {detail}; it is in the dead-letter queue")
}

fn held(line: &Line) -> String {
    let left = match line.number("left") {
        0 => String::new(),
        left => format!(", and {} did not get it yet", connections(left)),
    };
    let why = match line.text("why") {
        Some("behind") => "comes again, since an earlier message of its group does",
        Some("handshakes") => "comes again, since handshakes are under way",
        Some("letter_not_sent") => "comes again, since the dead-letter queue did not take it",
        Some("no_time") => "comes again, since the time was over",
        Some("progress_unread") => "comes again, since the table did not say how far it is",
        Some("unavailable") => "comes again, since the table or a queue did not answer",
        Some("unreached") => "comes again, since posts failed",
        _ => "is on its way",
    };
    format!("{why}{left} (attempt {})", line.number("attempt"))
}

/// The connections that will not get a message.
#[derive(Debug, Clone, Copy, Default)]
struct Losses {
    gone: u64,
    stalled: u64,
    refused: u64,
}

impl Losses {
    fn of(line: &Line) -> Self {
        let number = |name| line.number(name);
        Self { gone: number("gone"), stalled: number("stalled"), refused: number("refused") }
    }

    /// The losses of all attempts: each attempt counts its own.
    fn sum<'l>(lines: impl Iterator<Item = &'l Line>) -> Self {
        lines.map(Self::of).fold(Self::default(), |sum, one| Self {
            gone: sum.gone + one.gone,
            stalled: sum.stalled + one.stalled,
            refused: sum.refused + one.refused,
        })
    }

    fn tail(self) -> String {
        let parts = [
            (self.gone, "gone"),
            (self.stalled, "stalled and sent to connect anew"),
            (self.refused, "refused by API Gateway"),
        ];
        let told = parts.into_iter().filter(|(count, _)| *count > 0);
        told.fold(String::new(), |tail, (count, what)| {
            let verb = if count == 1 { "was" } else { "were" };
            format!("{tail}; {count} {verb} {what}")
        })
    }
}

fn connections(count: u64) -> String {
    match count {
        1 => "1 connection".to_owned(),
        count => format!("{count} connections"),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    format!("{}{}", first.unwrap_or_default(), letters.as_str())
}

#[cfg(test)]
mod testing {
    use serde_json::Value;

    use super::super::line::testing::line;
    use super::*;

    /// The fate of the message `m` that has these lines.
    pub(super) fn fate(steps: &[(Step, Value)]) -> Fate {
        let about = |fields: &Value| {
            let mut fields = fields.clone();
            fields["message_id"] = "m".into();
            fields
        };
        let lines =
            steps.iter().zip(1..).map(|((step, fields), at)| line(at, *step, &about(fields)));
        of_message("m", &lines.collect::<Vec<_>>()).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::line::testing::line;
    use super::testing::fate;
    use super::*;

    fn about(mut fields: Value) -> Value {
        fields["message_id"] = "m".into();
        fields
    }

    #[test]
    fn a_message_to_three_tabs_tells_of_each() {
        let held = json!({ "reached": 1, "gone": 1, "left": 1, "attempt": 1, "why": "unreached" });
        let told = json!({ "reached": 1, "stalled": 1, "attempt": 2, "after_ms": 14 });
        let Fate { outcome, sentence } = fate(&[(Step::Held, held), (Step::Delivered, told)]);
        assert_eq!(outcome, Outcome::Done);
        let text =
            "Reached 1 connection in 14 ms; 1 was gone; 1 was stalled and sent to connect anew.";
        assert_eq!(sentence, text);
    }

    #[test]
    fn several_are_told_as_several() {
        let told = json!({ "kind": "close", "reached": 2, "gone": 3, "after_ms": 14 });
        let sentence = fate(&[(Step::Changed, told)]).sentence;
        assert_eq!(
            sentence,
            "'close' was carried out in 14 ms, and 2 connections were told; 3 were gone."
        );
    }

    #[test]
    fn the_end_of_a_retained_value_is_told_as_that() {
        let told = json!({ "kind": "message", "after_ms": 21 });
        assert_eq!(
            fate(&[(Step::Changed, told)]).sentence,
            "The retained value was removed in 21 ms."
        );
    }

    #[test]
    fn elements_are_told_one_by_one_and_the_worst_counts() {
        let bad =
            json!({ "element": 1, "reason": "UnknownProperty", "detail": "did you mean userId?" });
        let Fate { outcome, sentence } = fate(&[
            (Step::Delivered, json!({ "reached": 2, "after_ms": 9 })),
            (Step::Rejected, bad),
        ]);
        assert_eq!(outcome, Outcome::Rejected);
        assert_eq!(
            sentence,
            "Element 0: Reached 2 connections in 9 ms. Element 1: Rejected (UnknownProperty): did you mean userId?; it is in the dead-letter queue."
        );
    }

    #[test]
    fn a_redrive_goes_on_after_a_dead_letter() {
        let dead = (Step::Rejected, json!({ "reason": "TooOld", "detail": "x" }));
        assert_eq!(fate(std::slice::from_ref(&dead)).outcome, Outcome::Rejected);
        let done = (Step::Delivered, json!({ "reached": 1, "after_ms": 5, "received_id": "n" }));
        assert_eq!(fate(&[dead, done]).outcome, Outcome::Done);
    }

    #[test]
    fn a_kept_message_is_done_when_its_user_has_it() {
        let retained = fate(&[(Step::Kept, json!({ "kept_as": BOARD }))]);
        let sentence = "Nobody was there, and the message is retained for those who come.";
        assert_eq!((retained.outcome, retained.sentence.as_str()), (Outcome::Kept, sentence));
        let kept = (Step::Kept, json!({ "kept_as": INBOX }));
        assert_eq!(fate(std::slice::from_ref(&kept)).outcome, Outcome::Kept);
        let both = fate(&[kept, (Step::Replayed, json!({}))]);
        assert_eq!(both.sentence, "Waited for its user, and then reached 1 connection.");
    }

    #[test]
    fn other_messages_are_left_out_and_none_is_no_fate() {
        let lines = [line(1, Step::Delivered, &json!({ "message_id": "other" }))];
        assert_eq!(of_message("m", &lines), None);
        let accepted = [line(1, Step::Accepted, &about(json!({})))];
        assert_eq!(of_message("m", &accepted).unwrap().outcome, Outcome::Underway);
    }

    #[test]
    fn the_sender_is_told_by_the_first_message_and_not_by_jobs_and_redrives() {
        let told = |fields: &[Value]| {
            let lines = fields
                .iter()
                .zip(1..)
                .map(|(fields, at)| line(at, Step::Delivered, &about(fields.clone())));
            sender("m", &lines.collect::<Vec<_>>())
        };
        let own = json!({ "sender_id": "AROAAPP:session" });
        let job = json!({ "sender_id": "AROAPUBLISHER:p", "job": "m/0/1" });
        let redriven = json!({ "sender_id": "AIDAOPS", "received_id": "n" });
        let sentence = Some("Sent by SQS, by AROAAPP:session.".to_owned());
        assert_eq!(told(&[redriven, job.clone(), own]), sentence);
        assert_eq!(told(&[job]), None);
        let call = json!({ "who": "s", "by": "app", "app_id": "a" });
        let lines = [line(1, Step::Accepted, &about(call))];
        let sentence = Some("Sent by REST, with a token of an app, by s.".to_owned());
        assert_eq!(sender("m", &lines), sentence);
    }

    #[test]
    fn what_comes_again_says_why() {
        let why = json!({ "why": "unreached", "left": 2, "attempt": 3 });
        let Fate { outcome, sentence } = fate(&[(Step::Held, why)]);
        assert_eq!(outcome, Outcome::Underway);
        let text =
            "Comes again, since posts failed, and 2 connections did not get it yet (attempt 3).";
        assert_eq!(sentence, text);
    }
}
