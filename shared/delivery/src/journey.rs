//! The lines about elements and jobs: one when a unit ends, one when it is handed on or comes again.
//!
//! The fields are an interface, see `docs/OPERATIONS.md#log-lines`. A number that is nought is left
//! out, and so is what is not known.

use tracing::Span;

use crate::account::{Account, Deliveries, Entry};
use crate::batch::{Batch, Case, Message};
use crate::ledger::{Hold, Ledger, Sheet};
use hubcast_model::envelope::{Content, Notification, Rejection, Retention};
use hubcast_model::journey::fate::{BOARD, INBOX};
use hubcast_model::journey::{Origin, Step, TARGET, is_sampled, names};
use hubcast_model::ports::{Progress, QueuedMessage};
use hubcast_model::time::Timestamp;
use hubcast_model::trace::Traceparent;

/// An element or a job, as its lines name it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unit<'a> {
    /// The message that brought it.
    pub(crate) message: &'a QueuedMessage,
    /// Its progress key.
    pub(crate) key: &'a str,
    /// Whether it is a job.
    pub(crate) is_job: bool,
    /// What is to be delivered or done; `None` when that cannot be read, or is not worth it.
    pub(crate) notification: Option<&'a Notification>,
    /// The time.
    pub(crate) now: Timestamp,
}

/// Writes a line with what all lines of a unit have.
macro_rules! line {
    ($level:ident, $step:expr, $unit:expr, $text:literal $(, $name:ident = $value:expr)* $(,)?) => {{
        let unit: &Unit<'_> = $unit;
        let origin = Origin::of(unit.key);
        let about = unit.notification.map(|one| (&one.hub, one.content.audience()));
        tracing::$level!(
            target: TARGET,
            step = $step.as_str(),
            message_id = origin.message_id,
            element = origin.element,
            received_id = unit.received_id(),
            job = unit.is_job.then_some(unit.key),
            sender_id = unit.message.sender,
            trace_id = unit.message.trace.as_ref().map(Traceparent::trace_id),
            message_group = names::message_group(&unit.message.group),
            hub = about.as_ref().map(|(hub, _)| hub.as_str()),
            kind = unit.notification.map(|one| one.content.kind()),
            audience_kind = about.as_ref().map(|(_, audience)| audience.kind()),
            audience = about.as_ref().and_then(|(hub, audience)| names::audience(hub, audience)),
            attempt = unit.message.receive_count,
            after_ms = unit.after_ms(),
            $($name = $value,)*
            $text
        );
    }};
}

impl<'a> Unit<'a> {
    /// An element.
    pub(crate) fn of(case: Case<'a>, now: Timestamp) -> Self {
        let (message, key) = (case.message, case.element.key.as_str());
        Self { message, key, is_job: false, notification: case.element.notification(), now }
    }

