//! The promises, checked against what happened.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::expect::{expected, is_spoilt};
use crate::ledger::{Ledger, Post, SentElement};
use crate::plan::{What, Who};

/// The longest that one stuck socket may delay others: a retry budget, the longest pause before a
/// message is tried again, the grace of a Close, and a moment.
const DELAY_MAX: Duration = Duration::from_secs(3 + 15 + 1 + 1);

/// Every promise that does not need the table.
pub(crate) fn promises(ledger: &Ledger, is_calm: bool) -> Vec<String> {
    let mut broken = ledger.violations.clone();
    for socket in 0..ledger.sockets.len() {
        let heard = Heard::new(ledger, socket);
        heard.audience(&mut broken);
        heard.duplicates(&mut broken);
        heard.order(&mut broken);
        if is_calm {
            heard.delays(&mut broken);
        }
    }
    broken
}

/// What reached one socket.
struct Heard<'a> {
    ledger: &'a Ledger,
    socket: usize,
    /// The posts of each record, in order.
    posts: BTreeMap<&'a str, Vec<&'a Post>>,
}

impl<'a> Heard<'a> {
    fn new(ledger: &'a Ledger, socket: usize) -> Self {
        let mut posts: BTreeMap<&str, Vec<&Post>> = BTreeMap::new();
        for post in ledger.posts.iter().filter(|post| post.socket == socket) {
            for label in &post.labels {
                posts.entry(label).or_default().push(post);
            }
        }
        Self { ledger, socket, posts }
    }

    fn first(&self, sent: &SentElement) -> Option<u64> {
        let posts = self.posts.get(sent.label.as_str())?;
        posts.iter().filter_map(|post| post.arrived).map(|(stamp, _)| stamp).min()
    }

    /// Nobody outside of the audience, and everybody in it.
    fn audience(&self, broken: &mut Vec<String>) {
        for (at, sent) in self.ledger.sent.iter().enumerate() {
            let expected = expected(self.ledger, at, self.socket);
            if matches!(sent.element.what, What::Block { .. }) {
                if expected.must {
                    broken.push(format!("s{} lives on though blocked by {at}", self.socket));
                }
                continue;
            }
            match self.first(sent) {
                Some(_) if !expected.may => {
                    broken.push(format!("leak: s{} got {}", self.socket, sent.label));
                }
                None if expected.must => {
                    broken.push(format!("lost: s{} did not get {}", self.socket, sent.label));
                }
                _ => {}
            }
        }
    }

    /// Nothing is posted again after a post that surely arrived and was surely noted.
    fn duplicates(&self, broken: &mut Vec<String>) {
        for sent in &self.ledger.sent {
            let posts = self.posts.get(sent.label.as_str()).map_or(&[][..], Vec::as_slice);
            if self.has_uncertain_letter(sent) {
                continue;
            }
            let sure = posts.iter().find(|post| {
                let of = post.invocation.and_then(|at| self.ledger.invocations.get(at));
                post.is_accepted && of.is_none_or(|of| !of.is_spoilt)
            });
            let Some(until) = sure.and_then(|post| post.answered) else {
                continue;
            };
            if posts.iter().any(|post| post.begun > until) {
                broken.push(format!("duplicate: s{} got {} again", self.socket, sent.label));
            }
        }
    }

    /// Whether a dead letter may have been sent of it, without its sender knowing.
    fn has_uncertain_letter(&self, sent: &SentElement) -> bool {
        let lettered = self.ledger.invocations.iter().any(|of| of.is_spoilt && of.has_letter);
        lettered && is_spoilt(self.ledger, sent)
    }

    /// Every message group in order, jobs and direct posts each for themselves.
    fn order(&self, broken: &mut Vec<String>) {
        let mut last: BTreeMap<(u8, Option<String>), (u64, &str)> = BTreeMap::new();
        for sent in self.ledger.sent.iter().filter(|sent| !sent.is_dead) {
            let Some(arrived) = self.first(sent) else {
                continue;
            };
            let lane = (sent.lane, sent.is_big.then(|| audience(sent)));
            let entry = last.entry(lane).or_insert((arrived, &sent.label));
            if entry.0 > arrived {
                let (socket, before, label) = (self.socket, entry.1, &sent.label);
                broken.push(format!("order: s{socket} got {label} before {before}"));
            }
            *entry = (arrived.max(entry.0), &sent.label);
        }
    }

    fn delays(&self, broken: &mut Vec<String>) {
        for sent in &self.ledger.sent {
            let posts = self.posts.get(sent.label.as_str()).map_or(&[][..], Vec::as_slice);
            let is_stuck = posts.iter().any(|post| post.answered.is_some() && !post.is_accepted);
            let arrived = posts.iter().filter_map(|post| post.arrived).map(|(_, at)| at).min();
            let late = arrived.map(|at| at.duration_since(sent.sent_at));
            if !is_stuck && late.is_some_and(|late| late > DELAY_MAX) {
                broken.push(format!("late: s{} got {} after {late:?}", self.socket, sent.label));
            }
        }
    }
}

/// Jobs are in order when they are for the same shards.
fn audience(sent: &SentElement) -> String {
    match &sent.element.what {
        What::Message { who: Who::Users(_), .. } | What::Close { who: Who::Users(_), .. } => {
            "users".to_owned()
        }
        What::Message { who, .. } | What::Close { who, .. } => format!("{who:?}"),
        _ => String::new(),
    }
}

/// What was counted is what was enqueued; what killed invocations counted is not known.
pub(crate) fn counters(ledger: &Ledger, enqueued: usize) -> Option<String> {
    let kept = ledger.invocations.iter().filter(|of| !of.is_killed).map(|of| of.tally);
    let counted: usize = kept
        .map(|tally| {
            tally.done + tally.handed_on + tally.expired + tally.undeliverable + tally.rejected
        })
        .sum();
    let spoilt = ledger.invocations.iter().filter(|of| of.is_spoilt);
    let uncertain: usize = spoilt.map(|of| of.units).sum();
    (counted.abs_diff(enqueued) > uncertain)
        .then(|| format!("counters: {counted} counted, {enqueued} enqueued, {uncertain} uncertain"))
}
