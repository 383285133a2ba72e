//! A run of a job: what earlier invocations did, what this one did, and what
//! remains.

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::account::{Deliveries, Entry};
use crate::job::Job;
use crate::ledger::Ledger;
use crate::outcome::few_of;
use crate::round::{Dismissal, ElementRef, Parcel, Round, Target};
use hubcast_model::channel::ChannelKey;
use hubcast_model::envelope::{Content, Notification};
use hubcast_model::frame::content_record;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{Progress, Rest};
use hubcast_model::retention::{QueuePosition, Source};

/// The only element of a job's ledger.
const ELEMENT: ElementRef = ElementRef { message: 0, element: 0 };

/// What is known of a job before it runs.
#[derive(Debug)]
pub(crate) struct JobStart {
    /// What the job delivers.
    pub(crate) notification: Notification,
    /// How far earlier invocations came; `None` when this is the first.
    pub(crate) known: Option<Progress>,
    /// How many sockets the try before this one reached.
    pub(crate) reached_before: usize,
    /// Where the job stands in its queue.
    pub(crate) position: QueuePosition,
}

/// A job that is being worked.
#[derive(Debug)]
pub(crate) struct JobRun<'a> {
    /// The channels whose members get the record.
    pub(crate) channels: Vec<ChannelKey>,
    /// What the job delivers.
    pub(crate) notification: Notification,
    /// The progress key.
    pub(crate) key: String,
    /// What this invocation did.
    pub(crate) ledger: Ledger,
    /// What a socket gets.
    record: Bytes,
    /// Where the job stands in its queue.
    position: QueuePosition,
    /// How far earlier invocations came.
    before: Progress,
    /// The pages that remain, after the socket that it names.
    rest: Rest,
    /// Whether pages remain, the first one included.
    has_more: bool,
    /// The sockets that earlier jobs of the lane hold back.
    passed: &'a BTreeSet<SocketId>,
}

impl<'a> JobRun<'a> {
    /// A run that goes past the sockets in `passed`.
    pub(crate) fn new(job: &Job, start: JobStart, passed: &'a BTreeSet<SocketId>) -> Self {
        let JobStart { notification, known, reached_before, position } = start;
        let has_more = known.as_ref().is_none_or(|progress| progress.rest != Rest::Nothing);
        let before = known.unwrap_or_default();
        Self {
            channels: job.channels(),
            record: content_record(&notification.content).unwrap_or_default(),
            notification,
            position,
            key: job.job.key.clone(),
            ledger: Ledger::of_one(reached_before),
            rest: before.rest.clone(),
            before,
            has_more,
            passed,
        }
    }

    /// The round of the sockets that earlier invocations left; `None` when they left none.
    pub(crate) fn resume(&mut self) -> Option<Round> {
        if self.before.left.is_empty() {
            return None;
        }
        self.ledger.append(ELEMENT, Entry::Resumed);
        let targets = Target::unkeyed(&self.before.left);
        Some(self.round(targets))
    }

    /// The round of a page of members.
    pub(crate) fn page(&mut self, targets: Vec<Target>) -> Round {
        self.ledger.append(ELEMENT, Entry::Begun);
        self.round(targets)
    }

    /// Leaves the sockets that are held back, and sends the record to the others.
    fn round(&mut self, targets: Vec<Target>) -> Round {
        let is_held = |target: &Target| self.passed.contains(&target.socket);
        let (held, free): (Vec<_>, Vec<_>) = targets.into_iter().partition(is_held);
        for target in held {
            self.ledger.leave(ELEMENT, target.socket);
        }
        let ended_by = Dismissal::by(&self.notification, &self.key);
        let record = self.record.clone();
        // Jobs carry no message that is kept.
        let source = Source { position: Some(self.position.clone()), kept: None };
        Round::of(Parcel { ended_by, source, ..Parcel::plain(ELEMENT, record) }, free)
    }

    /// Notes that the pages after `next` remain, or none.
    pub(crate) fn turn_to(&mut self, next: Option<SocketId>) {
        self.has_more = next.is_some();
        self.rest = next.map_or(Rest::Nothing, Rest::PagesAfter);
    }

    /// The socket after which the next page starts; `None` for the first page.
    pub(crate) const fn after(&self) -> Option<&SocketId> {
        match &self.rest {
            Rest::PagesAfter(socket) => Some(socket),
            Rest::Nothing | Rest::Jobs(_) => None,
        }
    }

    /// Whether there are pages left.
    pub(crate) const fn has_more(&self) -> bool {
        self.has_more
    }

    /// Whether too many sockets are left for the fault to be theirs. Then the gateway fails, and
    /// further pages would fail too.
    pub(crate) fn is_stopped(&self) -> bool {
        // Sockets that are joining show nothing of the gateway.
        let deliveries = self.deliveries();
        deliveries.left.len() - deliveries.joining > few_of(self.reached())
    }

    /// Whether the job changes something, so that it is done even when it reaches nobody.
    pub(crate) const fn is_action(&self) -> bool {
        matches!(self.notification.content, Content::Action(_))
    }

    /// How far the job is.
    pub(crate) fn progress(&self) -> Progress {
        let deliveries = self.deliveries();
        let is_fruitful = deliveries.is_fruitful();
        let fruitless = self.before.fruitless + deliveries.vain_rounds;
        Progress {
            left: deliveries.left.clone(),
            rest: self.rest.clone(),
            reached: self.reached(),
            fruitless: if is_fruitful { 0 } else { fruitless },
        }
    }

    fn reached(&self) -> usize {
        self.before.reached + self.deliveries().reached
    }

    /// What the posts of this run did.
    pub(crate) fn deliveries(&self) -> &Deliveries {
        &self.ledger.account(ELEMENT).deliveries
    }
}
