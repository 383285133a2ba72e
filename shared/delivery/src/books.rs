//! The books of an invocation: what follows from the ledger.
//!
//! Nothing here waits or calls a port. The letters are drawn up first, since
//! whether they are sent belongs into the ledger; then the books are closed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::account::{Account, Entry};
use crate::batch::{Batch, Case, Element, Message};
use crate::dead_letters::{Letter, ProgressRow};
use crate::ledger::{Ledger, Sheet};
use crate::report::{Report, Sample};
use crate::verdict::{detail_of, given_up};
use hubcast_model::envelope::{Content, RejectReason, Rejection, Retention};
use hubcast_model::ports::{DeadLetter, Progress, QueuedMessage};
use hubcast_model::time::Timestamp;

/// The letters of a batch: bad elements, and elements that are given up at this time.
pub(crate) fn letters(
    batch: &Batch,
    ledger: &Ledger,
    now: Timestamp,
    age_max: Duration,
) -> Vec<Letter> {
    let mut letters = Vec::new();
    for (message, sheet) in batch.messages.iter().zip(&ledger.sheets) {
        // What an earlier invocation moved is not known of an unread message.
        if !sheet.is_unread() {
            letters.extend(letter_of_bad(message, sheet));
        }
        let age = now.since(message.queued.sent_at);
        for (case, account) in message.cases().zip(&sheet.accounts) {
            let progress = account.progress(&case.element.before);
            if account.is_unfinished(&progress)
                && let Some(reason) = given_up(&progress, age, age_max)
            {
                letters.push(letter_of_given_up(case, progress, reason));
            }
        }
    }
    letters
}

/// The letter of a message's bad elements: only those, with the first one's reason.
fn letter_of_bad(message: &Message, sheet: &Sheet) -> Option<Letter> {
    let pairs = message.cases().zip(&sheet.accounts);
    let bad: Vec<_> =
        pairs.filter_map(|(case, account)| Some((case, account.rejection()?))).collect();
    let (first, rejection) = bad.first()?;
    let bodies: Vec<&str> =
        bad.iter().filter_map(|(case, _)| case.element.json.as_deref()).collect();
    let body = match bodies.as_slice() {
        [] => message.queued.body.clone(),
        [body] => (*body).to_owned(),
        several => format!("[{}]", several.join(",")),
    };
    let content = DeadLetter {
        body,
        reason: rejection.reason.as_str(),
        detail: rejection.detail.clone(),
        // Its elements are counted anew, so they must not meet the progress of the others.
        progress_key: format!("{}/rejected", first.element.key),
        group: message.queued.group.clone(),
        trace: message.queued.trace.clone(),
    };
    let elements = bad.iter().map(|(case, _)| case.at).collect();
    Some(Letter { message: message.at, elements, entry: Entry::Moved, row: None, content })
}

/// The letter of an element that is given up, so that a redrive goes on where the element stands.
fn letter_of_given_up(case: Case<'_>, progress: Progress, reason: RejectReason) -> Letter {
    let content = DeadLetter {
        body: case.element.json.clone().unwrap_or_default(),
        reason: reason.as_str(),
        detail: detail_of(reason, &progress),
        progress_key: case.element.key.clone(),
        group: case.message.group.clone(),
        trace: case.message.trace.clone(),
    };
    let entry = Entry::GivenUp(Rejection::new(reason, content.detail.clone()));
    // What was never begun has no progress: a row that says so would read as finished.
    let is_begun = !progress.is_finished();
    // The letter holds one element, which is looked up as the first of its message.
    let row = is_begun.then(|| ProgressRow { key: format!("{}/0", case.element.key), progress });
    let message = case.at.message;
    Letter { message, elements: vec![case.at], entry, row, content }
}

/// What is left to do once the books are closed.
#[derive(Debug)]
pub(crate) struct Closing<'a> {
    /// The answer of the invocation.
    pub(crate) report: Report,
    /// How far the elements are of messages that may come again, by progress key.
    pub(crate) rows: BTreeMap<String, Progress>,
    /// The messages that the queue keeps.
    pub(crate) held: Vec<&'a QueuedMessage>,
}

/// Closes the books of a batch.
pub(crate) fn close<'a>(batch: &'a Batch, ledger: &Ledger, now: Timestamp) -> Closing<'a> {
    let mut report = Report { tally: ledger.tally(), ..Report::default() };
    let mut rows = BTreeMap::new();
    let mut held = Vec::new();
    let mut held_groups = BTreeSet::new();
    for (message, sheet) in batch.messages.iter().zip(&ledger.sheets) {
        let age = now.since(message.queued.sent_at);
        let balance = Balance::of(message, sheet, age, &mut report);
        // A message group stays in order: once a message is held, so are all later ones.
        let group = message.queued.group.as_str();
        if balance.is_held || sheet.is_held() || held_groups.contains(group) {
            held_groups.insert(group);
            held.push(&message.queued);
            rows.extend(balance.rows);
        } else if message.queued.repeatable.is_some() {
            // Its end is kept, so that nothing is posted when it comes once more.
            rows.extend(balance.rows);
        }
    }
    report.tally.failed = held.len();
    report.failed = held.iter().map(|message| message.id.clone()).collect();
    Closing { report, rows, held }
}

/// What follows for one message.
#[derive(Debug, Default)]
struct Balance {
    /// Whether an element has to come again.
    is_held: bool,
    /// How far each element is that was begun.
    rows: Vec<(String, Progress)>,
}

impl Balance {
    fn of(message: &Message, sheet: &Sheet, age: Duration, report: &mut Report) -> Self {
        let mut balance = Self::default();
        report.tally.notifications += message.elements.len();
        for (element, account) in message.elements.iter().zip(&sheet.accounts) {
            report.tally.resumed += usize::from(account.is_resumed());
            balance.enter(element, account, age, report);
        }
        balance
    }

    fn enter(&mut self, element: &Element, account: &Account, age: Duration, report: &mut Report) {
        let progress = account.progress(&element.before);
        let tally = &mut report.tally;
        match account.last() {
            // A rejected element is counted once it is moved.
            None | Some(Entry::Rejected(_)) => return,
            Some(Entry::Failed) => {
                self.is_held = true;
                return;
            }
            Some(Entry::Moved | Entry::GivenUp(_)) => tally.rejected += 1,
            Some(Entry::Expired) => tally.expired += 1,
            Some(Entry::Finished) => {}
            Some(Entry::HandedOn { jobs }) => {
                tally.handed_on += 1;
                tally.jobs += jobs;
            }
            Some(Entry::Kept { dropped }) => {
                tally.kept += 1;
                tally.dropped += dropped;
            }
            Some(Entry::Begun | Entry::Resumed) if !progress.is_finished() => self.is_held = true,
            Some(Entry::Begun | Entry::Resumed) => {
                count_posted(element, progress.reached, report);
                report.samples.push(Sample { took: age, reached: progress.reached });
            }
        }
        self.rows.push((element.key.clone(), progress));
    }
}

/// Counts an element that was finished by posts.
fn count_posted(element: &Element, reached: usize, report: &mut Report) {
    let Some(notification) = element.notification() else {
        return;
    };
    let tally = &mut report.tally;
    let is_change = matches!(notification.content, Content::Action(_) | Content::Clear { .. });
    match notification.retention {
        _ if reached > 0 || is_change => tally.done += 1,
        Retention::Board(_) => tally.kept += 1,
        Retention::Nothing | Retention::Inbox(_) => tally.undeliverable += 1,
    }
}

#[cfg(test)]
mod tests;