    /// The id of the message that brought it, where that is another than the first one.
    fn received_id(&self) -> Option<&'a str> {
        let is_first = Origin::of(self.key).message_id == self.message.id;
        (!is_first).then_some(self.message.id.as_str())
    }

    fn after_ms(&self) -> u64 {
        let after = self.now.since(self.message.sent_at);
        u64::try_from(after.as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether lines are written that tell of no trouble.
    fn is_sampled(&self) -> bool {
        is_sampled(Origin::of(self.key).message_id)
    }

    /// Posts go on where an earlier invocation stopped.
    pub(crate) fn resumed(&self, left: usize) {
        if self.is_sampled() {
            line!(info, Step::Resumed, self, "posts go on where they stopped", left = left);
        }
    }

    /// It comes again, and why.
    pub(crate) fn held(&self, why: &'static str, deliveries: &Deliveries, progress: &Progress) {
        line!(
            warn,
            Step::Held,
            self,
            "it comes again",
            why = why,
            reached = some(progress.reached),
            gone = some(deliveries.gone),
            stalled = some(deliveries.stalled),
            refused = some(deliveries.refused),
            ambiguous = some(deliveries.ambiguous),
            left = some(progress.left.len()),
        );
    }

    /// It is a dead letter.
    pub(crate) fn rejected(&self, reason: &'static str, detail: &str, left: usize) {
        line!(
            warn,
            Step::Rejected,
            self,
            "it is a dead letter",
            reason = reason,
            detail = detail,
            left = some(left),
        );
    }

    /// It was too old.
    pub(crate) fn expired(&self) {
        line!(info, Step::Expired, self, "it expired before it was delivered");
    }

    /// All posts are done.
    pub(crate) fn posted(&self, deliveries: &Deliveries, reached: usize) {
        let step = self.step_of_posted(reached);
        if step == Step::Undeliverable || deliveries.lost() > 0 || self.is_sampled() {
            line!(
                info,
                step,
                self,
                "all posts are done",
                kept_as = (step == Step::Kept).then_some(BOARD),
                reached = some(reached),
                gone = some(deliveries.gone),
                stalled = some(deliveries.stalled),
                refused = some(deliveries.refused),
                ambiguous = some(deliveries.ambiguous),
            );
        }
    }

    fn step_of_posted(&self, reached: usize) -> Step {
        let Some(notification) = self.notification else {
            return Step::Delivered;
        };
        let is_change = matches!(notification.content, Content::Action(_) | Content::Clear { .. });
        match notification.retention {
            _ if is_change => Step::Changed,
            _ if reached > 0 => Step::Delivered,
            Retention::Board(_) => Step::Kept,
            Retention::Nothing | Retention::Inbox(_) => Step::Undeliverable,
        }
    }

    fn handed_on(&self, jobs: usize) {
        if self.is_sampled() {
            line!(info, Step::HandedOn, self, "jobs carry it out", jobs = jobs);
        }
    }

    fn kept(&self, dropped: usize) {
        if dropped > 0 || self.is_sampled() {
            line!(
                info,
                Step::Kept,
                self,
                "it waits for its user",
                kept_as = INBOX,
                dropped = some(dropped),
            );
        }
    }

    fn given_up(&self, rejection: &Rejection, before: &Progress) {
        self.rejected(rejection.reason.as_str(), &rejection.detail, before.left.len());
    }
}

/// The span of an element or a job: lines within it carry the ids.
pub(crate) fn span(key: &str, message: &QueuedMessage) -> Span {
    let Origin { message_id, element } = Origin::of(key);
    let trace_id = message.trace.as_ref().map(Traceparent::trace_id);
    tracing::info_span!(target: TARGET, "unit", message_id, element, progress_key = key, trace_id)
}

/// Tells of every element of a batch. `is_held` says which messages the queue keeps.
pub(crate) fn tell(
    batch: &Batch,
    ledger: &Ledger,
    is_held: impl Fn(&Message) -> bool,
    now: Timestamp,
) {
    for (message, sheet) in batch.messages.iter().zip(&ledger.sheets) {
        let why = is_held(message).then(|| why_held(sheet));
        for (case, account) in message.cases().zip(&sheet.accounts) {
            tell_case(&Unit::of(case, now), case, account, why);
        }
    }
}

/// Tells of one element; `why` says why its message comes again, if it does.
fn tell_case(unit: &Unit<'_>, case: Case<'_>, account: &Account, why: Option<&'static str>) {
    let (deliveries, progress) = (&account.deliveries, account.progress(&case.element.before));
    match account.last() {
        Some(Entry::Finished) => {}
        Some(Entry::Expired) => unit.expired(),
        Some(Entry::HandedOn { jobs }) => unit.handed_on(*jobs),
        Some(Entry::Kept { dropped }) => unit.kept(*dropped),
        Some(Entry::Moved) => {
            if let Some(rejection) = account.rejection() {
                unit.rejected(rejection.reason.as_str(), &rejection.detail, 0);
            }
        }
        Some(Entry::GivenUp(rejection)) => {
            unit.given_up(rejection, &account.posted(&case.element.before));
        }
        Some(Entry::Begun | Entry::Resumed) if progress.is_finished() => {
            unit.posted(deliveries, progress.reached);
        }
        Some(Entry::Begun | Entry::Resumed) => {
            unit.held(why_unfinished(deliveries), deliveries, &progress);
        }
        Some(Entry::Failed) => unit.held("unavailable", deliveries, &progress),
        None | Some(Entry::Rejected(_)) => {
            if let Some(why) = why {
                unit.held(why, deliveries, &progress);
            }
        }
    }
}

/// Why posts did not reach everybody.
pub(crate) const fn why_unfinished(deliveries: &Deliveries) -> &'static str {
    if deliveries.joining > 0 && deliveries.joining == deliveries.left.len() {
        return "handshakes";
    }
    "unreached"
}

/// Why a message comes again of which an element was not taken up.
fn why_held(sheet: &Sheet) -> &'static str {
    match sheet.hold() {
        Some(Hold::Unread) => "progress_unread",
        Some(Hold::NoTime) => "no_time",
        Some(Hold::Letter) => "letter_not_sent",
        // An earlier message of the group is held, or an earlier element of the message.
        Some(Hold::Behind) | None => "behind",
    }
}

/// A number, unless it is nought.
fn some(number: usize) -> Option<usize> {
    (number > 0).then_some(number)
}
