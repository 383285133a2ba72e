//! The promises, checked against what happened.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::expect::{expected, is_spoilt};
use crate::ledger::{Lane, Ledger, Post, SentElement};
use crate::plan::{Life, What, Who};

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

/// An element, and the post by which it was heard first.
type Arrival<'a> = (usize, &'a Post);

/// What reached one socket.
struct Heard<'a> {
    ledger: &'a Ledger,
    socket: usize,
    /// The posts of each record, in order.
    posts: BTreeMap<&'a str, Vec<&'a Post>>,
}

/// What keeps an order of its own: a lane, and of what goes by jobs its audience.
type Track = (Lane, Option<String>);

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

    /// The post by which it heard something first.
    fn first(&self, sent: &SentElement) -> Option<&'a Post> {
        let posts = self.posts.get(sent.label.as_str())?;
        let arrived = posts.iter().filter(|post| post.arrived.is_some());
        arrived.min_by_key(|post| post.arrived).copied()
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

    /// Every lane in order, jobs and direct posts each for themselves.
    fn order(&self, broken: &mut Vec<String>) {
        let mut tracks: BTreeMap<Track, Vec<Arrival<'_>>> = BTreeMap::new();
        for (at, sent) in self.ledger.sent.iter().enumerate().filter(|(_, sent)| !sent.is_dead) {
            if let Some(post) = self.first(sent) {
                let track = (sent.lane, sent.is_big().then(|| audience(sent)));
                tracks.entry(track).or_default().push((at, post));
            }
        }
        for track in tracks.values() {
            for (n, newer) in track.iter().enumerate() {
                let overtaken = track[..n].iter().find(|older| self.is_overtaken(older, newer));
                if let Some((older, _)) = overtaken {
                    let (socket, older) = (self.socket, &self.ledger.sent[*older].label);
                    let newer = &self.ledger.sent[newer.0].label;
                    broken.push(format!("order: s{socket} got {newer} before {older}"));
                }
            }
        }
    }

    /// Whether an older element came after a newer one though it had to come before.
    fn is_overtaken(&self, older: &Arrival<'_>, newer: &Arrival<'_>) -> bool {
        let is_after = older.1.arrived > newer.1.arrived;
        let is_excused = self.is_given_up(older, newer)
            || self.is_taken_up_anew(older, newer)
            || self.has_grown(older.0, newer.0);
        is_after && !is_excused
    }

    /// What expires while the answer to its post is awaited is not posted again, though that post
    /// may still arrive.
    fn is_given_up(&self, older: &Arrival<'_>, newer: &Arrival<'_>) -> bool {
        let is_unanswered = !older.1.is_accepted && older.1.begun < newer.1.begun;
        is_unanswered && self.ledger.sent[older.0].life() == Life::Soon
    }

    /// Who was not in an audience when an invocation read it, and is when the message comes again
    /// because what that one did was lost, got what followed from the first and the message itself
    /// from the second. It was owed nothing.
    fn is_taken_up_anew(&self, older: &Arrival<'_>, newer: &Arrival<'_>) -> bool {
        let lost = newer.1.invocation.map(|at| &self.ledger.invocations[at]);
        let is_lost = lost.is_some_and(|of| of.is_spoilt && of.held(&self.ledger.sent[older.0]));
        is_lost && !expected(self.ledger, older.0, self.socket).must
    }

    /// Big and small audiences are not in order among each other. What was for few when a later
    /// one was handed on, and is for many when it comes again because that was lost, was small.
    fn has_grown(&self, older: usize, newer: usize) -> bool {
        let [older, newer] = [older, newer].map(|at| &self.ledger.sent[at]);
        let lost = self.ledger.invocations.iter().filter(|of| of.is_spoilt);
        older.big_at > newer.big_at && lost.into_iter().any(|of| of.held(older) && of.held(newer))
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
