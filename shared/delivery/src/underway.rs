//! A job under way: what of it is done, and what remains.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::job::Job;
use super::outcome::{SocketOutcome, Stop};
use super::plan::Found;
use super::post::few_of;
use hubcast_model::channel::ChannelKey;
use hubcast_model::envelope::Notification;
use hubcast_model::frame::content_record;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{Progress, Rest};

/// A job that is being worked.
pub(super) struct Underway<'a> {
    pub(super) channels: Vec<ChannelKey>,
    pub(super) notification: Notification,
    pub(super) record: Bytes,
    pub(super) key: String,
    pub(super) progress: Progress,
    /// Whether there are pages left, after the socket that `progress` names, if any.
    pub(super) has_more: bool,
    /// How many sockets the try before this one reached.
    pub(super) reached_before: usize,
    /// The sockets that earlier jobs of the lane hold back.
    passed: &'a BTreeSet<SocketId>,
    /// Whether sockets were tried in this invocation, and whether any is done by it.
    is_tried: bool,
    is_fruitful: bool,
}

impl<'a> Underway<'a> {
    pub(super) fn new(
        (job, notification): (&Job, Notification),
        known: Option<Progress>,
        passed: &'a BTreeSet<SocketId>,
    ) -> Self {
        let has_more = known.as_ref().is_none_or(|progress| progress.rest != Rest::Nothing);
        Self {
            channels: job.channels(),
            record: content_record(&notification.content).unwrap_or_default(),
            notification,
            key: job.job.key.clone(),
            progress: known.unwrap_or_default(),
            has_more,
            reached_before: 0,
            passed,
            is_tried: false,
            is_fruitful: false,
        }
    }

    pub(super) fn turn_to(&mut self, bound: Option<SocketId>) {
        self.has_more = bound.is_some();
        self.progress.rest = bound.map_or(Rest::Nothing, Rest::PagesAfter);
    }

    /// Leaves the sockets that are held back; answers the others.
    pub(super) fn pass(&mut self, found: Vec<Found>) -> Vec<Found> {
        let is_held = |found: &Found| self.passed.contains(&found.socket);
        let (held, free): (Vec<_>, Vec<_>) = found.into_iter().partition(is_held);
        self.progress.left.extend(held.into_iter().map(|found| found.socket));
        free
    }

    pub(super) fn take(&mut self, outcomes: &[SocketOutcome]) {
        for outcome in outcomes {
            if outcome.is_open() {
                self.progress.left.push(outcome.socket.clone());
                self.is_tried |= outcome.stop == Some(Stop::Failed);
            } else {
                self.is_fruitful = true;
                self.progress.reached += outcome.delivered.len();
            }
        }
        if self.is_fruitful {
            self.progress.fruitless = 0;
        } else if self.is_tried {
            self.progress.fruitless += 1;
            // Once for an invocation.
            self.is_tried = false;
        }
    }

    /// Whether so many sockets are left that not they fail, but the way to them.
    pub(super) fn is_stopped(&self) -> bool {
        self.progress.left.len() > few_of(self.progress.reached)
    }
}
